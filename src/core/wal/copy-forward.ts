/**
 * Copy forward: when old segments are kept alive by little, the little is written again at the
 * tail, so that the segments can go.
 *
 * 1. The oldest segments are copied, those that hold at most a quarter of their bytes alive; an
 *    idle group's hard state does not pin a segment for ever. What pins more is the caller's: it
 *    sees `footprintBytes` and takes a snapshot.
 * 2. It must pay: fewer bytes are written than are freed, and no more than the caller wrote since
 *    the last time. So no record is copied round and round, and an idle log is silent.
 * 3. A copy says so, and repeats what is durable, from memory. It is made only while the group has
 *    no truncation, hard state or mark under way: those come first in the log, and the copy would
 *    undo them.
 * 4. Copies ride with the appended records of a flush, after them, in what room is left.
 */
import type { LogIndex } from '../../base/units.ts';
import { ZERO_INDEX, ZERO_TICKET } from '../../base/units.ts';
import type { WalRecord } from '../types.ts';
import { BLOCK_BYTES, flushBytes } from './flush.ts';
import type { GroupLedger } from './ledger.ts';
import { entryCopy, hardStateCopy, snapshotCopy, sortedGroups } from './ledger.ts';
import type { LoggedRecord } from './record.ts';
import { recordBytes } from './record.ts';
import type { CopyCandidate, WalState } from './state.ts';

const LIVE_SHARE_MAX = 4;

export const hasCopies = (state: WalState): boolean => state.copies.length > 0;

/** Chooses what to copy next, unless the last choice is still under way. */
export function chooseCopies(state: WalState): void {
  if (state.phase !== 'ready' || hasCopies(state) || state.copiesInFlight > 0) return;
  const through = copyThroughSequence(state);
  if (through === 0) return;
  state.copyCreditBytes = 0;
  listCopies(state, through);
}

/** The newest of the old segments that are worth copying together; 0: none. */
function copyThroughSequence(state: WalState): number {
  let liveBytes = 0;
  let usableBytes = 0;
  let through = 0;
  for (const segment of state.segments.slice(0, -1)) {
    if (segment.flushesInFlight > 0) break;
    if (segment.liveBytes * LIVE_SHARE_MAX > segment.bytes) break;
    if (liveBytes + segment.liveBytes > state.copyCreditBytes) break;
    // Dead ones in front go anyway: they pay for nothing.
    if (liveBytes + segment.liveBytes === 0) continue;
    liveBytes += segment.liveBytes;
    usableBytes += segment.bytes - BLOCK_BYTES;
    if (segment.liveBytes > 0 && flushBytes(liveBytes) < usableBytes) through = segment.sequence;
  }
  return through;
}

/** Lists all that lives in segments up to `through`. */
export function listCopies(state: WalState, through: number): void {
  state.copyThrough = through;
  for (const row of sortedGroups(state.ledger)) {
    const { group } = row;
    if ((row.hardStateSegment?.sequence ?? Number.POSITIVE_INFINITY) <= through) {
      state.copies.push({ group, what: 'hard-state', index: ZERO_INDEX });
    }
    if ((row.snapshotSegment?.sequence ?? Number.POSITIVE_INFINITY) <= through) {
      state.copies.push({ group, what: 'snapshot', index: ZERO_INDEX });
    }
    for (let index = row.lowIndex; index <= row.highIndex; index++) {
      const entry = row.entries.get(index);
      if (entry === undefined || entry.segment.sequence > through) continue;
      state.copies.push({ group, what: 'entry', index });
    }
  }
}

/** Bytes of the next copy that can be made now; 0: none. Drops what needs no copy any more. */
export function nextCopyBytes(state: WalState): number {
  while (state.copies.length > 0) {
    const row = state.ledger.groups.get(state.copies[0]!.group)!;
    const record = copyOf(state, row, state.copies[0]!);
    if (record !== null) return row.unsettledCount === 0 ? recordBytes(record) : 0;
    state.copies.shift();
  }
  return 0;
}

/** Appends copies to a flush's records as long as its payload stays within `bytesMax`. */
export function appendCopies(state: WalState, records: LoggedRecord[], bytesMax: number): void {
  if (!hasCopies(state)) return;
  let bytes = 0;
  for (const logged of records) bytes += logged.bytes;
  for (;;) {
    const nextBytes = nextCopyBytes(state);
    const isFirst = records.length === 0;
    if (nextBytes === 0 || (!isFirst && bytes + nextBytes > bytesMax)) return;
    const candidate = state.copies.shift()!;
    const row = state.ledger.groups.get(candidate.group)!;
    records.push(loggedCopy(copyOf(state, row, candidate)!, row));
    state.copiesInFlight++;
    state.stats.copiedRecords++;
    bytes += nextBytes;
  }
}

function loggedCopy(record: WalRecord, row: GroupLedger): LoggedRecord {
  return {
    record,
    copied: true,
    intact: true,
    bytes: recordBytes(record),
    lastIndex: row.lastIndex ?? ZERO_INDEX,
    ticket: ZERO_TICKET,
  };
}

/** The record that copies the candidate, or null when it is dead or has moved meanwhile. */
function copyOf(state: WalState, row: GroupLedger, candidate: CopyCandidate): WalRecord | null {
  const through = state.copyThrough;
  if (candidate.what === 'hard-state') {
    return (row.hardStateSegment?.sequence ?? 0) <= through ? hardStateCopy(row) : null;
  }
  if (candidate.what === 'snapshot') {
    return (row.snapshotSegment?.sequence ?? 0) <= through ? snapshotCopy(row) : null;
  }
  const entry = row.entries.get(candidate.index as LogIndex);
  if (entry === undefined || entry.segment.sequence > through) return null;
  return entryCopy(row, candidate.index);
}
