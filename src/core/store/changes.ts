/**
 * The doors through which everything changes: records, the whole table, sessions.
 *
 * A snapshot under way must hear of a change before it happens, to save the old form if that is not
 * written yet. So nothing else calls the table's `store` and `remove` or the sessions' `use` and
 * `end`.
 */

import { copyBytes } from '../../base/copy.ts';
import { crc32c } from '../../base/crc32c.ts';
import { readRecord, recordKeyAt, recordUnits, unitsOfRecord, writeRecordHead } from './record.ts';
import type { Session } from './sessions.ts';
import type { StoreState } from './state.ts';
import { Table, tableHash } from './table.ts';

const NOWHERE = -1;

/** Puts the record described by `scratch.write` in the place located last. */
export function storeRecord(state: StoreState): void {
  const { table, slab } = state;
  const { write } = state.scratch;
  const units = recordUnits(write.keyBytes, write.headBytes + write.tailBytes, write.deadline);
  if (table.address !== 0) saveRecord(state);
  if (isRewritable(state, units)) {
    const { address } = table;
    const keyAt = recordKeyAt(slab.bytesAt(address), slab.offsetAt(address));
    table.beginRewrite();
    writeRecord(state, address, keyAt);
    table.endRewrite();
  } else {
    const address = slab.take(units);
    writeRecord(state, address, NOWHERE);
    table.store(address);
  }
}

/**
 * Whether the record may take the place of the one it replaces: most overwrites are as long as what
 * they overwrite, and what that touched is in the cache. Nothing of the new one may come from there.
 */
function isRewritable({ table, slab, scratch }: StoreState, units: number): boolean {
  if (table.address === 0) return false;
  const bytes = slab.bytesAt(table.address);
  const { key, head, tail } = scratch.write;
  if (key === bytes || head === bytes || tail === bytes) return false;
  return unitsOfRecord(bytes, slab.offsetAt(table.address)) === units;
}

/** `keyAt`: where the key stands already, if anywhere. */
function writeRecord({ slab, table, scratch }: StoreState, address: number, keyAt: number): void {
  const { record, write } = scratch;
  const bytes = slab.bytesAt(address);
  record.keyBytes = write.keyBytes;
  record.valueBytes = write.headBytes + write.tailBytes;
  record.revision = write.revision;
  record.deadline = write.deadline;
  const headEnd = write.headAt + write.headBytes;
  const known = table.ahead.crcOf(write.head, write.headAt, headEnd);
  record.valueCrc = known < 0 ? crc32c(write.head, write.headAt, headEnd) : known;
  if (write.tailBytes > 0) {
    const tailEnd = write.tailAt + write.tailBytes;
    record.valueCrc = crc32c(write.tail, write.tailAt, tailEnd, record.valueCrc);
  }
  writeRecordHead(bytes, slab.offsetAt(address), record);
  if (record.keyAt !== keyAt) {
    copyBytes(bytes, record.keyAt, write.key, write.keyAt, write.keyBytes);
  }
  copyBytes(bytes, record.valueAt, write.head, write.headAt, write.headBytes);
  if (write.tailBytes === 0) return;
  copyBytes(bytes, record.valueAt + write.headBytes, write.tail, write.tailAt, write.tailBytes);
}

/** Removes the record located last. */
export function removeRecord(state: StoreState): void {
  saveRecord(state);
  state.table.remove();
}

/** Puts another table in place of the present one, which is freed later. */
export function swapTable(state: StoreState, table: Table): void {
  retireTable(state, state.table);
  state.table = table;
}

/** Leaves a table to be freed in slices. */
export function retireTable(state: StoreState, table: Table): void {
  state.retired.push({ table, shard: 0, slot: table.shards[0]!.length });
}

export function newTable(state: StoreState, seed: string): Table {
  return new Table(state.slab, tableHash(seed));
}

/** Marks a use of the session, with the floor that its command names. */
export function useSession(state: StoreState, session: Session, floor: number): void {
  state.snapshot?.saveSession(session);
  dropFullSnapshot(state);
  state.sessions.use(session, floor, state.logTime);
}

export function endSession(state: StoreState, session: Session): void {
  state.snapshot?.saveSession(session);
  dropFullSnapshot(state);
  state.sessions.end(session);
}

function saveRecord(state: StoreState): void {
  const { snapshot, table, slab } = state;
  if (snapshot === null || snapshot.source !== table) return;
  const { record } = state.scratch;
  readRecord(slab.bytesAt(table.address), slab.offsetAt(table.address), record);
  snapshot.saveRecord(record, table);
  dropFullSnapshot(state);
}

/** Apply never waits for a snapshot: the snapshot goes. */
function dropFullSnapshot(state: StoreState): void {
  if (state.snapshot === null || !state.snapshot.isFull) return;
  state.snapshot = null;
  state.snapshotAbandoned = true;
}
