/**
 * Recovery, the writing half: cut off the torn tail, make sure of what was read, report.
 *
 * 1. What lies behind the end is zeroed and synced before anything is appended: no later crash
 *    can bring it back to life. Zeroing may itself be cut short: what it leaves is still torn, at
 *    the same place.
 * 2. What was replayed may have been read from the page cache of a process that died before its
 *    sync. So all that no header vouches for is synced before the log is reported.
 * 3. Later segments that hold anything, and dead files, are removed; a blank one is the spare.
 * 4. All of this runs one operation after another, and ends with a sync of the directory.
 */
import type { GroupId } from '../../base/units.ts';
import { logIndex } from '../../base/units.ts';
import { readEntryHeader } from '../entry.ts';
import type { MissingEntry, RecoveredGroup } from '../types.ts';
import { BLOCK_BYTES, isBlank } from './flush.ts';
import type { GroupLedger, Segment } from './ledger.ts';
import { lastKnownIndex, noteUnknownLoss, releaseEntries, sortedGroups } from './ledger.ts';
import type { Recovery } from './replay.ts';
import { submitRecovery } from './replay.ts';
import type { WalDamage, WalOut, WalRecovery, WalState } from './state.ts';

const ZERO_BYTES_MAX = 1024 * 1024;

/** The replay is over: plans what must be done on disk, and starts it. */
export function planEnd(state: WalState, recovery: Recovery, out: WalOut): void {
  for (const { segment, bytes } of recovery.loaded) {
    if (segment.sequence === recovery.end.sequence) planTail(state, recovery, segment, bytes);
    else if (segment.sequence > recovery.end.sequence) planLater(state, recovery, segment, bytes);
  }
  for (const segment of recovery.files) planKept(state, recovery, segment);
  for (const file of recovery.deadFiles) recovery.plan.push({ kind: 'remove', file });
  recovery.plan.push({ kind: 'sync-directory' });
  runPlan(state, recovery, out);
}

/** Zeroes every block behind the end that is not blank. */
function planTail(state: WalState, recovery: Recovery, segment: Segment, bytes: Uint8Array): void {
  const { file } = segment;
  for (let at = recovery.end.offset; at < bytes.length; ) {
    const end = dirtyEnd(bytes, at);
    if (end > at) {
      recovery.isTorn = true;
      const parts = zeroParts(state, end - at);
      recovery.plan.push({ kind: 'write', file, offset: at, parts, sync: false });
    }
    at = Math.max(end, at + BLOCK_BYTES);
  }
}

/** Where the run of blocks from `at` that are not blank ends; bounded, for one write. */
function dirtyEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end < bytes.length && end - at < ZERO_BYTES_MAX) {
    const blockEnd = Math.min(end + BLOCK_BYTES, bytes.length);
    if (isBlank(bytes, end, blockEnd)) return end;
    end = blockEnd;
  }
  return end;
}

function zeroParts(state: WalState, bytes: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes; at += BLOCK_BYTES) {
    parts.push(state.zeros.subarray(0, Math.min(BLOCK_BYTES, bytes - at)));
  }
  return parts;
}

function planLater(state: WalState, recovery: Recovery, segment: Segment, bytes: Uint8Array): void {
  const isUnused = isBlank(bytes, 0, bytes.length);
  if (!isUnused) recovery.isTorn = true;
  const isUsable = isUnused && bytes.length >= 2 * BLOCK_BYTES && state.spare === null;
  if (isUsable) state.spare = segment;
  else recovery.deadFiles.push(segment.file);
}

/** The segments up to the end: synced where nothing vouches for them, and kept. */
function planKept(state: WalState, recovery: Recovery, segment: Segment): void {
  const { end, durableThrough, firstLive } = recovery;
  if (segment.sequence > end.sequence) return;
  if (segment.sequence < firstLive) {
    recovery.deadFiles.push(segment.file);
    return;
  }
  segment.usedBytes = segment.sequence === end.sequence ? end.offset : segment.bytes;
  state.segments.push(segment);
  if (segment.sequence >= durableThrough.sequence) {
    recovery.plan.push({ kind: 'sync', file: segment.file });
  }
}

/** Starts the next operation of the plan; after the last one, reports. */
export function runPlan(state: WalState, recovery: Recovery, out: WalOut): void {
  const operation = recovery.plan.shift();
  if (operation !== undefined) submitRecovery(state, out, operation);
  else finishRecovery(state, recovery, out);
}

function finishRecovery(state: WalState, recovery: Recovery, out: WalOut): void {
  const damage = resolve(state, recovery);
  state.recovery = null;
  state.end = recovery.end;
  state.doneEnd = recovery.end;
  state.durableEnd = recovery.end;
  state.ordinal = Math.max(0, recovery.ordinal);
  state.claimedFirstLive = recovery.firstLive;
  state.isLastFlushUncovered = !recovery.isAtStart;
  state.phase = damage === null ? 'ready' : 'damaged';
  state.damage = damage;
  state.damagedThrough = recovery.damagedThrough;
  const verdict = damage !== null ? 'damaged' : recovery.isTorn ? 'torn' : 'clean';
  const groups = damage === null ? recoveredGroups(state) : [];
  out.recovered = { verdict, groups, damage } satisfies WalRecovery;
}

/** Forgets what the snapshots stand for, and finds out what is missing of the rest. */
function resolve(state: WalState, recovery: Recovery): WalDamage | null {
  const firstFile = recovery.files[0];
  const isFirstGone = recovery.firstLive > 0 && firstFile!.sequence > recovery.firstLive;
  if (isFirstGone) {
    noteUnknownLoss(state.ledger);
    recovery.damagedAt.push({ sequence: recovery.firstLive, offset: 0 });
  }
  const missing: MissingEntry[] = [];
  const lostHardStates: GroupId[] = [];
  const lostLogs: GroupId[] = [];
  for (const row of sortedGroups(state.ledger)) {
    resolveGroup(row, missing);
    if (row.isHardStateInDoubt) lostHardStates.push(row.group);
    if (row.isLogInDoubt) lostLogs.push(row.group);
  }
  const isSound = missing.length === 0 && lostHardStates.length === 0 && lostLogs.length === 0;
  if (isSound && recovery.damagedAt.length === 0) return null;
  // A group of which no record is left cannot be named, but headers count them.
  const isGroupLost = state.ledger.hasUnknownLoss && recovery.groupCount > state.ledger.groups.size;
  const isRepairable = lostHardStates.length === 0 && lostLogs.length === 0 && !isGroupLost;
  const positions = recovery.damagedAt;
  return { isRepairable, missing, lostHardStates, lostLogs, positions };
}

function resolveGroup(row: GroupLedger, missing: MissingEntry[]): void {
  releaseEntries(row, row.snapshotIndex);
  const lastIndex = lastKnownIndex(row);
  for (let at = row.snapshotIndex + 1; at <= lastIndex; at++) {
    const entry = row.entries.get(logIndex(at));
    if (entry === undefined) row.isLogInDoubt = true;
    else if (!entry.intact) missing.push(missingEntry(row, at, entry.bytes));
  }
  row.lastIndex = lastIndex;
  row.releasedIndex = row.snapshotIndex;
  row.appendedLastIndex = lastIndex;
  row.appendedHardState = row.hardState;
  row.appendedSnapshotIndex = row.snapshotIndex;
}

function missingEntry(row: GroupLedger, index: number, head: Uint8Array): MissingEntry {
  const header = readEntryHeader(head, 0, head.length)!;
  return { group: row.group, index: logIndex(index), term: header.term, bodyCrc: header.bodyCrc };
}

/** What the log holds, for its user. */
export function recoveredGroups(state: WalState): RecoveredGroup[] {
  return sortedGroups(state.ledger).map((row) => {
    const entries: Uint8Array[] = [];
    for (let at = row.snapshotIndex + 1; at <= row.highIndex; at++) {
      const entry = row.entries.get(logIndex(at));
      if (entry !== undefined) entries.push(entry.bytes);
    }
    const { group, hardState, snapshotIndex, snapshotTerm } = row;
    return { group, hardState, snapshotIndex, snapshotTerm, entries };
  });
}
