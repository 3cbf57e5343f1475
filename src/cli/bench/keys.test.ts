import { describe, expect, test } from 'vitest';
import { decodeUtf8 } from '../../base/text.ts';
import { KEY_BYTES, newKeyDraw, writeKey, zipfOf } from './keys.ts';

const KEYS = 1000;
const DRAWS = 50_000;

function counts(distribution: 'uniform' | 'zipfian', keys = KEYS): number[] {
  const draw = newKeyDraw(distribution, keys, 1);
  const seen = Array.from({ length: keys }, () => 0);
  for (let turn = 0; turn < DRAWS; turn++) seen[draw()]!++;
  return seen.toSorted((left, right) => right - left);
}

test('uniform: every key comes, none much oftener than another', () => {
  const seen = counts('uniform');
  expect(seen[0]).toBeLessThan((2 * DRAWS) / KEYS);
  expect(seen[KEYS - 1]).toBeGreaterThan(0);
});

describe('zipfian', () => {
  test('the k-th hottest of N comes with the share (1/k^0.99) / Σ', () => {
    let zeta = 0;
    for (let rank = 1; rank <= KEYS; rank++) zeta += 1 / rank ** 0.99;
    const seen = counts('zipfian');
    for (const rank of [1, 2, 10]) {
      const share = seen[rank - 1]! / DRAWS;
      const expected = 1 / rank ** 0.99 / zeta;
      expect(share / expected).toBeGreaterThan(0.8);
      expect(share / expected).toBeLessThan(1.25);
    }
  });

  test.each([1, 2, 3, 10])('stays within %i keys', (keys) => {
    expect(counts('zipfian', keys).reduce((sum, each) => sum + each, 0)).toBe(DRAWS);
  });
});

test('connections draw different keys, and the same ones in the next run', () => {
  const first = (seed: number) => {
    const draw = newKeyDraw('uniform', 1e9, seed);
    return [draw(), draw(), draw()];
  };
  expect(first(1)).toEqual(first(1));
  expect(first(1)).not.toEqual(first(2));
});

test('the draws are those that native/load/draws_test.cc pins', () => {
  const drawn = (distribution: 'uniform' | 'zipfian') => {
    const draw = newKeyDraw(distribution, 1000, 1);
    return Array.from({ length: 12 }, () => draw());
  };
  expect(drawn('uniform')).toEqual([561, 447, 7, 294, 344, 782, 192, 664, 858, 118, 941, 507]);
  expect(drawn('zipfian')).toEqual([415, 0, 943, 358, 327, 663, 552, 923, 610, 283, 534, 761]);
  expect(zipfOf(1000)).toEqual({
    zeta: 7.728953217284729,
    zetaOfTwo: 1.5034777750283594,
    eta: 0.07480608670689805,
    stride: 761,
  });
});

test('a key is "key:" and twelve digits', () => {
  const key = new Uint8Array(KEY_BYTES);
  writeKey(key, 99_999_999);
  expect(decodeUtf8(key)).toBe('key:000099999999');
});
