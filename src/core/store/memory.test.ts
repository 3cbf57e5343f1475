/** What a key costs beyond its own bytes: at most 64, also when sizes have shifted. */
import { expect, test } from 'vitest';
import { newPrng, nextBelow, type Prng } from '../../base/prng.ts';
import { checkWholeStore } from './check.ts';
import { type Command, Replica } from './fixture.ts';
import type { StoreState } from './state.ts';

const KEYS = 60_000;
const BATCH = 500;

function keyOf(n: number): Uint8Array {
  const key = new Uint8Array(20).fill(0x30);
  for (let at = 19, left = n; left > 0; at--, left = Math.floor(left / 10)) key[at]! += left % 10;
  return key;
}

function write(replica: Replica, count: number, command: (n: number) => Command): void {
  for (let n = 0; n < count; n += BATCH) {
    replica.run(Array.from({ length: BATCH }, (_, at) => command(n + at)));
  }
}

function overheadPerKey({ table, slab }: StoreState): number {
  const slots = table.shards.reduce((sum, shard) => sum + shard.slots.byteLength, 0);
  const content = table.logicalBytes - 64 * table.keys;
  return (slots + slab.heldBytes + slab.bookkeepingBytes - content) / table.keys;
}

function randomPut(prng: Prng, low: number, high: number): Command {
  const value = new Uint8Array(low + nextBelow(prng, high - low));
  return { operation: 1, key: keyOf(nextBelow(prng, KEYS)), value };
}

test('a key costs at most 64 bytes beyond key and value, before and after sizes shift', () => {
  const prng = newPrng([9]);
  const replica = Replica.formed({}, { regionBytes: 16 * 1024 * 1024 });
  write(replica, KEYS, (n) => ({ operation: 1, key: keyOf(n), value: new Uint8Array(100) }));
  expect(overheadPerKey(replica.state)).toBeLessThan(64);
  write(replica, KEYS / 2, () => randomPut(prng, 20, 320));
  expect(overheadPerKey(replica.state)).toBeLessThan(64);
  write(replica, KEYS / 2, () => randomPut(prng, 10, 60));
  expect(overheadPerKey(replica.state)).toBeLessThan(64);
  checkWholeStore(replica.state);
});
