/**
 * The ledger: what the log holds, as replaying it would find, group by group.
 *
 * One function, `applyRecord`, says what a record means. It runs when a flush has become durable
 * and again, over the same records, when the log is recovered; so what the machine believes to be
 * on disk is what a crash at this moment would leave.
 *
 * 1. An entry stands at the last index + 1. One that does not is a violation, never an overwrite.
 * 2. A truncate voids entries from an index on. A snapshot mark past the last index voids all.
 * 3. A copy repeats a record of an older segment: it moves what is there or fills in what the
 *    removed segment held. It never truncates, and never extends the log.
 * 4. The last index is unknown until a record that is no copy tells it: the segments before may
 *    be gone, and copies come late.
 * 5. Each live thing knows the segment of its newest copy; a segment without any can go.
 * 6. After a loss of unknown records, a group's hard state is in doubt until a later one, and its
 *    log until a snapshot mark that leaves no entry.
 */
import { assert } from '../../base/assert.ts';
import { compareBytes } from '../../base/bytes.ts';
import type { GroupId, LogIndex, Term } from '../../base/units.ts';
import { logIndex, ZERO_INDEX, ZERO_TERM } from '../../base/units.ts';
import { ENTRY_HEADER_BYTES } from '../entry.ts';
import type { HardState, WalRecord } from '../types.ts';
import type { LoggedRecord } from './record.ts';

/** A file of the log. */
export interface Segment {
  readonly sequence: number;
  readonly file: string;
  /** The file's size. */
  readonly bytes: number;
  /** Where the next flush goes. */
  usedBytes: number;
  liveCount: number;
  liveBytes: number;
  flushesInFlight: number;
}

export interface LiveEntry {
  /** Header and body; the header alone while `intact` is false. */
  readonly bytes: Uint8Array;
  /** False: the body was lost to damage and has not been supplied yet. */
  readonly intact: boolean;
  readonly term: Term;
  /** Bytes its record takes in the log. */
  readonly recordBytes: number;
  readonly segment: Segment;
}

export interface GroupLedger {
  readonly group: GroupId;
  hardState: HardState;
  hardStateSegment: Segment | null;
  snapshotIndex: LogIndex;
  snapshotTerm: Term;
  snapshotSegment: Segment | null;
  /** The last index; null while unknown (rule 4). */
  lastIndex: LogIndex | null;
  /** Bounds of the keys in `entries`. */
  lowIndex: LogIndex;
  highIndex: LogIndex;
  readonly entries: Map<LogIndex, LiveEntry>;
  isHardStateInDoubt: boolean;
  isLogInDoubt: boolean;
  /** What the caller appended, durable or not. */
  appendedLastIndex: LogIndex;
  appendedHardState: HardState;
  appendedSnapshotIndex: LogIndex;
  /** Records that are not entries, appended but not yet durable: no copy is made meanwhile. */
  unsettledCount: number;
  /** Asked for by `release`; takes effect up to the durable snapshot mark. */
  releasedIndex: LogIndex;
}

export interface Ledger {
  readonly groups: Map<GroupId, GroupLedger>;
  /** Records were lost of which nothing is known (rule 6). */
  hasUnknownLoss: boolean;
}

export function newLedger(): Ledger {
  return { groups: new Map(), hasUnknownLoss: false };
}

export function newSegment(sequence: number, file: string, bytes: number): Segment {
  return {
    sequence,
    file,
    bytes,
    usedBytes: 0,
    liveCount: 0,
    liveBytes: 0,
    flushesInFlight: 0,
  };
}

/** The group's row; made at first sight. */
export function groupOf(ledger: Ledger, group: GroupId): GroupLedger {
  const known = ledger.groups.get(group);
  if (known !== undefined) return known;
  const made: GroupLedger = {
    group,
    hardState: { term: ZERO_TERM, votedFor: null },
    hardStateSegment: null,
    snapshotIndex: ZERO_INDEX,
    snapshotTerm: ZERO_TERM,
    snapshotSegment: null,
    lastIndex: null,
    lowIndex: ZERO_INDEX,
    highIndex: ZERO_INDEX,
    entries: new Map(),
    isHardStateInDoubt: ledger.hasUnknownLoss,
    isLogInDoubt: ledger.hasUnknownLoss,
    appendedLastIndex: ZERO_INDEX,
    appendedHardState: { term: ZERO_TERM, votedFor: null },
    appendedSnapshotIndex: ZERO_INDEX,
    unsettledCount: 0,
    releasedIndex: ZERO_INDEX,
  };
  ledger.groups.set(group, made);
  return made;
}

/** All groups in ascending order: nothing may depend on the order of their first records. */
export function sortedGroups(ledger: Ledger): GroupLedger[] {
  return [...ledger.groups.values()].sort((left, right) => left.group - right.group);
}

/** Takes in the next record of the log. False: it contradicts what came before it. */
export function applyRecord(ledger: Ledger, logged: LoggedRecord, segment: Segment): boolean {
  const { record } = logged;
  const row = groupOf(ledger, record.group);
  switch (record.kind) {
    case 'entry':
      return logged.copied
        ? applyCopy(row, logged, record, segment)
        : applyEntry(row, logged, record, segment);
    case 'truncate':
      return applyTruncate(row, record.from);
    case 'hard-state':
      return applyHardState(row, record.hardState, segment);
    case 'snapshot':
      return applySnapshot(row, logged, record, segment);
  }
}

type EntryRecord = Extract<WalRecord, { kind: 'entry' }>;
type SnapshotRecord = Extract<WalRecord, { kind: 'snapshot' }>;

function applyEntry(
  row: GroupLedger,
  logged: LoggedRecord,
  record: EntryRecord,
  segment: Segment,
): boolean {
  if (row.lastIndex !== null && record.index !== row.lastIndex + 1) return false;
  if (record.index <= row.highIndex) return false;
  placeEntry(row, record.index, liveEntry(logged, record, segment));
  row.lastIndex = record.index;
  return true;
}

function applyCopy(
  row: GroupLedger,
  logged: LoggedRecord,
  record: EntryRecord,
  segment: Segment,
): boolean {
  if (record.index <= row.snapshotIndex) return true;
  const known = row.entries.get(record.index);
  if (known !== undefined && !isSameEntry(known.bytes, record.bytes)) return false;
  if (known === undefined && row.lastIndex !== null && record.index > row.lastIndex) return false;
  placeEntry(row, record.index, liveEntry(logged, record, segment));
  return true;
}

function liveEntry(logged: LoggedRecord, record: EntryRecord, segment: Segment): LiveEntry {
  return {
    bytes: record.bytes,
    intact: logged.intact,
    term: record.term,
    recordBytes: logged.bytes,
    segment,
  };
}

/** The header holds group, term, index, stamp and the body's CRC: it stands for the whole. */
export function isSameEntry(left: Uint8Array, right: Uint8Array): boolean {
  const leftHead = left.subarray(0, ENTRY_HEADER_BYTES);
  return compareBytes(leftHead, right.subarray(0, ENTRY_HEADER_BYTES)) === 0;
}

function applyTruncate(row: GroupLedger, from: LogIndex): boolean {
  if (from === 0) return false;
  for (let index = row.highIndex; index >= from && index >= row.lowIndex; index--) {
    dropEntry(row, index);
  }
  row.highIndex = Math.min(row.highIndex, from - 1) as LogIndex;
  row.lastIndex = (from - 1) as LogIndex;
  return true;
}

function applyHardState(row: GroupLedger, hardState: HardState, segment: Segment): boolean {
  if (hardState.term < row.hardState.term) return false;
  moveSmall(row.hardStateSegment, segment, 'hard-state');
  row.hardState = hardState;
  row.hardStateSegment = segment;
  row.isHardStateInDoubt = false;
  return true;
}

function applySnapshot(
  row: GroupLedger,
  logged: LoggedRecord,
  record: SnapshotRecord,
  segment: Segment,
): boolean {
  if (record.index < row.snapshotIndex) return false;
  moveSmall(row.snapshotSegment, segment, 'snapshot');
  row.snapshotIndex = record.index;
  row.snapshotTerm = record.term;
  row.snapshotSegment = segment;
  if (logged.copied) return true;
  if (logged.lastIndex === record.index) {
    applyTruncate(row, (record.index + 1) as LogIndex);
    releaseEntries(row, record.index);
    row.isLogInDoubt = false;
  }
  row.lastIndex = logged.lastIndex;
  return true;
}

const SMALL_BYTES = { 'hard-state': 48, snapshot: 40 } as const;

function moveSmall(source: Segment | null, target: Segment, kind: keyof typeof SMALL_BYTES): void {
  if (source !== null) {
    source.liveCount--;
    source.liveBytes -= SMALL_BYTES[kind];
  }
  target.liveCount++;
  target.liveBytes += SMALL_BYTES[kind];
}

/** Puts an entry in its place, instead of an older copy if there is one. */
export function placeEntry(row: GroupLedger, index: LogIndex, entry: LiveEntry): void {
  dropEntry(row, index);
  row.lowIndex = row.entries.size === 0 ? index : logIndex(Math.min(row.lowIndex, index));
  row.highIndex = row.entries.size === 0 ? index : logIndex(Math.max(row.highIndex, index));
  row.entries.set(index, entry);
  entry.segment.liveCount++;
  entry.segment.liveBytes += entry.recordBytes;
}

function dropEntry(row: GroupLedger, index: LogIndex): void {
  const entry = row.entries.get(index);
  if (entry === undefined) return;
  entry.segment.liveCount--;
  entry.segment.liveBytes -= entry.recordBytes;
  row.entries.delete(index);
}

/** Forgets the entries at or below `index`: they are in a durable snapshot. */
export function releaseEntries(row: GroupLedger, index: LogIndex): void {
  const end = Math.min(index, row.highIndex);
  for (let at = row.lowIndex; at <= end; at++) dropEntry(row, at);
  if (row.lowIndex <= end) row.lowIndex = (end + 1) as LogIndex;
}

/** The last index the log is known to have had. */
export function lastKnownIndex(row: GroupLedger): LogIndex {
  const last = row.lastIndex ?? row.highIndex;
  return Math.max(last, row.snapshotIndex) as LogIndex;
}

/** From here on, nothing that `ledger` says of any group's newest state is certain (rule 6). */
export function noteUnknownLoss(ledger: Ledger): void {
  ledger.hasUnknownLoss = true;
  for (const row of sortedGroups(ledger)) {
    row.isHardStateInDoubt = true;
    row.isLogInDoubt = true;
    row.lastIndex = null;
  }
}

/** The record that copies a live entry forward. */
export function entryCopy(row: GroupLedger, index: LogIndex): WalRecord {
  const entry = row.entries.get(index);
  assert(entry?.intact === true, 'durable-quorum', 'a lost entry cannot be copied');
  return { kind: 'entry', group: row.group, index, term: entry.term, bytes: entry.bytes };
}

/** The group's hard state as a record: from memory, never from old bytes. */
export function hardStateCopy(row: GroupLedger): WalRecord {
  return { kind: 'hard-state', group: row.group, hardState: row.hardState };
}

export function snapshotCopy(row: GroupLedger): WalRecord {
  return {
    kind: 'snapshot',
    group: row.group,
    index: row.snapshotIndex,
    term: row.snapshotTerm,
  };
}
