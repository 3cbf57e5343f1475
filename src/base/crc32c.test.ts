import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { fromHex } from './bytes.ts';
import { crc32c, hastenCrc32c } from './crc32c.ts';

/** RFC 3720, section B.4, and the check value of the CRC catalogue. */
const VECTORS = [
  ['32 zeros', '00'.repeat(32), 0x8a9136aa],
  ['32 ones', 'ff'.repeat(32), 0x62a8ab43],
  ['32 rising', '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 0x46dd794e],
  ['32 falling', '1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100', 0x113fdb5c],
  [
    'an iSCSI Read(10) PDU',
    '01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000',
    0xd9963a56,
  ],
  ['"123456789"', '313233343536373839', 0xe3069283],
  ['nothing', '', 0],
] as const;

/** One bit at a time, straight from the polynomial. */
function bitwise(bytes: Uint8Array, seed: number): number {
  let crc = ~seed;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

describe('crc32c', () => {
  test.each(VECTORS)('of %s is the published one', (_name, hex, expected) => {
    const bytes = fromHex(hex);
    expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
  });

  test('equals the bitwise definition at every length around its rounds, and any offset', () => {
    const bytes = Uint8Array.from({ length: 90 }, (_, at) => (at * 167 + 13) & 255);
    for (let from = 0; from < 20; from++) {
      for (let to = from; to <= bytes.length; to++) {
        expect(crc32c(bytes, from, to, 7)).toBe(bitwise(bytes.subarray(from, to), 7));
      }
    }
  });

  test('chains: the CRC of a whole is the CRC of its end, seeded with that of its beginning', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
        const middle = Math.min(cut, bytes.length);
        const beginning = crc32c(bytes, 0, middle);
        expect(crc32c(bytes, middle, bytes.length, beginning)).toBe(crc32c(bytes, 0, bytes.length));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('every flip of one bit shows', () => {
    const bytes = Uint8Array.from({ length: 48 }, (_, at) => at * 5);
    const whole = crc32c(bytes, 0, 48);
    for (let bit = 0; bit < 48 * 8; bit++) {
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      expect(crc32c(bytes, 0, 48)).not.toBe(whole);
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
    }
  });

  test('a range outside the array is our bug, not a CRC of undefined', () => {
    expect(() => crc32c(new Uint8Array(8), 0, 9)).toThrow('out of bounds');
    expect(() => crc32c(new Uint8Array(8), -1, 4)).toThrow('out of bounds');
    expect(() => crc32c(new Uint8Array(8), 5, 4)).toThrow('out of bounds');
  });
});

describe('done by other means', () => {
  const bytes = Uint8Array.from({ length: 2_000 }, (_, at) => at * 11);
  afterEach(() => hastenCrc32c(null));

  test('long runs are, short ones are not, and the numbers are the same', () => {
    const asked: number[] = [];
    const lengths = [0, 20, 255, 256, 1_999];
    const own = lengths.map((length) => crc32c(bytes, 1, 1 + length, 5));
    hastenCrc32c((source, from, to, seed) => {
      asked.push(to - from);
      return bitByBit(source, from, to, seed);
    });
    asked.length = 0;
    expect(lengths.map((length) => crc32c(bytes, 1, 1 + length, 5))).toEqual(own);
    expect(asked).toEqual([256, 1_999]);
    expect(() => crc32c(bytes, 1, 2_001)).toThrow('out of bounds');
  });

  test('whatever gives other numbers than ours is refused, and ours are given on', () => {
    const own = crc32c(bytes, 0, 2_000);
    expect(() => hastenCrc32c(() => 7)).toThrow('another CRC-32C');
    expect(crc32c(bytes, 0, 2_000)).toBe(own);
  });
});

/** As the polynomial says, a bit at a time. */
function bitByBit(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let crc = ~seed;
  for (const byte of bytes.subarray(from, to)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f6_3b78 & -(crc & 1));
  }
  return ~crc >>> 0;
}
