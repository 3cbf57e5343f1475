/**
 * Work that may wait: freeing swapped-out tables, moving records together, shrinking shards, and
 * looking for damage. All of it in slices; none of it shows in a result.
 *
 * 1. A swapped-out table is freed shard by shard, from the last slot to the first: the probe path of
 *    what is still there runs only over slots before it, so its records can still be found (and
 *    moved) in between.
 * 2. A table that a snapshot is reading waits until the snapshot is done.
 * 3. Entries free some too, so that FLUSH_ALL in a loop cannot outrun the background.
 * 4. The scrub compares values with their CRCs: damage in memory stops the node.
 */
import { assert } from '../../base/assert.ts';
import { crc32c } from '../../base/crc32c.ts';
import { readRecord } from './record.ts';
import { SHARDS } from './shard.ts';
import type { RetiredTable, StoreState } from './state.ts';
import { TableWalk } from './walk.ts';

/** Value bytes that cost the scrub as much as a record. */
const SCRUB_BYTES_PER_UNIT = 512;

/** A slice of everything; `budget` is about a number of records. */
export function doBackground(state: StoreState, budget: number): void {
  freeSome(state, budget);
  compactSome(state, budget);
  shrinkOne(state);
  scrubSome(state, budget);
}

/** Whether a table waits to be freed and nothing keeps it. */
export function hasReclaimable(state: StoreState): boolean {
  return nextRetired(state) !== null;
}

/** Frees about `budget` records of swapped-out tables. */
export function freeSome(state: StoreState, budget: number): void {
  if (state.retired.length === 0) return;
  let left = budget;
  for (let next = nextRetired(state); next !== null && left > 0; next = nextRetired(state)) {
    left = freeSlice(state, next, left);
    const table = next.table;
    if (next.shard === SHARDS) state.retired = state.retired.filter((one) => one.table !== table);
  }
}

/** Moves at most `movesMax` records, if much room is free. */
export function compactSome(state: StoreState, movesMax: number): void {
  const { slab } = state;
  for (let moves = 0; moves < movesMax && slab.isSparse(); moves++) {
    if (!slab.moveOne()) return;
    relocate(state, slab.movedFrom, slab.movedTo);
    slab.give(slab.movedFrom);
  }
}

function relocate(state: StoreState, from: number, to: number): void {
  const isFound =
    state.table.moved(from, to) ||
    state.retired.some(({ table }) => table.moved(from, to)) ||
    (state.loading?.table?.moved(from, to) ?? false);
  assert(isFound, 'internal', 'moved a record that no table holds');
}

function nextRetired(state: StoreState): RetiredTable | null {
  const kept = state.snapshot?.source ?? null;
  for (const retired of state.retired) if (retired.table !== kept) return retired;
  return null;
}

/** Frees slots from `slot` down; answers what is left of the budget. */
function freeSlice(state: StoreState, retired: RetiredTable, budget: number): number {
  const shard = retired.table.shards[retired.shard]!;
  let left = budget;
  while (retired.slot > 0 && left > 0) {
    retired.slot--;
    const address = shard.slots[2 * retired.slot + 1]!;
    if (address === 0) continue;
    shard.slots[2 * retired.slot + 1] = 0;
    state.slab.give(address);
    left--;
  }
  if (retired.slot === 0) {
    retired.shard++;
    retired.slot = retired.table.shards[retired.shard]?.length ?? 0;
  }
  return left;
}

function shrinkOne(state: StoreState): void {
  const shard = state.table.shards[state.shrinkShard]!;
  if (shard.isRoomy()) shard.shrink();
  state.shrinkShard = (state.shrinkShard + 1) % SHARDS;
}

function scrubSome(state: StoreState, budget: number): void {
  const { table, slab } = state;
  const { record } = state.scratch;
  const walk = new TableWalk(table);
  let left = budget;
  walk.seek(state.scrubHigh, 0);
  while (walk.address !== 0 && left > 0) {
    readRecord(slab.bytesAt(walk.address), slab.offsetAt(walk.address), record);
    const crc = crc32c(record.bytes, record.valueAt, record.valueAt + record.valueBytes);
    assert(crc === record.valueCrc, 'state-hash', 'a value was damaged in memory');
    left -= 1 + Math.floor(record.valueBytes / SCRUB_BYTES_PER_UNIT);
    walk.next();
  }
  if (walk.address === 0) {
    state.scrubHigh = 0;
  } else {
    table.hashRecord(walk.address);
    state.scrubHigh = table.hashHigh;
  }
}
