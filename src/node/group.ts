/**
 * One Raft group on this node: its log machine, its state machine, and what waits for them.
 *
 *   gathered this turn → proposed (waiting, by index) → applied → answered
 *                      ↘ reads asked (by id) → safe (by index) → answered
 */
import {
  type GroupId,
  type LogIndex,
  type Millis,
  millis,
  type Term,
  ZERO_INDEX,
} from '../base/units.ts';
import type { HashesState } from '../core/hashes/state.ts';
import { RaftOut, type SafeRead } from '../core/raft/out.ts';
import type { RaftState } from '../core/raft/state.ts';
import type { SnapshotsState } from '../core/snapshots/state.ts';
import type { StoreState } from '../core/store/state.ts';
import type { Member, SnapshotMeta } from '../core/types.ts';
import { ReadGather, type ReadRows, type Rows, WriteGather } from './batch.ts';
import type { ForwardStream } from './forward-stream.ts';
import { Held } from './held.ts';

/** A proposed entry whose askers wait for it to be applied. */
export interface WaitingEntry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly since: Millis;
  /** In microseconds, for operators. */
  readonly proposedAt: number;
  readonly writes: Rows;
  /** Reads of the same turn, evaluated between its commands. */
  readonly reads: ReadRows | null;
}

export interface WaitingRead {
  readonly id: number;
  readonly since: Millis;
  readonly reads: ReadRows;
}

export interface SafeReads {
  readonly index: LogIndex;
  readonly reads: ReadRows;
}

/** Requests that came while nobody knew the leader. */
export interface Parked {
  readonly since: Millis;
  readonly owner: number;
  readonly slot: number;
  readonly operation: number;
  readonly command: Uint8Array;
}

/** A state that is lost or wrong, until a leader's snapshot has replaced it. */
export interface Rebuild {
  readonly code: 'SNAPSHOT_DAMAGED' | 'STATE_DIVERGED';
  readonly detail: string;
  askAt: Millis;
}

export interface Group {
  readonly id: GroupId;
  readonly raft: RaftState;
  readonly raftOut: RaftOut;
  readonly store: StoreState;
  readonly files: SnapshotsState;
  readonly held: Held;
  readonly writes: WriteGather;
  readonly reads: ReadGather;
  readonly staleReads: ReadGather;
  /** By index, as a rule. */
  waiting: WaitingEntry[];
  /** An index of `waiting` may come twice, and later ones may have lower indices. */
  isWaitingMixed: boolean;
  /** By id, oldest first. */
  asked: WaitingRead[];
  /** Confirmed, by index. */
  safe: SafeReads[];
  parked: Parked[];
  /** Requests passed on to another node that leads. */
  stream: ForwardStream | null;
  nextReadId: number;
  /** Raft's word on reads, and members it wants to bring up by snapshot: for this turn's pages. */
  confirmed: SafeRead[];
  unconfirmed: number[];
  snapshotsWanted: Member[];
  /** Committed and durable here; may be applied. */
  applyThrough: LogIndex;
  /** Raft's ticket of this turn's records; 0: none. */
  turnTicket: number;
  /** Which of the node's tickets carried which of Raft's, oldest first. */
  tickets: { readonly node: number; readonly raft: number }[];
  /** Snapshot marks on their way to the disk: when durable, the WAL may forget what lies below. */
  /** The newest durable mark that the snapshot files have not been told of; 0: none. */
  releasable: LogIndex;
  isSnapshotWanted: boolean;
  /** The newest file cannot be read back: another is taken even if nothing has changed. */
  isSnapshotDamaged: boolean;
  /** After a failed save, not before this. */
  saveAt: Millis;
  /** Bytes of entries in memory that the last snapshot covers: they call for no other. */
  trailingBytes: number;
  /** What the log had given the disk when the last snapshot was begun. */
  snapshotAtBytes: number;
  /** The same at the last slice: a slice is larger when much was written since. */
  seenLogBytes: number;
  /** By how much slices are larger than configured, after abandoned attempts. */
  sliceFactor: number;
  readonly hashes: HashesState;
  /** Up to here the state is another node's work. */
  installedIndex: LogIndex;
  /** Null while the state is sound. */
  rebuild: Rebuild | null;
  /** A leader's snapshot is being loaded. */
  installing: { readonly meta: SnapshotMeta; readonly from: Member } | null;
  marks: { readonly raftTicket: number; readonly index: LogIndex }[];
}

export interface GroupParts {
  readonly raft: RaftState;
  readonly store: StoreState;
  readonly files: SnapshotsState;
  readonly hashes: HashesState;
}

export function newGroup({ raft, store, files, hashes }: GroupParts): Group {
  return {
    id: raft.config.group,
    raft,
    raftOut: new RaftOut(),
    store,
    files,
    held: new Held(),
    writes: new WriteGather(),
    reads: new ReadGather(),
    staleReads: new ReadGather(),
    waiting: [],
    isWaitingMixed: false,
    asked: [],
    safe: [],
    parked: [],
    stream: null,
    nextReadId: 1,
    confirmed: [],
    unconfirmed: [],
    snapshotsWanted: [],
    applyThrough: raft.appliedIndex,
    turnTicket: 0,
    tickets: [],
    marks: [],
    releasable: ZERO_INDEX,
    isSnapshotWanted: false,
    isSnapshotDamaged: false,
    saveAt: millis(0),
    trailingBytes: 0,
    snapshotAtBytes: 0,
    seenLogBytes: 0,
    sliceFactor: 1,
    hashes,
    installedIndex: ZERO_INDEX,
    rebuild: null,
    installing: null,
  };
}

/** Whether requests of this group are executed here. */
export const isLeading = (group: Group): boolean => group.raft.role === 'leader';
