import { expect, test } from 'vitest';
import { bucketOf } from '../../base/log-buckets.ts';
import { newPrng, nextBelow } from '../../base/prng.ts';
import { Histogram } from './histogram.ts';

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

test('quantiles are those of the sorted values, to 1/128', () => {
  const prng = newPrng([1, 2, 3, 4]);
  const values = Array.from({ length: 5000 }, () => nextBelow(prng, 2 ** nextBelow(prng, 28)));
  const histogram = filled(values);
  const sorted = values.toSorted((left, right) => left - right);
  for (const fraction of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = sorted[Math.ceil(fraction * sorted.length) - 1]!;
    expect(histogram.quantile(fraction)).toBeGreaterThanOrEqual(exact);
    expect(histogram.quantile(fraction)).toBeLessThanOrEqual(exact * (1 + 1 / 128) + 1);
  }
});

test('below 256 µs every value is exact', () => {
  for (let value = 0; value < 256; value++) expect(filled([value, 1e6]).quantile(0.5)).toBe(value);
});

test('values have the buckets that the native load gives them', () => {
  const pinned = [0, 1, 255, 256, 257, 511, 512, 1000, 12_345, 1_000_000, 987_654_321];
  expect(pinned.map((value) => bucketOf(value, 128))).toEqual([
    0, 1, 255, 256, 256, 383, 384, 506, 960, 1780, 3051,
  ]);
});

test('no quantile is above the maximum, which is exact', () => {
  const histogram = filled([1, 1_000_003]);
  expect(histogram.maximum).toBe(1_000_003);
  expect(histogram.quantile(1)).toBe(1_000_003);
});

test('an empty one says 0', () => {
  expect([new Histogram().quantile(0.99), new Histogram().maximum]).toEqual([0, 0]);
});

test('sums of histograms are histograms of the sums', () => {
  const [left, right] = [
    [1, 500, 70_000],
    [3, 1e9],
  ];
  const sum = filled(left!);
  sum.add(filled(right!).copy());
  expect(sum.copy()).toEqual(filled([...left!, ...right!]).copy());
});
