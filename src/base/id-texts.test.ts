import { expect, test } from 'vitest';
import { toHex } from './bytes.ts';
import { ID_BYTES, IdTexts } from './id-texts.ts';

const idOf = (seed: number): Uint8Array =>
  Uint8Array.from({ length: ID_BYTES }, (_, at) => (seed * 31 + at * 17 + (seed >> 3)) & 255);

test('answers what toHex answers, asked once or again, for more ids than it has slots', () => {
  const texts = new IdTexts();
  for (let round = 0; round < 2; round++) {
    for (let seed = 0; seed < 300; seed++) {
      const id = idOf(seed);
      expect(texts.textOf(id, 0)).toBe(toHex(id));
      expect(texts.textOf(id, 0)).toBe(toHex(id));
    }
  }
});

test('reads in the middle of a frame, and keeps no view of it', () => {
  const texts = new IdTexts();
  const frame = new Uint8Array(64);
  frame.set(idOf(7), 24);
  expect(texts.textOf(frame, 24)).toBe(toHex(idOf(7)));
  frame.set(idOf(9), 24);
  expect(texts.textOf(frame, 24)).toBe(toHex(idOf(9)));
  expect(texts.textOf(new Uint8Array(16), 0)).toBe('0'.repeat(32));
});
