/**
 * The replay: from the bytes of segments, flush by flush, into the ledger.
 *
 * A flush is the next one of the log if its header says that the log ended where the replay stands,
 * and counted as many records. So neither a blank nor a bad flush between two good ones is skipped.
 */
import { fromHex } from '../../base/bytes.ts';
import type { DiskOperation } from '../disk.ts';
import type { FlushHeader, Position } from './flush.ts';
import { comparePositions, flushBytes, LOG_START, readFlushHeader } from './flush.ts';
import type { Segment } from './ledger.ts';
import { applyRecord, groupOf } from './ledger.ts';
import { readFlushRecords } from './payload.ts';
import type { LoggedRecord } from './record.ts';
import type { WalOut, WalState } from './state.ts';
import { submit } from './state.ts';

export interface LoadedSegment {
  readonly segment: Segment;
  readonly salt: number;
  readonly bytes: Uint8Array;
}

/** What lay behind `end` when it was read for the last time. */
export interface Suspicion {
  readonly crc: number;
  readonly readings: number;
}

export interface Recovery {
  readonly storeIdBytes: Uint8Array;
  /** Segments that are not known to be dead, in order. */
  files: Segment[];
  /** Files that hold nothing we need. */
  readonly deadFiles: string[];
  /** The segment that holds the end of the replay, then those behind it that were read. */
  readonly loaded: LoadedSegment[];
  nextFile: number;
  /** Where the segment being read goes on. */
  reading: { readonly target: LoadedSegment; at: number } | null;
  /** Everything behind `end` is being read again: what it came to last time; null: not yet. */
  suspicion: Suspicion | null;
  /** No flush has been replayed: the first one may go on from a segment that is gone. */
  isAtStart: boolean;
  /** End of the replay. */
  end: Position;
  /** Records up to `end`; -1 while unknown. */
  ordinal: number;
  /** What the newest headers say. */
  durableThrough: Position;
  firstLive: number;
  groupCount: number;
  /** Bad flushes that had been synced. */
  readonly damagedAt: Position[];
  damagedThrough: number;
  /** Something unsynced was cut off. */
  isTorn: boolean;
  /** What is left to do on disk, one after another. */
  readonly plan: DiskOperation[];
}

export function newRecovery(state: WalState, files: Segment[], deadFiles: string[]): Recovery {
  const first = files[0];
  return {
    storeIdBytes: fromHex(state.config.storeId),
    files,
    deadFiles,
    loaded: [],
    nextFile: 0,
    reading: null,
    suspicion: null,
    isAtStart: true,
    end: first === undefined ? LOG_START : { sequence: first.sequence, offset: 0 },
    ordinal: (first?.sequence ?? 1) === 1 ? 0 : -1,
    durableThrough: LOG_START,
    firstLive: 0,
    groupCount: 0,
    damagedAt: [],
    damagedThrough: 0,
    isTorn: false,
    plan: [],
  };
}

export function submitRecovery(state: WalState, out: WalOut, operation: DiskOperation): void {
  submit(state, out, operation, { kind: 'recovery', operation });
}

/** Replays the flush at `end`, or the first one of the next segment if it goes on from there. */
export function replayNext(state: WalState, recovery: Recovery): boolean {
  const [head, next] = recovery.loaded;
  if (replayAt(state, recovery, head!, recovery.end.offset)) return true;
  if (next === undefined || !replayAt(state, recovery, next, 0)) return false;
  recovery.loaded.shift();
  return true;
}

function replayAt(state: WalState, recovery: Recovery, loaded: LoadedSegment, at: number): boolean {
  const { segment, bytes, salt } = loaded;
  const header = readFlushHeader(bytes, at, recovery.storeIdBytes, segment.sequence);
  if (header === null || !goesOn(recovery, header)) return false;
  const records = readFlushRecords(bytes, header, salt);
  if (records === null) return false;
  replayRecords(state, recovery, records, segment);
  passFlush(recovery, header);
  return true;
}

/** Whether the flush is the next one of the log. */
export function goesOn(recovery: Recovery, header: FlushHeader): boolean {
  if (recovery.isAtStart && comparePositions(header.position, recovery.end) === 0) return true;
  if (comparePositions(header.previousEnd, recovery.end) !== 0) return false;
  return recovery.ordinal < 0 || header.ordinal === recovery.ordinal;
}

/** Moves the end of the replay behind the flush. */
export function passFlush(recovery: Recovery, header: FlushHeader): void {
  const { sequence, offset } = header.position;
  recovery.isAtStart = false;
  recovery.end = { sequence, offset: offset + flushBytes(header.payloadBytes) };
  recovery.ordinal = header.ordinal + header.count;
  recovery.durableThrough = header.durableThrough;
  recovery.firstLive = Math.max(recovery.firstLive, header.firstLive);
  recovery.groupCount = Math.max(recovery.groupCount, header.groupCount);
}

/** A record that contradicts the log is damage that no CRC saw: the group is lost. */
export function replayRecords(
  state: WalState,
  recovery: Recovery,
  records: readonly LoggedRecord[],
  segment: Segment,
): void {
  for (const logged of records) {
    if (applyRecord(state.ledger, logged, segment)) continue;
    const row = groupOf(state.ledger, logged.record.group);
    row.isLogInDoubt = true;
    row.isHardStateInDoubt = true;
    row.lastIndex = null;
    recovery.damagedAt.push(recovery.end);
    recovery.damagedThrough = Math.max(recovery.damagedThrough, segment.sequence);
  }
}
