/**
 * The store's nouns: configuration, state, events, outbox.
 *
 * What apply decides by stands in the first block of StoreState and is the same on every replica at
 * the same index. The second block is this node's own: it never reaches a result.
 */

import { Wyhash } from '../../base/hash.ts';
import type { Scout } from '../../base/scout.ts';
import type { LogIndex, Term } from '../../base/units.ts';
import { type CommandView, newCommandView } from '../command.ts';
import { ResultLane, type Room } from '../results.ts';
import type { Configuration, Settings, SnapshotMeta } from '../types.ts';
import { newRecordView, type RecordView } from './record.ts';
import { Sessions } from './sessions.ts';
import { Slab } from './slab.ts';
import type { SnapshotFault } from './snapshot-format.ts';
import type { SnapshotReader } from './snapshot-reader.ts';
import type { SnapshotWriter } from './snapshot-writer.ts';
import { Table, tableHash } from './table.ts';

export interface StoreConfig {
  readonly group: number;
  /** The memory port: a zeroed region. Throws when there is none. */
  readonly allocate: (bytes: number) => Uint8Array;
  /** Of the memory port too; nothing that apply decides depends on it. */
  readonly scout: Scout | null;
  /** A power of two, 64 KiB to 1 GiB. */
  readonly regionBytes: number;
  /**
   * Keys, and again sessions, that one entry removes because their time is over. The same on every
   * replica: apply depends on it, so snapshots name it and refuse another.
   */
  readonly expiredPerEntryMax: number;
  /** Old forms that a snapshot may keep in memory until its next slice. */
  readonly preimageBytesMax: number;
}

export const STORE_DEFAULTS = {
  regionBytes: 1024 * 1024 * 1024,
  expiredPerEntryMax: 256,
  preimageBytesMax: 64 * 1024 * 1024,
} as const;

/** Reads as commands (command.ts), back to back from byte 0. */
export interface ReadBatch {
  readonly bytes: Uint8Array;
  /** How many of `bytes` count. */
  readonly used: number;
  readonly count: number;
  /** How many commands of the entry come before each read, ascending; unused outside an entry. */
  readonly ordinals: Uint32Array<ArrayBuffer>;
}

export type StoreEvent =
  /** A committed entry, header and body as in entry.ts, and the reads between its commands. */
  | { readonly kind: 'apply'; readonly entry: Uint8Array; readonly reads: ReadBatch | null }
  /** Reads between entries. `stampNow` is the stamp that would be written now; TTL counts from it. */
  | { readonly kind: 'read'; readonly batch: ReadBatch; readonly stampNow: number }
  /** Begins a snapshot of the state as it is; one under way is abandoned. */
  | { readonly kind: 'snapshot-begin'; readonly meta: SnapshotMeta }
  /** Asks for at most `bytesMax` more bytes of it. */
  | { readonly kind: 'snapshot-slice'; readonly bytesMax: number }
  | { readonly kind: 'snapshot-abort' }
  /** Begins to load a snapshot beside the state. `rebuild`: the index may go back. */
  | { readonly kind: 'load-begin'; readonly rebuild: boolean }
  | { readonly kind: 'load'; readonly bytes: Uint8Array }
  /** Puts what was loaded in place of the state, if all of it was right. */
  | { readonly kind: 'load-end' }
  | { readonly kind: 'load-abort' }
  /** Work that may wait; `budget` is about a number of records. */
  | { readonly kind: 'background'; readonly budget: number };

export interface StoreState {
  readonly config: StoreConfig;

  /** Null until entry 1. */
  settings: Settings | null;
  /** The last configuration applied; null until entry 1. */
  configuration: Configuration | null;
  appliedIndex: LogIndex;
  appliedTerm: Term;
  /** Stamp of the last entry. */
  logTime: number;
  /** Advances with every command that changed state. */
  revision: number;
  /** The state hash after the last entry (chain.ts). */
  chainHigh: number;
  chainLow: number;
  table: Table;
  sessions: Sessions;

  readonly slab: Slab;
  /** Tables swapped out, waiting to be freed in slices; the oldest first. */
  retired: RetiredTable[];
  snapshot: SnapshotWriter | null;
  /** Snapshots begun so far. */
  snapshotCount: number;
  /** A snapshot ran out of room since the last slice was asked for. */
  snapshotAbandoned: boolean;
  loading: SnapshotReader | null;
  /** Where the scrub goes on: upper half of h. */
  scrubHigh: number;
  /** The shard that is looked at next for being roomy. */
  shrinkShard: number;
  readonly scratch: Scratch;
}

/** A table of which the shards before `shard`, and the slots from `slot` on, are freed. */
export interface RetiredTable {
  readonly table: Table;
  shard: number;
  slot: number;
}

/** Reused objects: none of them means anything between two steps. */
export interface Scratch {
  readonly command: CommandView;
  readonly read: CommandView;
  readonly record: RecordView;
  readonly write: RecordWrite;
  readonly chainHash: Wyhash;
  chainBytes: Uint8Array;
  scanBytes: Uint8Array;
}

/** A record to be written: the value is `head` followed by `tail`. */
export interface RecordWrite {
  key: Uint8Array;
  keyAt: number;
  keyBytes: number;
  head: Uint8Array;
  headAt: number;
  headBytes: number;
  tail: Uint8Array;
  tailAt: number;
  tailBytes: number;
  deadline: number;
  revision: number;
}

export interface StoreOut {
  /** A row per command of the entry, in order. */
  readonly writes: ResultLane;
  /** A row per read, in order. */
  readonly reads: ResultLane;
  /** The snapshot's next bytes; frozen from now on. */
  snapshot: Uint8Array | null;
  /** `snapshot` is the last of it. */
  snapshotDone: boolean;
  /** The snapshot asked for is given up: too much changed between two slices. */
  snapshotAbandoned: boolean;
  /** What the state now stands for. */
  loaded: SnapshotMeta | null;
  /** Why the snapshot that is being loaded is refused. */
  failed: SnapshotFault | null;
}

/** `room`: what is left free in front of what reads answer; `bytesMax`: of values, in each lane. */
export function newStoreOut(room?: Room, bytesMax?: number): StoreOut {
  return {
    writes: new ResultLane(undefined, bytesMax),
    reads: new ResultLane(room, bytesMax),
    snapshot: null,
    snapshotDone: false,
    snapshotAbandoned: false,
    loaded: null,
    failed: null,
  };
}

export function clearStoreOut(out: StoreOut): void {
  out.writes.clear();
  out.reads.clear();
  out.snapshot = null;
  out.snapshotDone = false;
  out.snapshotAbandoned = false;
  out.loaded = null;
  out.failed = null;
}

/** The table seed before entry 1 names one; nothing is ever stored under it. */
const NO_SEED = '0000000000000000';

export function initStore(config: StoreConfig): StoreState {
  const slab = new Slab(config.allocate, config.regionBytes, config.scout);
  return {
    config,
    settings: null,
    configuration: null,
    appliedIndex: 0 as LogIndex,
    appliedTerm: 0 as Term,
    logTime: 0,
    revision: 0,
    chainHigh: 0,
    chainLow: 0,
    table: new Table(slab, tableHash(NO_SEED)),
    sessions: new Sessions(),
    slab,
    retired: [],
    snapshot: null,
    snapshotCount: 0,
    snapshotAbandoned: false,
    loading: null,
    scrubHigh: 0,
    shrinkShard: 0,
    scratch: newScratch(),
  };
}

function newScratch(): Scratch {
  const none = new Uint8Array(0);
  return {
    command: newCommandView(),
    read: newCommandView(),
    record: newRecordView(),
    write: {
      key: none,
      keyAt: 0,
      keyBytes: 0,
      head: none,
      headAt: 0,
      headBytes: 0,
      tail: none,
      tailAt: 0,
      tailBytes: 0,
      deadline: 0,
      revision: 0,
    },
    chainHash: new Wyhash(0, 0),
    chainBytes: new Uint8Array(256),
    scanBytes: new Uint8Array(1024),
  };
}

/** Keys held, those whose deadline has passed but which are not yet removed included. */
export const liveKeys = (state: StoreState): number => state.table.keys;

/** Σ(key + value + 64): what the quota bounds. */
export const logicalBytes = (state: StoreState): number => state.table.logicalBytes;

/** The earliest deadline of a key: once the stamp is past it, an entry would remove something. */
export const earliestDeadline = (state: StoreState): number => state.table.earliestDeadline();

/** The content's digest: every record and every session, whatever order they came in. */
export function contentDigest(state: StoreState): { readonly high: number; readonly low: number } {
  const records = state.table.digest();
  return {
    high: (records.high + state.sessions.digest.high) >>> 0,
    low: (records.low + state.sessions.digest.low) >>> 0,
  };
}
