import { expect, test } from 'vitest';
import { newPrng, nextWord } from '../../base/prng.ts';
import { Sum } from './digest.ts';
import type { ExpiryHeap } from './expiry.ts';
import { Shard } from './shard.ts';

/** It has nothing to do with deadlines. */
const shard = (): Shard => new Shard(undefined as unknown as ExpiryHeap, new Sum());

/** Puts records with these upper halves of h in; how many slots were passed on the way. */
function fill(into: Shard, highs: Iterable<number>): number {
  let passed = 0;
  for (const high of highs) {
    if (into.isCrowded()) into.grow();
    let slot = into.home(high);
    for (; into.slots[2 * slot + 1] !== 0 && into.slots[2 * slot]! < high; slot++) passed++;
    into.insert(slot, high, 1);
  }
  return passed;
}

/** All of one shard: the upper six bits are the same. */
function highs(count: number): number[] {
  const prng = newPrng([7]);
  return Array.from({ length: count }, () => nextWord(prng) >>> 6);
}

const ascending = (count: number): number[] => highs(count).sort((left, right) => left - right);

test('records in the order of h find their places as soon as others do', () => {
  for (const count of [1_000, 20_000, 150_000]) {
    expect(fill(shard(), ascending(count))).toBeLessThan(64 * count);
  }
});

test('a shard holds no more than it needs, whatever comes in what order', () => {
  for (const count of [100, 5_000, 20_000]) {
    for (const order of [highs(count), ascending(count), ascending(count).reverse()]) {
      const filled = shard();
      fill(filled, order);
      expect(filled.count).toBe(count);
      expect(filled.capacity).toBeLessThan(2 * count + 64);
    }
  }
});

test('a few records that lie close together make no shard of a million slots', () => {
  const filled = shard();
  fill(filled, [0, 1, 2, 3, 4, 5, 6, 7]);
  expect(filled.capacity).toBeLessThan(64 * 8 * 2);
});
