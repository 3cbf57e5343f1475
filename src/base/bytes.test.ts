import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  align8,
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  getU16,
  getU16BE,
  getU32,
  getU32BE,
  getU64,
  getU64BE,
  isSafeU64,
  putU16,
  putU16BE,
  putU32,
  putU32BE,
  putU64,
  putU64BE,
  toHex,
} from './bytes.ts';

const safe = fc.nat(Number.MAX_SAFE_INTEGER);

describe('integers in bytes', () => {
  test('agree with the platform’s DataView, in both orders and at any offset', () => {
    fc.assert(
      fc.property(safe, fc.nat(7), (value, at) => {
        const bytes = new Uint8Array(16);
        const view = new DataView(bytes.buffer);
        putU64(bytes, at, value);
        expect(view.getBigUint64(at, true)).toBe(BigInt(value));
        expect(getU64(bytes, at)).toBe(value);
        expect(getU32(bytes, at)).toBe(view.getUint32(at, true));
        expect(getU16(bytes, at)).toBe(view.getUint16(at, true));
        putU64BE(bytes, at, value);
        expect(view.getBigUint64(at, false)).toBe(BigInt(value));
        expect(getU64BE(bytes, at)).toBe(value);
        expect(getU32BE(bytes, at)).toBe(view.getUint32(at, false));
        expect(getU16BE(bytes, at)).toBe(view.getUint16(at, false));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('come back at their edges, and touch no byte beside their own', () => {
    const bytes = new Uint8Array(10).fill(0xaa);
    putU32(bytes, 3, 0xffffffff);
    expect(getU32(bytes, 3)).toBe(0xffffffff);
    expect(toHex(bytes)).toBe('aaaaaaffffffffaaaaaa');
    putU16(bytes, 3, 0x8001);
    putU16BE(bytes, 5, 0x8001);
    expect(toHex(bytes)).toBe('aaaaaa01808001aaaaaa');
    putU32BE(bytes, 3, 0x80000001);
    expect(getU32BE(bytes, 3)).toBe(0x80000001);
  });

  test('of 2^53 and above are told apart before they are read, and never written', () => {
    expect(isSafeU64(fromHex('ffffffffffff1f00'), 0)).toBe(true);
    expect(isSafeU64(fromHex('0000000000002000'), 0)).toBe(false);
    expect(isSafeU64(fromHex('ffffffffffffffff'), 0)).toBe(false);
    for (const value of [2 ** 53, -1, 0.5, Number.NaN]) {
      expect(() => putU64(new Uint8Array(8), 0, value)).toThrow('out of range');
      expect(() => putU64BE(new Uint8Array(8), 0, value)).toThrow('out of range');
    }
  });

  test('align to 8 upwards, beyond 2^31 too', () => {
    expect([0, 1, 7, 8, 9].map(align8)).toEqual([0, 8, 8, 8, 16]);
    expect(align8(2 ** 33 + 1)).toBe(2 ** 33 + 8);
  });
});

describe('byte strings', () => {
  test('sort byte-wise, unsigned, a prefix before what it begins', () => {
    const sorted = ['', '00', '0000', '7f', '80', 'ff', 'ff00'].map(fromHex);
    sorted.forEach((left, at) => {
      sorted.forEach((right, other) => {
        expect(Math.sign(compareBytes(left, right))).toBe(Math.sign(at - other));
        expect(equalBytes(left, right)).toBe(at === other);
      });
    });
  });

  test('join in order', () => {
    expect(toHex(concatBytes([fromHex('01'), fromHex(''), fromHex('0203')]))).toBe('010203');
    expect(concatBytes([]).length).toBe(0);
  });

  test('come back from hex; what is no lower-case hex is our bug', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(equalBytes(fromHex(toHex(bytes)), bytes)).toBe(true);
      }),
      { seed: 1 },
    );
    for (const text of ['0', 'zz', 'AB']) expect(() => fromHex(text)).toThrow('hex');
  });
});
