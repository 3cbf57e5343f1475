/**
 * Nouns that cross machines. Each is a plain value; none has behaviour.
 *
 * Entries and commands cross as bytes: entry.ts and command.ts hold their layouts.
 */
import type { ClusterId, GroupId, LogIndex, NodeId, StoreId, Term } from '../base/units.ts';

/** A voter or learner: a node together with the store that votes. A wiped node is another member. */
export interface Member {
  readonly id: NodeId;
  readonly store: StoreId;
}

/**
 * Who counts. `outgoing` is not empty exactly in the joint state, where decisions need a majority
 * of `voters` and a majority of `outgoing`. All lists are sorted by id, then store.
 */
export interface Configuration {
  readonly voters: readonly Member[];
  readonly outgoing: readonly Member[];
  readonly learners: readonly Member[];
}

/** What Raft must never forget about a term. Durable before any message names it. */
export interface HardState {
  readonly term: Term;
  readonly votedFor: Member | null;
}

/** What a snapshot stands for: the state after applying `index`. */
export interface SnapshotMeta {
  readonly group: GroupId;
  readonly index: LogIndex;
  readonly term: Term;
  /** The configuration in force at `index`. */
  readonly configuration: Configuration;
}

export type Durability = 'unsafe' | 'durable' | 'strict';

/**
 * Replicated settings: what apply decides by. Set by entry 1, changed only by entries.
 * A command-line flag gives the first value and is never obeyed later.
 */
export interface Settings {
  readonly clusterId: ClusterId;
  readonly groupCount: number;
  readonly durability: Durability;
  /** Bound of Σ(key + value + 64) in a group; a command that would raise it past this is refused. */
  readonly quotaBytes: number;
  /** Seeds the table's hash, so that nobody outside can aim at a bucket. 64 bits as 16 hex digits. */
  readonly tableSeed: string;
  readonly sessionsMax: number;
  /** A session unused for this long, in log time, ends. */
  readonly sessionIdleMs: number;
  /** Bound of the bytes that session results may hold in a group. */
  readonly sessionResultBytesMax: number;
  readonly featureLevel: number;
}

/** One WAL record, in the order in which it must come back. */
export type WalRecord =
  | {
      readonly kind: 'entry';
      readonly group: GroupId;
      readonly index: LogIndex;
      readonly term: Term;
      /** Header and body as in entry.ts. */
      readonly bytes: Uint8Array;
    }
  /** Entries of `group` from `from` on are void. `term` is the term that voids them. */
  | {
      readonly kind: 'truncate';
      readonly group: GroupId;
      readonly from: LogIndex;
      readonly term: Term;
    }
  | { readonly kind: 'hard-state'; readonly group: GroupId; readonly hardState: HardState }
  /** A durable snapshot holds the state at `index`; entries at or below it are not needed. */
  | {
      readonly kind: 'snapshot';
      readonly group: GroupId;
      readonly index: LogIndex;
      readonly term: Term;
    };

/** An entry whose header survived on a damaged disk and whose body did not. */
export interface MissingEntry {
  readonly group: GroupId;
  readonly index: LogIndex;
  readonly term: Term;
  /** CRC32C of the body, as in the surviving header. */
  readonly bodyCrc: number;
}

/** What the WAL gives back for one group after recovery. */
export interface RecoveredGroup {
  readonly group: GroupId;
  readonly hardState: HardState;
  /** Index and term of the newest snapshot mark; (0, 0) if there is none. */
  readonly snapshotIndex: LogIndex;
  readonly snapshotTerm: Term;
  /** Entry bytes in index order, without gaps, from snapshotIndex + 1 or below. */
  readonly entries: readonly Uint8Array[];
}

/** An operation's byte in a command. Reads never enter the log; they share the numbering. */
export const OPERATION = {
  PUT: 1,
  DELETE: 2,
  COMPARE_AND_SWAP: 3,
  INCREMENT: 4,
  APPEND: 5,
  EXPIRE: 6,
  PERSIST: 7,
  FLUSH_ALL: 8,
  OPEN_SESSION: 16,
  CLOSE_SESSION: 17,
  SETTINGS: 18,
  GET: 64,
  TTL: 65,
  SCAN: 66,
  SIZE: 67,
} as const;
export type Operation = (typeof OPERATION)[keyof typeof OPERATION];

export const isRead = (operation: number): boolean => operation >= 64;

/** The outcome byte of a command or read: the same on every replica, part of the state hash. */
export const STATUS = {
  OK: 0,
  /** OK, with value bytes. */
  VALUE: 1,
  NOT_FOUND: 2,
  /** COMPARE_AND_SWAP, IF_ABSENT or IF_PRESENT did not hold; the value is the current one, if any. */
  CONDITION_FAILED: 3,
  NOT_AN_INTEGER: 16,
  OUT_OF_RANGE: 17,
  QUOTA_EXCEEDED: 18,
  /** The session is unknown or has ended: whether the command took effect earlier is unknown. */
  SESSION_EXPIRED: 19,
  /** The sequence is below the session's floor: it was acknowledged before and is never re-applied. */
  SEQUENCE_BELOW_FLOOR: 20,
  SEQUENCE_BEYOND_WINDOW: 21,
  /** Applied, now or earlier; its result was too large to keep, or to pass on. */
  APPLIED_RESULT_DROPPED: 22,
  SESSIONS_FULL: 23,
  VALUE_TOO_LARGE: 24,
  /** The bytes of the command make no sense to this version; refused by every replica alike. */
  MALFORMED: 25,
} as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

export const KEY_BYTES_MAX = 64 * 1024;
export const VALUE_BYTES_MAX = 8 * 1024 * 1024;
/** One entry's body: one largest command fits, and so does a turn's batch. */
export const ENTRY_BODY_BYTES_MAX = 16 * 1024 * 1024;
/** What a key costs against the quota beyond its key and value. */
export const KEY_OVERHEAD_BYTES = 64;
export const SESSION_WINDOW = 1024;
export const SESSION_RESULT_BYTES_MAX = 4 * 1024;
