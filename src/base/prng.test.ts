import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  newPrng,
  nextBelow,
  nextBetween,
  nextChance,
  nextWord,
  type Prng,
  shuffle,
} from './prng.ts';

const MASK = 0xffff_ffffn;

/** xoshiro128** by the book, in BigInt. */
function* reference(seed: Prng): Generator<number> {
  const rotate = (word: bigint, bits: bigint): bigint =>
    ((word << bits) | (word >> (32n - bits))) & MASK;
  const s = [seed.a, seed.b, seed.c, seed.d].map(BigInt) as [bigint, bigint, bigint, bigint];
  for (;;) {
    yield Number((rotate((s[1] * 5n) & MASK, 7n) * 9n) & MASK);
    const shifted = (s[1] << 9n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11n);
  }
}

const words = (prng: Prng, count: number): number[] =>
  Array.from({ length: count }, () => nextWord(prng));

describe('the generator', () => {
  test('begins, from state 1 2 3 4, as xoshiro128** is published to', () => {
    expect(words({ a: 1, b: 2, c: 3, d: 4 }, 6)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492,
    ]);
  });

  test('equals the BigInt reference from any state', () => {
    const word = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(fc.record({ a: word, b: word, c: word, d: word }), (seed) => {
        const expected = reference(seed);
        const prng = { ...seed };
        for (let step = 0; step < 20; step++) expect(nextWord(prng)).toBe(expected.next().value);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('keeps a state that survives JSON: the copy goes on with the same words', () => {
    const prng = newPrng([1, 2, 3]);
    words(prng, 10);
    const copy = JSON.parse(JSON.stringify(prng)) as Prng;
    expect(words(copy, 50)).toEqual(words(prng, 50));
  });

  test('has a sequence of its own for every seed, whatever its length', () => {
    const seeds = [[], [0], [1], [0, 0], [1, 0], [0, 1], [0, 0, 0, 0], [0, 0, 0, 0, 1], [-1]];
    const beginnings = seeds.map((seed) => words(newPrng(seed), 4).join());
    expect(new Set(beginnings).size).toBe(seeds.length);
  });

  test('starts the same sequence for the same seed, for ever', () => {
    expect(words(newPrng([0x12345678, 0x9abcdef0]), 3)).toEqual([
      4157381721, 3750710397, 1113766350,
    ]);
  });

  test('flips about half of its first bits when one bit of the seed flips', () => {
    const base = words(newPrng([7, 7]), 4);
    for (let bit = 0; bit < 32; bit++) {
      const other = words(newPrng([7 ^ (1 << bit), 7]), 4);
      let flips = 0;
      for (let at = 0; at < 4; at++) {
        for (let left = base[at]! ^ other[at]!; left !== 0; left &= left - 1) flips++;
      }
      expect(flips).toBeGreaterThan(36);
      expect(flips).toBeLessThan(92);
    }
  });
});

describe('choices', () => {
  test('below a bound hit every value about equally often (chi-squared, 9 degrees of freedom)', () => {
    const prng = newPrng([42]);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 100_000; draw++) counts[nextBelow(prng, 10)]!++;
    const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chi).toBeLessThan(27.9); // exceeded once in a thousand seeds
  });

  test('throw away the words that would favour low values', () => {
    // With bound 3 · 2^30 a quarter of all words must be refused: a plain remainder would give
    // values below 2^30 half of the time instead of a third.
    const prng = newPrng([43]);
    let low = 0;
    for (let draw = 0; draw < 30_000; draw++) {
      if (nextBelow(prng, 3 * 2 ** 30) < 2 ** 30) low++;
    }
    expect(low).toBeGreaterThan(9_500);
    expect(low).toBeLessThan(10_500);
  });

  test('take the bounds 1 and 2^32', () => {
    const prng = newPrng([44]);
    expect(nextBelow(prng, 1)).toBe(0);
    const copy = { ...prng };
    expect(nextBelow(prng, 2 ** 32)).toBe(nextWord(copy));
  });

  test('between two numbers include both, below zero too', () => {
    const prng = newPrng([45]);
    const seen = new Set<number>();
    for (let draw = 0; draw < 200; draw++) seen.add(nextBetween(prng, -1, 2));
    expect([...seen].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
    expect(nextBetween(prng, 9, 9)).toBe(9);
  });

  test('by chance hold never at 0, always at 1, and one time in four at 1/4', () => {
    const prng = newPrng([46]);
    const counts = { never: 0, always: 0, quarter: 0 };
    for (let draw = 0; draw < 10_000; draw++) {
      if (nextChance(prng, 0, 5)) counts.never++;
      if (nextChance(prng, 5, 5)) counts.always++;
      if (nextChance(prng, 1, 4)) counts.quarter++;
    }
    expect(counts.never).toBe(0);
    expect(counts.always).toBe(10_000);
    expect(counts.quarter).toBeGreaterThan(2_350);
    expect(counts.quarter).toBeLessThan(2_650);
  });

  test('outside their domain are our bugs', () => {
    const prng = newPrng([47]);
    for (const bound of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
      expect(() => nextBelow(prng, bound)).toThrow('bound');
    }
    expect(() => nextBetween(prng, 2, 1)).toThrow('low above high');
    expect(() => nextChance(prng, 3, 2)).toThrow('probability');
  });

  test('shuffling gives each of the 24 orders of four items about equally often', () => {
    const prng = newPrng([48]);
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 24_000; draw++) {
      const items = ['a', 'b', 'c', 'd'];
      shuffle(prng, items);
      const order = items.join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(49.7); // 23 degrees of freedom, once in a thousand seeds
  });
});
