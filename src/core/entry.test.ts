import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, putU32, toHex } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import { asciiBytes } from '../base/text.ts';
import { groupId, logIndex, term } from '../base/units.ts';
import { encodeCommand } from './command.ts';
import {
  ENTRY_HEADER_BYTES,
  ENTRY_KIND,
  type EntryKind,
  encodeEntry,
  entryIndex,
  entryKind,
  entryStamp,
  entryTerm,
  isEntryBodyIntact,
  readEntryHeader,
  sealEntry,
} from './entry.ts';
import { ENTRY_BODY_BYTES_MAX, OPERATION } from './types.ts';

const hex = (...lines: string[]): string => lines.join('').replaceAll(' ', '');

const PUT = encodeCommand({
  operation: OPERATION.PUT,
  key: asciiBytes('color'),
  value: asciiBytes('blue'),
});
const HEAD = {
  kind: ENTRY_KIND.COMMANDS,
  group: groupId(0),
  term: term(3),
  index: logIndex(42),
  stamp: 1_700_000_000_000,
  count: 1,
};

const safe = fc.nat(Number.MAX_SAFE_INTEGER);
const anyHead = fc.record({
  kind: fc.constantFrom<EntryKind>(0, 1, 2),
  group: fc.nat(0xffffffff).map(groupId),
  term: safe.map(term),
  index: safe.map(logIndex),
  stamp: safe,
  count: fc.nat(0xffffffff),
});
const anyBody = fc
  .uint8Array({ maxLength: 80 })
  .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % 8)));

describe('an entry in bytes', () => {
  test('of one PUT', () => {
    expect(toHex(encodeEntry(HEAD, PUT))).toBe(
      hex(
        '01 00 0000 00000000',
        '0300000000000000 2a00000000000000 0068e5cf8b010000',
        '01000000 20000000',
        '45f71ea7 8486520c',
        '20000000 01 00 0000 05000000 04000000 636f6c6f72 626c7565 00000000000000',
      ),
    );
  });

  test('without commands, a no-op', () => {
    const head = { ...HEAD, group: groupId(1), term: term(1), index: logIndex(2) };
    const bytes = encodeEntry({ ...head, stamp: 0, count: 0 }, new Uint8Array(0));
    expect(toHex(bytes)).toBe(
      hex(
        '01 00 0000 01000000',
        '0100000000000000 0200000000000000 0000000000000000',
        '00000000 00000000',
        '00000000 6dd7b1a7',
      ),
    );
  });

  test('comes back, at any offset, and its accessors agree with its header', () => {
    fc.assert(
      fc.property(anyHead, anyBody, fc.nat(9), (head, body, at) => {
        const entry = encodeEntry(head, body);
        const bytes = concatBytes([new Uint8Array(at).fill(0xee), entry, new Uint8Array(5)]);
        const header = readEntryHeader(bytes, at, bytes.length);
        expect(header).toMatchObject({ ...head, bodyBytes: body.length });
        expect(isEntryBodyIntact(bytes, at, bytes.length, header!)).toBe(true);
        expect(isEntryBodyIntact(bytes, at, at + entry.length - 1, header!)).toBe(false);
        expect(entryKind(entry)).toBe(head.kind);
        expect(entryTerm(entry)).toBe(head.term);
        expect(entryIndex(entry)).toBe(head.index);
        expect(entryStamp(entry)).toBe(head.stamp);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('is the same whether its body is copied in or already stands there', () => {
    const bytes = new Uint8Array(ENTRY_HEADER_BYTES + PUT.length).fill(0xee);
    bytes.set(PUT, ENTRY_HEADER_BYTES);
    sealEntry(bytes, HEAD);
    expect(toHex(bytes)).toBe(toHex(encodeEntry(HEAD, PUT)));
  });

  test('shows every flipped bit: in the header by its CRC, in the body by the other', () => {
    const bytes = encodeEntry(HEAD, PUT);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      const header = readEntryHeader(bytes, 0, bytes.length);
      if (bit < ENTRY_HEADER_BYTES * 8) expect(header).toBeNull();
      else expect(isEntryBodyIntact(bytes, 0, bytes.length, header!)).toBe(false);
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
    }
  });

  test('whose header is cut is refused, also in the middle of more bytes', () => {
    const bytes = encodeEntry(HEAD, PUT);
    for (let end = 0; end < ENTRY_HEADER_BYTES; end++) {
      expect(readEntryHeader(bytes, 0, end)).toBeNull();
    }
    expect(readEntryHeader(bytes, 0, ENTRY_HEADER_BYTES)).not.toBeNull();
  });

  /** Damage with a header CRC that fits it: what a liar or a later version would send. */
  function resealed(damage: (bytes: Uint8Array) => void): Uint8Array {
    const bytes = encodeEntry(HEAD, PUT);
    damage(bytes);
    putU32(bytes, 44, crc32c(bytes, 0, 44));
    return bytes;
  }

  test.each([
    ['another version', (bytes: Uint8Array) => void bytes.fill(2, 0, 1)],
    ['an unknown kind', (bytes: Uint8Array) => void bytes.fill(3, 1, 2)],
    ['a term of 2^53', (bytes: Uint8Array) => putU32(bytes, 12, 0x200000)],
    ['an index of 2^53', (bytes: Uint8Array) => putU32(bytes, 20, 0x200000)],
    ['a stamp of 2^53', (bytes: Uint8Array) => putU32(bytes, 28, 0x200000)],
    ['a body of an odd size', (bytes: Uint8Array) => putU32(bytes, 36, 33)],
    ['a body beyond the limit', (bytes: Uint8Array) => putU32(bytes, 36, ENTRY_BODY_BYTES_MAX + 8)],
  ])('with %s is refused though its CRC is right', (_name, damage) => {
    const bytes = resealed(damage);
    expect(readEntryHeader(bytes, 0, bytes.length)).toBeNull();
  });

  test('with any header under a right CRC never throws, and promises only what it can keep', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 44, maxLength: 44 }), fc.nat(7), (noise, kept) => {
        const bytes = resealed((entry) => entry.set(noise.subarray(0, 44 >>> kept), kept));
        const header = readEntryHeader(bytes, 0, bytes.length);
        if (header === null) return;
        expect(header.bodyBytes % 8).toBe(0);
        expect(header.bodyBytes).toBeLessThanOrEqual(ENTRY_BODY_BYTES_MAX);
        for (const number of [header.term, header.index, header.stamp]) {
          expect(Number.isSafeInteger(number)).toBe(true);
        }
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('that is noise never throws and is never taken for one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (noise, at) => {
        const from = Math.min(at, noise.length);
        expect(readEntryHeader(noise, from, noise.length)).toBeNull();
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('of zeros, which is what a fresh disk block holds, is no entry', () => {
    expect(readEntryHeader(new Uint8Array(4096), 0, 4096)).toBeNull();
  });
});
