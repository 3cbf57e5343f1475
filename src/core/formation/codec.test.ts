import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../base/bytes.ts';
import type { NodeId } from '../../base/units.ts';
import { decodeStatus, encodeStatus, IDS_MAX } from './codec.ts';
import type { Status } from './state.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

const statuses: fc.Arbitrary<Status> = fc.record({
  nonce: u32,
  echo: u32,
  isEmpty: fc.boolean(),
  isSeeking: fc.boolean(),
  ids: fc
    .uniqueArray(fc.integer({ min: 1, max: 0xffff }), { minLength: 1, maxLength: IDS_MAX })
    .map((ids) => ids.sort((left, right) => left - right) as NodeId[]),
});

describe('a status', () => {
  test('is read as it was written', () => {
    const check = (status: Status): void => {
      const bytes = encodeStatus(status);
      expect(bytes.length % 8).toBe(0);
      expect(decodeStatus(bytes)).toEqual(status);
    };
    fc.assert(fc.property(statuses, check), { seed: 1, numRuns: 500 });
  });

  test('has these bytes', () => {
    const status = { nonce: 0x1234, echo: 9, isEmpty: true, isSeeking: false, ids: [1, 2, 3] };
    const hex = '34120000 09000000 01 00 0300 0100 0200 0300 000000000000'.replaceAll(' ', '');
    expect(toHex(encodeStatus(status as unknown as Status))).toBe(hex);
    expect(decodeStatus(fromHex(hex))).toEqual(status);
  });

  const WHOLE = '3412000009000000010003000100020003000000' + '00000000';

  test.each([
    ['too short', WHOLE.slice(0, 24)],
    ['a word too long', `${WHOLE}0000000000000000`],
    ['no ids', '341200000900000001000000' + '00000000'],
    ['ids that do not rise', WHOLE.replace('010002000300', '010003000200')],
    ['an id twice', WHOLE.replace('010002000300', '010001000300')],
    ['id zero', WHOLE.replace('010002000300', '000002000300')],
    ['a flag of 2', WHOLE.replace('0100030001', '0200030001')],
  ])('is refused: %s', (_, hex) => {
    expect(decodeStatus(fromHex(hex))).toBe(null);
  });

  test('of noise is refused or read, and never throws', () => {
    const check = (bytes: Uint8Array): void => {
      const status = decodeStatus(bytes);
      if (status !== null) expect(encodeStatus(status).length).toBe(bytes.length);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 160 }), check), { seed: 2, numRuns: 2000 });
  });
});
