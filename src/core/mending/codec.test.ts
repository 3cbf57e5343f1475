import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../base/bytes.ts';
import { groupId, logIndex, term } from '../../base/units.ts';
import {
  decodeIndex,
  decodeLeave,
  decodeWant,
  encodeIndex,
  encodeLeave,
  encodeWant,
  WANTED_MAX,
} from './codec.ts';

const wanted = [
  { group: groupId(0), bodyCrc: 0x1234_5678, index: logIndex(300), term: term(7) },
  { group: groupId(2), bodyCrc: 0xffff_ffff, index: logIndex(2 ** 53 - 1), term: term(1) },
];

describe('bodies on the REPAIR channel', () => {
  test('say again what they were made of', () => {
    expect(decodeWant(encodeWant(wanted))).toEqual(wanted);
    expect(decodeWant(encodeWant([]))).toEqual([]);
    const leave = { nonce: 0xdead_beef, groupCount: 4 };
    expect(decodeLeave(encodeLeave(leave))).toEqual(leave);
    expect(decodeIndex(encodeIndex(logIndex(99)))).toBe(99);
  });

  test('are the bytes that docs/protocol/repair.md shows', () => {
    const page = readFileSync(new URL('../../../docs/protocol/repair.md', import.meta.url), 'utf8');
    const shown = (name: string): string =>
      new RegExp(`\`\`\`${name}\n([^\`]*)\`\`\``).exec(page)![1]!.replaceAll(/\s/g, '');
    expect(toHex(encodeWant(wanted.slice(0, 1)))).toBe(shown('want'));
    expect(toHex(encodeLeave({ nonce: 5, groupCount: 2 }))).toBe(shown('leave'));
    expect(toHex(encodeIndex(logIndex(300)))).toBe(shown('snapshot'));
  });

  test('that are cut, too long or out of range are refused', () => {
    const bytes = encodeWant(wanted);
    for (let end = 0; end < bytes.length; end++) {
      expect(decodeWant(bytes.subarray(0, end))).toBe(null);
    }
    const many = encodeWant(new Array(WANTED_MAX + 1).fill(wanted[0]));
    expect(decodeWant(many)).toBe(null);
    expect(decodeLeave(fromHex('00'.repeat(7)))).toBe(null);
    expect(decodeIndex(fromHex('ff'.repeat(8)))).toBe(null);
    const wild = encodeWant(wanted.slice(0, 1));
    wild.fill(0xff, 16, 24);
    expect(decodeWant(wild)).toBe(null);
  });
});
