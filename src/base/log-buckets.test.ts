import { expect, test } from 'vitest';
import { bucketOf, upperEdge } from './log-buckets.ts';

const VALUES = [0, 1, 15, 31, 32, 33, 63, 64, 127, 128, 1_000, 65_535, 65_536, 1_000_003, 2 ** 40];

test.each([16, 128])('a value lies above the edge of the bucket before its own, of %i', (sub) => {
  for (const value of VALUES) {
    const bucket = bucketOf(value, sub);
    expect(upperEdge(bucket, sub)).toBeGreaterThanOrEqual(value);
    if (bucket > 0) expect(upperEdge(bucket - 1, sub)).toBeLessThan(value);
  }
});

test('an edge is off by one part in as many as divide a power of two, at most', () => {
  for (const value of VALUES) {
    expect(upperEdge(bucketOf(value, 16), 16)).toBeLessThanOrEqual(value + value / 16);
  }
});

test('small values are exact', () => {
  for (let value = 0; value < 32; value++) expect(upperEdge(bucketOf(value, 16), 16)).toBe(value);
});
