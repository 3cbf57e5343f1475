/**
 * Nouns of one group's snapshot files and transfers.
 *
 *   save ────► own lane ──────┐  clear create write… seal sync verify rename sync-directory
 *   receive ─► incoming lane ─┴─────────────────────────────► files ─► load, sends
 *
 * A lane is a temporary file and what is being made of it; the two work side by side. A file gets
 * its name only when it is whole, synced and read back; `files` lists those.
 */
import { assert } from '../../base/assert.ts';
import type { Failure } from '../../base/errors.ts';
import type { GroupId, LogIndex } from '../../base/units.ts';
import type { DiskOperation } from '../disk.ts';
import { CHUNK_BYTES_LIMIT } from './message.ts';
import { incomingTemporary, ownTemporary } from './names.ts';
import type { SnapshotsOut } from './out.ts';
import type {
  Lane,
  LaneKind,
  Load,
  Pending,
  Receipt,
  Save,
  SnapshotFile,
  Transfer,
} from './work.ts';

export interface SnapshotsConfig {
  readonly group: GroupId;
  /** One write, if it is not a single larger piece. */
  readonly writeBytesMax: number;
  /** Bytes that may wait for the disk, in a save or in a receipt. */
  readonly bufferBytesMax: number;
  /** A file in the making is synced at least this often, so that its last sync is short. */
  readonly unsyncedBytesMax: number;
  readonly readBytesMax: number;
  /** Data of one message. */
  readonly chunkBytesMax: number;
  /** Bytes on their way to one receiver. */
  readonly windowBytesMax: number;
  /** Receivers served at once; others wait their turn. */
  readonly sendsMax: number;
  /** An unanswered chunk is sent again after this long. */
  readonly resendMs: number;
  /** A receiver that says nothing for this long is given up. */
  readonly giveUpMs: number;
  /** So is one that talks and gets nowhere; loading what it holds must take less. */
  readonly stallMs: number;
  /** A transfer that failed is not begun again before this. */
  readonly retryMs: number;
  /** A receipt whose sender says nothing for this long is dropped. */
  readonly receiptIdleMs: number;
}

/** How much at once; what a node may be started with. */
export type SnapshotSizes = Pick<
  SnapshotsConfig,
  | 'writeBytesMax'
  | 'bufferBytesMax'
  | 'unsyncedBytesMax'
  | 'readBytesMax'
  | 'chunkBytesMax'
  | 'windowBytesMax'
  | 'sendsMax'
>;

const KIB = 1024;

export const SNAPSHOT_SIZES: SnapshotSizes = {
  writeBytesMax: 1024 * KIB,
  bufferBytesMax: 4096 * KIB,
  unsyncedBytesMax: 2048 * KIB,
  readBytesMax: 4096 * KIB,
  chunkBytesMax: 256 * KIB,
  windowBytesMax: 1024 * KIB,
  sendsMax: 2,
};

export function defaultSnapshotsConfig(group: GroupId): SnapshotsConfig {
  return {
    group,
    ...SNAPSHOT_SIZES,
    resendMs: 500,
    giveUpMs: 5_000,
    stallMs: 120_000,
    retryMs: 1_000,
    receiptIdleMs: 30_000,
  };
}

export interface SnapshotsState {
  readonly config: SnapshotsConfig;
  phase: 'closed' | 'listing' | 'clearing' | 'open' | 'failed';
  failure: Failure | null;
  /** Ordered by index. */
  readonly files: SnapshotFile[];
  /** Files below this may go as soon as nobody reads them. */
  releasedIndex: LogIndex;
  /** Names whose removal is on its way. */
  readonly removals: string[];
  readonly own: Lane;
  readonly incoming: Lane;
  save: Save | null;
  load: Load | null;
  receipt: Receipt | null;
  /** In the order in which they were asked for. */
  readonly transfers: Transfer[];
  nextRound: number;
  nextTicket: number;
  readonly pending: Map<number, Pending>;
}

/** The file is about to have its name, and will. */
export function isNaming({ landing, isBusy }: Lane): boolean {
  return landing?.stage === 'sync-directory' || (landing?.stage === 'rename' && isBusy);
}

function newLane(kind: LaneKind, file: string): Lane {
  return { kind, file, landing: null, isBusy: false, isLittered: false };
}

export function initSnapshots(config: SnapshotsConfig): SnapshotsState {
  const { chunkBytesMax, windowBytesMax } = config;
  assert(chunkBytesMax > 0 && chunkBytesMax <= CHUNK_BYTES_LIMIT, 'internal', 'chunk too large');
  assert(windowBytesMax >= chunkBytesMax, 'internal', 'no chunk fits the window');
  assert(config.bufferBytesMax > 0 && config.sendsMax > 0, 'internal', 'no room for anything');
  return {
    config,
    phase: 'closed',
    failure: null,
    files: [],
    releasedIndex: 0 as LogIndex,
    removals: [],
    own: newLane('own', ownTemporary(config.group)),
    incoming: newLane('incoming', incomingTemporary(config.group)),
    save: null,
    load: null,
    receipt: null,
    transfers: [],
    nextRound: 1,
    nextTicket: 1,
    pending: new Map(),
  };
}

export function submit(
  state: SnapshotsState,
  out: SnapshotsOut,
  operation: DiskOperation,
  pending: Pending,
): void {
  const ticket = state.nextTicket++;
  state.pending.set(ticket, pending);
  out.submissions.push({ ticket, operation });
}

/** Sticky: what the disk holds is unknown, and no later success can mend that. */
export function fail(state: SnapshotsState, detail: string): void {
  if (state.failure !== null) return;
  state.phase = 'failed';
  state.failure = { code: 'DISK_FAILED', detail };
}

export function findFile(state: SnapshotsState, index: LogIndex): SnapshotFile | null {
  return state.files.find((file) => file.index === index) ?? null;
}

/** The newest file of the state as it is: what is merely received is not. Null: none. */
export function newestInForce(state: SnapshotsState): SnapshotFile | null {
  return state.files.findLast((file) => file.standing !== 'received') ?? null;
}

export const isSaving = (state: SnapshotsState): boolean => state.save !== null;

/** Whether a save is under way that has room for more bytes. */
export function wantsBytes(state: SnapshotsState): boolean {
  const { landing } = state.own;
  if (state.phase !== 'open' || landing === null || landing.isComplete) return false;
  return landing.queuedBytes < state.config.bufferBytesMax;
}
