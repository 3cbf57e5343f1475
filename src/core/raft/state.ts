/**
 * The nouns of Raft (thesis figure 3.1, and chapters 4, 6 and 9 for what goes beyond it).
 *
 * 1. Hard state and log are what the disk is told to keep; `hardStateTicket` and the log's tickets
 *    say under which write they went out, `durableTicket` says which writes the disk has confirmed.
 * 2. Everything below "volatile" is lost in a crash and must be safe to lose.
 * 3. Role-specific state is null in every other role.
 */
import type { Prng } from '../../base/prng.ts';
import {
  type GroupId,
  type LogIndex,
  type Millis,
  NOBODY,
  type NodeId,
  type Term,
} from '../../base/units.ts';
import type { Configuration, Durability, HardState, Member } from '../types.ts';
import type { Log } from './log.ts';

/** What an operator may tune, the same in every group of a node. */
export interface RaftTuning {
  /** The shortest election timeout; each is drawn from [electionTimeoutMs, 2 × electionTimeoutMs). */
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Bounds of one append message. One entry always fits. */
  readonly appendBytesMax: number;
  readonly appendEntriesMax: number;
  /** Bounds of what may be sent to one follower beyond what it acknowledged. */
  readonly inflightBytesMax: number;
  readonly inflightEntriesMax: number;
  /** Bound of proposed, uncommitted bytes; beyond it proposals are refused. */
  readonly uncommittedBytesMax: number;
  /** Read rounds that may wait for confirmation; beyond it reads are refused. */
  readonly readsMax: number;
  /** Entries kept behind a snapshot, so that a slow follower need not take the snapshot. */
  readonly trailingEntries: number;
  /** The same in bytes: an entry is a whole turn and may be large. */
  readonly trailingBytesMax: number;
  /** How far a wall clock may be off the cluster's before its node stops campaigning. */
  readonly clockSkewMsMax: number;
}

export interface RaftConfig extends RaftTuning {
  readonly group: GroupId;
  readonly self: Member;
  readonly seed: readonly number[];
  /** What the disk gave back; a fresh store has term 0, no snapshot and no entries. */
  readonly hardState: HardState;
  readonly snapshotIndex: LogIndex;
  readonly snapshotTerm: Term;
  /** Log time at snapshotIndex. */
  readonly snapshotStamp: number;
  /** The configuration in force at snapshotIndex. */
  readonly configuration: Configuration;
  readonly entries: readonly Uint8Array[];
  readonly durability: Durability;
}

/** Transitions are listed in roles.ts; every one made is checked against that table. */
export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

export type ProgressMode = 'probe' | 'replicate' | 'snapshot';

/** What a leader knows of one member's log. */
export interface Progress {
  readonly member: Member;
  /** Highest index known to be durable there and equal to ours. */
  matchIndex: LogIndex;
  /** Next index to send. In replicate mode it runs ahead of the acknowledgements. */
  nextIndex: LogIndex;
  mode: ProgressMode;
  /** Probe mode: one append is out; the next goes with a reply or the next heartbeat. */
  isProbeOut: boolean;
  /** Bytes of the entries in (matchIndex, nextIndex). */
  inflightBytes: number;
  /** Snapshot mode: the index of the snapshot that is being sent. */
  snapshotIndex: LogIndex;
  /** When this member was last heard from in this term. */
  lastContact: Millis;
  /** The newest read round that this member answered. */
  ackedRound: number;
  /** Its wall clock less our monotonic one; null until it was heard in this term. Ours: 0. */
  clockOffset: number | null;
}

export interface Transfer {
  readonly target: Member;
  readonly deadline: Millis;
  isTimeoutNowSent: boolean;
}

/** Reads that arrived together and wait for one confirmation. */
export interface PendingRead {
  readonly id: number;
  /** The round that must be confirmed. */
  readonly round: number;
  /** What must be applied before the read may run. */
  readonly index: LogIndex;
}

export interface LeaderState {
  progress: Progress[];
  /** Index of this term's first entry; nothing before its commit is known to be committed. */
  readonly noopIndex: LogIndex;
  round: number;
  reads: PendingRead[];
  transfer: Transfer | null;
  uncommittedBytes: number;
  nextQuorumCheck: Millis;
}

export interface CandidateState {
  granted: Member[];
  denied: Member[];
  /** What the voters' clocks said when they answered. */
  clocks: { readonly member: Member; readonly offset: number }[];
  /** When lost requests are sent again. */
  nextRetry: Millis;
}

/** A configuration and the entry that brought it; it is in force from its append on (§4.1). */
export interface ConfigurationAt {
  readonly index: LogIndex;
  readonly configuration: Configuration;
}

export interface RaftState {
  readonly config: RaftConfig;
  // what the disk is told to keep
  currentTerm: Term;
  votedFor: Member | null;
  log: Log;
  /** Log time at the log's base. */
  baseStamp: number;
  snapshotIndex: LogIndex;
  snapshotTerm: Term;
  /** Oldest first; never empty; the last is in force. */
  configurations: ConfigurationAt[];
  // which writes went out, and which the disk has confirmed
  lastTicket: number;
  hardStateTicket: number;
  durableTicket: number;
  durableIndex: LogIndex;
  // volatile
  role: Role;
  leader: NodeId;
  /** The leader with its store, as its appends name it; null while it is nobody or ourselves. */
  leaderMember: Member | null;
  commitIndex: LogIndex;
  appliedIndex: LogIndex;
  electionDeadline: Millis;
  heartbeatDeadline: Millis;
  lastLeaderContact: Millis;
  /** The state that this log leads to is lost or wrong, and is being replaced (quarantine.ts). */
  isQuarantined: boolean;
  /** Whether this node's clock was far off the cluster's when a leader last said what time it is. */
  isClockSkewed: boolean;
  durability: Durability;
  candidate: CandidateState | null;
  leading: LeaderState | null;
  prng: Prng;
  // counters, for metrics
  electionsStarted: number;
  leaderChanges: number;
}

export function currentConfiguration(state: RaftState): Configuration {
  return state.configurations[state.configurations.length - 1]!.configuration;
}

/** The index of the entry that brought the configuration in force; 0 for none. */
export function configurationIndex(state: RaftState): LogIndex {
  return state.configurations[state.configurations.length - 1]!.index;
}

export function forgetLeader(state: RaftState): void {
  state.leader = NOBODY;
  state.leaderMember = null;
}
