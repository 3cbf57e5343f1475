import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareHash, hashToHex, Wyhash, wyhashFromHex } from './hash.ts';
import { asciiBytes } from './text.ts';

const MASK = (1n << 64n) - 1n;

/** One of the functions that are called "wyhash final 4". */
interface Variant {
  readonly secret: readonly [bigint, bigint, bigint, bigint];
  /** Whether an input, or a rest, of exactly 48 bytes takes the wide loop. */
  readonly wideAt48: boolean;
}

const OURS: Variant = {
  secret: [0x2d358dccaa6c78a5n, 0x8bb84b93962eacc9n, 0x4b33a62ed433d4a3n, 0x4d5a2da51de1aa47n],
  wideAt48: true,
};
const OLD_SECRET = [
  0xa0761d6478bd642fn,
  0xe7037ed1a0b428dbn,
  0x8ebc6af09c88c6e3n,
  0x589965cc75374cc3n,
] as const;
const FINAL_4_1: Variant = { secret: OLD_SECRET, wideAt48: true };
const FINAL_4_0: Variant = { secret: OLD_SECRET, wideAt48: false };

function mix(a: bigint, b: bigint): bigint {
  const product = a * b;
  return (product & MASK) ^ (product >> 64n);
}

function read(bytes: Uint8Array, at: number, size: number): bigint {
  let value = 0n;
  for (let byte = size - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(bytes[at + byte]!);
  return value;
}

/** The two factors of an input of at most sixteen bytes. */
function shortFactors(bytes: Uint8Array): readonly [bigint, bigint] {
  const n = bytes.length;
  if (n === 0) return [0n, 0n];
  if (n < 4) {
    return [BigInt((bytes[0]! << 16) | (bytes[n >> 1]! << 8) | bytes[n - 1]!), 0n];
  }
  const step = n >= 8 ? (n === 16 ? 8 : 4) : 0;
  return [
    (read(bytes, 0, 4) << 32n) | read(bytes, step, 4),
    (read(bytes, n - 4, 4) << 32n) | read(bytes, n - 4 - step, 4),
  ];
}

/** wyhash by the book, in BigInt. */
function reference(variant: Variant, bytes: Uint8Array, seed: bigint): bigint {
  const [s0, s1, s2, s3] = variant.secret;
  const size = bytes.length;
  let state = seed ^ mix(seed ^ s0, s1);
  let [a, b] = [0n, 0n];
  if (size <= 16) {
    [a, b] = shortFactors(bytes);
  } else {
    let at = 0;
    const isWide = (): boolean => size - at > 48 || (variant.wideAt48 && size - at === 48);
    if (isWide()) {
      let [second, third] = [state, state];
      while (isWide()) {
        state = mix(read(bytes, at, 8) ^ s1, read(bytes, at + 8, 8) ^ state);
        second = mix(read(bytes, at + 16, 8) ^ s2, read(bytes, at + 24, 8) ^ second);
        third = mix(read(bytes, at + 32, 8) ^ s3, read(bytes, at + 40, 8) ^ third);
        at += 48;
      }
      state ^= second ^ third;
    }
    for (; size - at > 16; at += 16) {
      state = mix(read(bytes, at, 8) ^ s1, read(bytes, at + 8, 8) ^ state);
    }
    [a, b] = [read(bytes, size - 16, 8), read(bytes, size - 8, 8)];
  }
  const product = (a ^ s1) * (b ^ state);
  return mix((product & MASK) ^ s0 ^ BigInt(size), (product >> 64n) ^ s1);
}

const hex16 = (value: bigint): string => value.toString(16).padStart(16, '0');

function hashHex(bytes: Uint8Array, seed: bigint, from = 0, to = bytes.length): string {
  const hash = wyhashFromHex(hex16(seed));
  hash.hash(bytes, from, to);
  return hashToHex(hash.high, hash.low);
}

/** The strings of the author's own test file; the seed is the position. */
const STRINGS = [
  ['', '93228a4de0eec5a2'],
  ['a', 'c5bac3db178713c4'],
  ['abc', 'a97f2f7b1d9b3314'],
  ['message digest', '786d1f1df3801df4'],
  ['abcdefghijklmnopqrstuvwxyz', 'dca5a8138ad37c87'],
  ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'b9e734f117cfaf70'],
  ['1234567890'.repeat(8), '6cc5eab49a92d617'],
] as const;

/** Bytes 0, 1, 2, …: length, seed, hash. Made with the reference implementation in C. */
const RAMPS = [
  [3, 0n, '78c4aa0c972a522d'],
  [4, 1n, '9de7d99940508c34'],
  [7, 7n, 'dbe2b92c7869d657'],
  [8, 0xdeadbeefn, 'a13c928d08febb52'],
  [15, 0xa0761d6478bd642fn, 'acda1e5de65568c6'],
  [16, MASK, '8a552168be05c985'],
  [17, 0n, 'd29ffdd201a46f9a'],
  [32, 1n, '2603dfe65a7d8bf6'],
  [47, 7n, '3399dd337401228b'],
  [48, 0xdeadbeefn, '1b076a993016c734'],
  [49, 0xa0761d6478bd642fn, 'cb9f289b75440af7'],
  [95, MASK, '2ab115e383e29b97'],
  [96, 0n, '948137d69794b570'],
  [97, 1n, '73ac6126ca67f523'],
  [192, 7n, 'af771f325a9d7c24'],
  [512, MASK, 'ba623b4e1cfda9c8'],
] as const;

const ramp = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => at & 255);

describe('wyhash', () => {
  test.each(STRINGS.map((row, seed) => [...row, seed] as const))(
    'of "%s" is the author’s',
    (text, expected, seed) => {
      expect(hashHex(asciiBytes(text), BigInt(seed))).toBe(expected);
    },
  );

  test.each(RAMPS)('of %i rising bytes with seed %i is the author’s', (size, seed, expected) => {
    expect(hashHex(ramp(size), seed)).toBe(expected);
  });

  test('the variants 4.0 and 4.1, as published, are other functions than ours', () => {
    // First that the reference here is right about them, then that ours differs.
    expect(hex16(reference(FINAL_4_1, asciiBytes('abc'), 2n))).toBe('32dd92e4b2915153');
    expect(hex16(reference(FINAL_4_1, ramp(48), 0n))).toBe('154594babbc34a73');
    expect(hex16(reference(FINAL_4_0, ramp(48), 0n))).toBe('ce6cc055c4aa2354');
    expect(hex16(reference(FINAL_4_0, ramp(96), 1n))).toBe('630b46ef3d3ecf10');
    for (let size = 0; size <= 200; size++) {
      const own = hashHex(ramp(size), 0n);
      expect(own).toBe(hex16(reference(OURS, ramp(size), 0n)));
      expect(own).not.toBe(hex16(reference(FINAL_4_1, ramp(size), 0n)));
      expect(own).not.toBe(hex16(reference(FINAL_4_0, ramp(size), 0n)));
    }
  });

  test('with our secret, the loop from exactly 48 bytes on decides: "more than 48" differs', () => {
    const later: Variant = { ...OURS, wideAt48: false };
    for (const size of [48, 96, 144]) {
      expect(hashHex(ramp(size), 3n)).not.toBe(hex16(reference(later, ramp(size), 3n)));
    }
    expect(hashHex(ramp(49), 3n)).toBe(hex16(reference(later, ramp(49), 3n)));
  });

  test('equals the BigInt reference for any bytes, any seed and any offset', () => {
    // Long carries come from words of all ones and all zeros, so they are drawn on purpose.
    const byte = fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255));
    const bytes = fc.array(byte, { maxLength: 210 }).map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(bytes, fc.bigInt({ min: 0n, max: MASK }), fc.nat(20), (whole, seed, skip) => {
        const from = Math.min(skip, whole.length);
        const expected = hex16(reference(OURS, whole.subarray(from), seed));
        expect(hashHex(whole, seed, from)).toBe(expected);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  test('one instance hashes many inputs: nothing of one input leaks into the next', () => {
    const reused = new Wyhash(0, 5);
    for (const size of [100, 0, 3, 48, 16, 1, 17]) {
      reused.hash(ramp(size), 0, size);
      expect(hashToHex(reused.high, reused.low)).toBe(hex16(reference(OURS, ramp(size), 5n)));
    }
  });

  test('halves are unsigned, and order as the 64-bit numbers do', () => {
    const hash = new Wyhash(0, 0);
    const rows = Array.from({ length: 40 }, (_, size) => {
      hash.hash(ramp(size), 0, size);
      return { high: hash.high, low: hash.low };
    });
    expect(rows.every(({ high, low }) => high >= 0 && low >= 0)).toBe(true);
    const close = { high: rows[0]!.high, low: 0xffffffff };
    for (const left of [...rows, close]) {
      for (const right of [...rows, close]) {
        const expected =
          BigInt(`0x${hashToHex(left.high, left.low)}`) -
          BigInt(`0x${hashToHex(right.high, right.low)}`);
        const order = compareHash(left.high, left.low, right.high, right.low);
        expect(Math.sign(order)).toBe(expected > 0n ? 1 : expected < 0n ? -1 : 0);
      }
    }
  });

  test('sixteen digits keep their leading zeros', () => {
    expect(hashToHex(0, 0)).toBe('0000000000000000');
    expect(hashToHex(0x1, 0xffffffff)).toBe('00000001ffffffff');
  });

  test('a range outside the array, or a seed that is none, is our bug', () => {
    expect(() => new Wyhash(0, 0).hash(new Uint8Array(4), 0, 5)).toThrow('out of bounds');
    expect(() => wyhashFromHex('123')).toThrow('seed');
    expect(() => wyhashFromHex('ABCDEF0123456789')).toThrow('seed');
  });
});
