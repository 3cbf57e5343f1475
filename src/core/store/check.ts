/**
 * The store's invariants.
 *
 * `checkStore` is cheap enough for every step: the counters, and one shard in full, the next one at
 * the next index. `checkWholeStore` looks at everything, the slab's bookkeeping included.
 */
import { assert } from '../../base/assert.ts';
import { crc32c } from '../../base/crc32c.ts';
import { KEY_OVERHEAD_BYTES } from '../types.ts';
import { Sum } from './digest.ts';
import { NO_DEADLINE, newRecordView, readRecord } from './record.ts';
import { SHARDS, type Shard, shardOf } from './shard.ts';
import type { StoreState } from './state.ts';

export function checkStore(state: StoreState): void {
  checkCounters(state);
  checkShard(state, state.appliedIndex % SHARDS);
}

export function checkWholeStore(state: StoreState): void {
  checkCounters(state);
  let logicalBytes = 0;
  for (let shard = 0; shard < SHARDS; shard++) logicalBytes += checkShard(state, shard);
  assert(logicalBytes === state.table.logicalBytes, 'internal', 'logical bytes miscounted');
  state.sessions.check();
  state.slab.check();
}

function checkCounters(state: StoreState): void {
  const { table, sessions, settings } = state;
  let keys = 0;
  let mortal = 0;
  for (const { count, expiry } of table.shards) {
    keys += count;
    mortal += expiry.count;
  }
  assert(keys === table.keys, 'internal', 'keys miscounted');
  assert(mortal === table.mortal, 'internal', 'deadlines miscounted');
  assert(table.logicalBytes >= keys * KEY_OVERHEAD_BYTES, 'internal', 'logical bytes too few');
  if (settings === null) {
    assert(keys === 0 && sessions.count === 0, 'internal', 'content before the formation');
  }
  assert(sessions.resultBytes >= 0, 'sessions', 'result bytes below zero');
}

/** Checks one shard; answers its logical bytes. */
function checkShard(state: StoreState, index: number): number {
  const { table } = state;
  const shard = table.shards[index]!;
  const digest = new Sum();
  let logicalBytes = 0;
  let count = 0;
  let deadlines = 0;
  let before = 0;
  for (let slot = shard.usedFrom(0); slot < shard.length; slot = shard.usedFrom(slot + 1)) {
    const address = shard.slots[2 * slot + 1]!;
    const record = checkRecord(state, address);
    assert(record.revision <= state.revision, 'state-machine-safety', 'a revision of the future');
    logicalBytes += record.keyBytes + record.valueBytes + KEY_OVERHEAD_BYTES;
    deadlines += record.deadline === NO_DEADLINE ? 0 : 1;
    table.hashRecord(address);
    digest.add(table.elementOf(address));
    assert(shardOf(table.hashHigh) === index, 'internal', 'a record in the wrong shard');
    checkPlace(shard, slot, table.hashHigh);
    assert(before === 0 || table.comesBefore(before, address), 'internal', 'shard out of order');
    before = address;
    count++;
  }
  assert(count === shard.count, 'internal', 'shard miscounted');
  assert(deadlines === shard.expiry.count, 'internal', 'expiry index out of step');
  assert(
    digest.low === shard.digest.low && digest.high === shard.digest.high,
    'state-hash',
    'the digest of a shard is not that of its records',
  );
  shard.expiry.check();
  return logicalBytes;
}

function checkRecord(state: StoreState, address: number): ReturnType<typeof newRecordView> {
  const record = newRecordView();
  readRecord(state.slab.bytesAt(address), state.slab.offsetAt(address), record);
  const crc = crc32c(record.bytes, record.valueAt, record.valueAt + record.valueBytes);
  assert(crc === record.valueCrc, 'state-hash', 'a value was damaged in memory');
  return record;
}

/** A record stands at its home or behind it, and no slot between is empty. */
function checkPlace(shard: Shard, slot: number, high: number): void {
  const home = shard.home(high);
  assert(shard.slots[2 * slot] === high, 'internal', 'a slot with another hash than its record');
  assert(slot >= home, 'internal', 'a record before its home');
  for (let between = home; between < slot; between++) {
    assert(shard.slots[2 * between + 1] !== 0, 'internal', 'a gap between home and place');
  }
}
