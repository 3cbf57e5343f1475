import { expect, test } from 'vitest';
import { newPrng, nextBelow, nextWord } from '../../base/prng.ts';
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

test('records in the order of h find their places at once where room is reserved', () => {
  for (const count of [1_000, 20_000, 150_000]) {
    const filled = shard();
    filled.reserve(count);
    const { capacity } = filled;
    expect(fill(filled, ascending(count))).toBeLessThan(8 * count);
    expect(filled.capacity).toBe(capacity);
  }
});

/** As a snapshot whose keys change while it is written: what changes before its turn comes at once. */
function withEarlyOnes(count: number, earlyOf10: number): number[] {
  const prng = newPrng([9]);
  const changes = highs(count);
  const seen = new Set<number>();
  const order: number[] = [];
  const add = (high: number): void => {
    if (!seen.has(high)) order.push(high);
    seen.add(high);
  };
  for (const high of ascending(count)) {
    while (nextBelow(prng, 10) < earlyOf10 && changes.length > 0) {
      const changed = changes.pop()!;
      if (changed > high) add(changed);
    }
    add(high);
  }
  return order;
}

test('so do those of which some come too early', () => {
  for (const earlyOf10 of [1, 3, 5, 8]) {
    const order = withEarlyOnes(60_000, earlyOf10);
    const filled = shard();
    filled.reserve(order.length);
    expect(fill(filled, order)).toBeLessThan(8 * order.length);
  }
});

test('what is reserved is no more than needed, and nothing is lost', () => {
  const filled = shard();
  fill(filled, highs(100));
  filled.reserve(50);
  filled.reserve(5_000);
  expect(filled.count).toBe(100);
  expect(filled.capacity).toBeLessThan(2 * 5_000);
  expect([...filled.slots].filter((_, at) => at % 2 === 1 && filled.slots[at] !== 0)).toHaveLength(
    100,
  );
});
