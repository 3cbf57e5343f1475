/** The outbox: what the driver is to do, and what came of what it asked for. */
import type { Failure } from '../../base/errors.ts';
import type { LogIndex } from '../../base/units.ts';
import type { DiskSubmission } from '../disk.ts';
import type { Member, SnapshotMeta } from '../types.ts';

export interface OutgoingMessage {
  readonly to: Member;
  readonly type: number;
  /** The body, back to back; frozen. */
  readonly parts: readonly Uint8Array[];
}

export interface LoadEnd {
  readonly index: LogIndex;
  /** What was loaded; null if it failed. */
  readonly meta: SnapshotMeta | null;
  readonly failure: Failure | null;
}

export interface SentSnapshot {
  readonly to: Member;
  readonly index: LogIndex;
  readonly isInstalled: boolean;
}

/** The outbox. Lanes in the order in which the driver must honour them. */
export interface SnapshotsOut {
  /** Sticky: the disk cannot be trusted and the node must stop. */
  failed: Failure | null;
  submissions: DiskSubmission[];
  /** The directory is known; everything else may be asked for from now on. */
  opened: boolean;
  /** Our own snapshot is durable: its mark may go to the WAL. */
  saved: SnapshotMeta | null;
  /** The save is given up; the snapshots before it are as they were. */
  saveFailed: { readonly index: LogIndex; readonly failure: Failure } | null;
  /** The load begins, perhaps anew: what came before is void. */
  loadBegun: boolean;
  /** Content in order. Worth nothing before `loadDone` says so. */
  loaded: Uint8Array[];
  loadDone: LoadEnd | null;
  /** A leader's snapshot is durable here: `load` it, tell Raft, then `installed`; or `rejected`. */
  received: { readonly meta: SnapshotMeta; readonly from: Member } | null;
  messages: OutgoingMessage[];
  sent: SentSnapshot[];
  /** The newest file cannot be read back: take another snapshot. 0: no complaint. */
  damaged: LogIndex;
}

export function newSnapshotsOut(): SnapshotsOut {
  return {
    failed: null,
    submissions: [],
    opened: false,
    saved: null,
    saveFailed: null,
    loadBegun: false,
    loaded: [],
    loadDone: null,
    received: null,
    messages: [],
    sent: [],
    damaged: 0 as LogIndex,
  };
}

export function clearSnapshotsOut(out: SnapshotsOut): void {
  out.failed = null;
  out.submissions = [];
  out.opened = false;
  out.saved = null;
  out.saveFailed = null;
  out.loadBegun = false;
  out.loaded = [];
  out.loadDone = null;
  out.received = null;
  out.messages = [];
  out.sent = [];
  out.damaged = 0 as LogIndex;
}
