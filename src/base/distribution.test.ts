import { expect, test } from 'vitest';
import { Distribution } from './distribution.ts';

test('a value counts at the first edge that is not below it, or above all', () => {
  const distribution = new Distribution([1, 10, 100]);
  for (const value of [0, 1, 2, 10, 11, 100, 101, 5000]) distribution.note(value);
  expect([...distribution.counts]).toEqual([2, 2, 2, 2]);
  expect(distribution.sum).toBe(5225);
});
