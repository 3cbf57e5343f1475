/**
 * Nouns of the write-ahead log.
 *
 *   append → queue → flush in flight → done → (in order) applied to the ledger, reported durable
 *
 *   segments:  [ 7: live ][ 8: live ][ 9: tail ]  [ 10: spare, zeroed ]   retired: 6
 *                                     ^ end
 *
 * Files are named after their sequence, which is never used twice. A segment is created under
 * another name, zero-filled, synced, renamed, and its directory synced, before anything is written.
 */

import { assert } from '../../base/assert.ts';
import { Distribution } from '../../base/distribution.ts';
import type { Failure } from '../../base/errors.ts';
import { clearList } from '../../base/lists.ts';
import type { GroupId, LogIndex, Millis, StoreId, Ticket } from '../../base/units.ts';
import { NEVER, ZERO_TICKET } from '../../base/units.ts';
import type { DiskCompletion, DiskOperation, DiskSubmission } from '../disk.ts';
import type { Durability, MissingEntry, RecoveredGroup, WalRecord } from '../types.ts';
import type { Position } from './flush.ts';
import { BLOCK_BYTES, LOG_START } from './flush.ts';
import type { Ledger, Segment } from './ledger.ts';
import { newLedger } from './ledger.ts';
import type { LoggedRecord } from './record.ts';
import type { Recovery } from './replay.ts';

export interface WalConfig {
  readonly storeId: StoreId;
  /** Size of a segment: two blocks of 4096 or more. A flush with no room in it gets a larger one. */
  readonly segmentBytes: number;
  readonly flushesInFlightMax: number;
  /** A silent log covers its last flush with a mark after this long. */
  readonly idleMarkMs: number;
  readonly durability: Durability;
  /** 1: the next segment is made while this one fills. 0: only when it is needed. */
  readonly zeroedAheadMax: 0 | 1;
  /** Payload of one flush; a single larger record still passes. */
  readonly flushBytesMax: number;
  /** Bytes of records that may wait; `queueRoomBytes` says what is left. */
  readonly queueBytesMax: number;
  /** What may come on top without asking: votes, truncations, marks, headers of records. */
  readonly queueHeadroomBytes: number;
  /** One read of recovery. */
  readonly readBytesMax: number;
}

/** How much at once; what a node may be started with, besides its segments. */
export type WalSizes = Pick<
  WalConfig,
  'zeroedAheadMax' | 'flushBytesMax' | 'queueBytesMax' | 'queueHeadroomBytes' | 'readBytesMax'
>;

const MIB = 1024 * 1024;

export const WAL_SIZES: WalSizes = {
  zeroedAheadMax: 1,
  flushBytesMax: 4 * MIB,
  queueBytesMax: 64 * MIB,
  queueHeadroomBytes: 32 * MIB,
  readBytesMax: MIB,
};

export function defaultWalConfig(storeId: StoreId): WalConfig {
  return {
    storeId,
    segmentBytes: 32 * MIB,
    flushesInFlightMax: 1,
    idleMarkMs: 1000,
    durability: 'durable',
    ...WAL_SIZES,
  };
}

export type WalEvent =
  /** Starts recovery; once. */
  | { readonly kind: 'open' }
  | { readonly kind: 'disk'; readonly completion: DiskCompletion }
  /** Tickets strictly increase. Legal only while `isWalReady`. The bytes of entries are frozen. */
  | {
      readonly kind: 'append';
      readonly ticket: Ticket;
      readonly records: readonly WalRecord[];
    }
  | { readonly kind: 'tick' }
  | { readonly kind: 'durability'; readonly durability: Durability }
  /** Entries at or below `index` are not needed, as far as a durable snapshot mark says so too. */
  | { readonly kind: 'release'; readonly group: GroupId; readonly index: LogIndex }
  /** Entries from a peer for what `recovered.damage` named. Others are ignored. */
  | { readonly kind: 'repair'; readonly entries: readonly Uint8Array[] };

export interface WalDamage {
  /** False: something is lost that no peer can name; the store must be formatted anew. */
  readonly isRepairable: boolean;
  /** Ask any peer for these and hand them in with `repair`; empty: `repair` with none will do. */
  readonly missing: readonly MissingEntry[];
  /** Groups whose newest hard state may be lost. */
  readonly lostHardStates: readonly GroupId[];
  /** Groups of whose log some records are lost beyond naming. */
  readonly lostLogs: readonly GroupId[];
  /** Where the bad flushes stand. */
  readonly positions: readonly Position[];
}

export interface WalRecovery {
  /** clean: the log ends where it was last written. torn: an unsynced tail was cut off. */
  readonly verdict: 'clean' | 'torn' | 'damaged';
  /** Sorted by group. Empty when damaged: nothing may be built on it. */
  readonly groups: readonly RecoveredGroup[];
  readonly damage: WalDamage | null;
}

/** The outbox. Lanes in the order in which the driver must honour them. */
export interface WalOut {
  /** The log is dead: nothing is durable from now on. Repeated for every later append. */
  failed: Failure | null;
  submissions: DiskSubmission[];
  recovered: WalRecovery | null;
  /** The damaged log is whole again, and appends are welcome. */
  repaired: readonly RecoveredGroup[] | null;
  /** All tickets up to this one are durable; 0: nothing new. */
  durable: Ticket;
}

export function newWalOut(): WalOut {
  return { failed: null, submissions: [], recovered: null, repaired: null, durable: ZERO_TICKET };
}

export function clearWalOut(out: WalOut): void {
  out.failed = null;
  clearList(out.submissions);
  out.recovered = null;
  out.repaired = null;
  out.durable = ZERO_TICKET;
}

/** Written, not yet done, or done but waiting for an earlier one. */
export interface Flush {
  readonly segment: Segment;
  readonly end: Position;
  readonly records: readonly LoggedRecord[];
  readonly isSynced: boolean;
  /** What its header claims to be the lowest live sequence. */
  readonly firstLive: number;
  isDone: boolean;
}

/** A segment being made, one step after another. */
export interface Making {
  step: 'rename-source' | 'create' | 'sync' | 'rename' | 'sync-directory' | 'remove';
  readonly sequence: number;
  readonly bytes: number;
  /** The file to make it of; null: a new one. */
  readonly source: string | null;
}

/** What an outstanding disk ticket is about. */
export type Pending =
  | { readonly kind: 'flush'; readonly flush: Flush }
  | { readonly kind: 'barrier'; readonly end: Position }
  | { readonly kind: 'making' }
  | { readonly kind: 'removal' }
  | { readonly kind: 'recovery'; readonly operation: DiskOperation };

/** A live thing that waits to be copied forward. */
export interface CopyCandidate {
  readonly group: GroupId;
  readonly what: 'hard-state' | 'snapshot' | 'entry';
  readonly index: LogIndex;
}

export interface WalStats {
  flushes: number;
  syncs: number;
  marks: number;
  records: number;
  copiedRecords: number;
  writtenBytes: number;
  segmentsMade: number;
  /** Entries of a flush, copies left out. */
  readonly flushEntries: Distribution;
}

export const FLUSH_ENTRIES_EDGES: readonly number[] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export interface WalState {
  readonly config: WalConfig;
  phase: 'closed' | 'recovering' | 'damaged' | 'healing' | 'ready' | 'failed';
  failure: Failure | null;
  durability: Durability;
  recovery: Recovery | null;
  ledger: Ledger;
  /** What can be lost in `damaged` and is being written anew in `healing`. */
  damage: WalDamage | null;
  /** The highest sequence that holds damage; 0: none. */
  damagedThrough: number;

  /** In the order of the log; the last one takes the flushes. */
  readonly segments: Segment[];
  spare: Segment | null;
  making: Making | null;
  /** When to try again to make a segment, after the disk was full. */
  retryAt: Millis;
  /** Files of dead segments. */
  readonly retired: { readonly file: string; readonly bytes: number }[];
  /** Higher than every sequence seen. */
  nextSequence: number;

  readonly queue: LoggedRecord[];
  queuedBytes: number;
  lastTicket: Ticket;
  /** In the order of the log. */
  readonly flushes: Flush[];
  /** End of what was handed to the disk. */
  end: Position;
  /** End of the flushes that are done, and of those known synced. */
  doneEnd: Position;
  durableEnd: Position;
  /** With `unsafe`: the segment that holds flushes done but not synced. */
  unsyncedSegment: Segment | null;
  isBarrierInFlight: boolean;
  durableTicket: Ticket;
  /** Records logged by this store so far. */
  ordinal: number;

  /** The lowest live sequence that a durable flush header names: below it files may go. */
  claimedFirstLive: number;
  /** The last durable flush has something in it that no later header covers. */
  isLastFlushUncovered: boolean;
  markAt: Millis;
  /** The mark is due, and waits for a segment or a sync that is under way. */
  isMarkWaiting: boolean;
  readonly copies: CopyCandidate[];
  copiesInFlight: number;
  /** Copies stand for segments up to this one; the tail must lie past it. */
  copyThrough: number;
  /** Bytes of the caller's records since the last choice of copies. */
  copyCreditBytes: number;

  nextDiskTicket: number;
  readonly pending: Map<number, Pending>;
  /** One block of zeros; written, never changed. */
  readonly zeros: Uint8Array;
  readonly stats: WalStats;
}

export function initialState(config: WalConfig): WalState {
  const { segmentBytes } = config;
  const isWhole = segmentBytes % BLOCK_BYTES === 0 && segmentBytes >= 2 * BLOCK_BYTES;
  assert(isWhole, 'internal', 'a segment is two blocks or more');
  return {
    config,
    phase: 'closed',
    failure: null,
    durability: config.durability,
    recovery: null,
    ledger: newLedger(),
    damage: null,
    damagedThrough: 0,
    segments: [],
    spare: null,
    making: null,
    retryAt: NEVER,
    retired: [],
    nextSequence: 1,
    queue: [],
    queuedBytes: 0,
    lastTicket: ZERO_TICKET,
    flushes: [],
    end: LOG_START,
    doneEnd: LOG_START,
    durableEnd: LOG_START,
    unsyncedSegment: null,
    isBarrierInFlight: false,
    durableTicket: ZERO_TICKET,
    ordinal: 0,
    claimedFirstLive: 0,
    isLastFlushUncovered: false,
    markAt: NEVER,
    isMarkWaiting: false,
    copies: [],
    copiesInFlight: 0,
    copyThrough: 0,
    copyCreditBytes: 0,
    nextDiskTicket: 1,
    pending: new Map(),
    zeros: new Uint8Array(BLOCK_BYTES),
    stats: {
      flushes: 0,
      syncs: 0,
      marks: 0,
      records: 0,
      copiedRecords: 0,
      writtenBytes: 0,
      segmentsMade: 0,
      flushEntries: new Distribution(FLUSH_ENTRIES_EDGES),
    },
  };
}

/** Hands `operation` to the disk under a ticket of ours. */
export function submit(
  state: WalState,
  out: WalOut,
  operation: DiskOperation,
  pending: Pending,
): void {
  const ticket = state.nextDiskTicket++;
  state.pending.set(ticket, pending);
  out.submissions.push({ ticket, operation });
}

/** Sticky: what the disk holds is unknown, and no later success can mend that. */
export function fail(state: WalState, out: WalOut, detail: string): void {
  if (state.phase !== 'failed') {
    state.phase = 'failed';
    state.failure = { code: 'DISK_FAILED', detail };
    clearList(state.queue);
    state.queuedBytes = 0;
    state.markAt = NEVER;
    state.retryAt = NEVER;
  }
  out.failed = state.failure;
}

const SEGMENT_NAME = /^wal-([0-9a-f]{16})\.segment$/;
/** The one segment in the making. */
export const MAKING_FILE = 'wal-next.tmp';

export function segmentFile(sequence: number): string {
  return `wal-${sequence.toString(16).padStart(16, '0')}.segment`;
}

/** The sequence that a file's name tells; 0: not a segment. */
export function sequenceOf(file: string): number {
  const match = SEGMENT_NAME.exec(file);
  return match === null ? 0 : Number.parseInt(match[1]!, 16);
}

export const tailOf = (state: WalState): Segment | null => state.segments.at(-1) ?? null;

export const isWalReady = (state: WalState): boolean => state.phase === 'ready';

/**
 * Bytes of records that may still be appended now. Ask before entries are appended, counting what
 * was promised since the last append; records of other kinds pass.
 */
export function queueRoomBytes(state: WalState): number {
  return Math.max(0, state.config.queueBytesMax - state.queuedBytes);
}

/** Bytes of live records: what a snapshot could free at most. */
export function liveBytes(state: WalState): number {
  let bytes = 0;
  for (const segment of state.segments) bytes += segment.liveBytes;
  return bytes;
}

/**
 * Bytes of segments that hold something, or lie between such, and of what waits for them: what
 * only a release makes less. The rest of the tail is not in it, nor a segment that is not in use.
 */
export function usedBytes(state: WalState): number {
  const tail = tailOf(state);
  let bytes = state.queuedBytes;
  for (const segment of state.segments)
    bytes += segment === tail ? segment.usedBytes : segment.bytes;
  return bytes;
}

/** Bytes of disk the log takes. Bound it by snapshots and `release`. */
export function footprintBytes(state: WalState): number {
  let bytes = (state.spare?.bytes ?? 0) + (state.making?.bytes ?? 0);
  for (const segment of state.segments) bytes += segment.bytes;
  for (const file of state.retired) bytes += file.bytes;
  return bytes;
}

/** The most that `queuedBytes` may come to. */
export const queueBoundBytes = ({ config }: WalState): number =>
  config.queueBytesMax + config.queueHeadroomBytes;

/** Bytes that can be written before the disk must give more: the node's watermark looks here. */
export function reservedBytes(state: WalState): number {
  const tail = tailOf(state);
  return (tail === null ? 0 : tail.bytes - tail.usedBytes) + (state.spare?.bytes ?? 0);
}
