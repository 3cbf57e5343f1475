/**
 * What the simulator itself has written down about every store and every group: the memory that
 * the online checks judge by. It outlives crashes, restarts and wipes, and takes no node's word
 * about another.
 */
import type {
  ConfigurationAt,
  LeaderState,
  Progress,
  RaftState,
} from '../../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../../src/core/types.ts';
import type { RoleAt } from '../../../src/node/charts/role.ts';
import { Follower } from '../reference/follower.ts';
import type { Content } from './content.ts';

export const nameOf = (member: Member): string => `${member.id}/${member.store}`;

/** The end of a log, as a vote request tells it. */
export interface LogEnd {
  readonly index: number;
  readonly term: number;
}

export interface Walked {
  readonly first: ConfigurationAt | null;
  readonly last: ConfigurationAt | null;
  readonly count: number;
}

/** What the last look saw of a running state. */
export interface Looked {
  vote: Member | null;
  voteTerm: number;
  isVoteSaved: boolean;
  roleTerm: number;
  roleName: string;
  isSettled: boolean;
  configurations: number;
  newest: number;
  /** The configurations whose steps were held against the chart. */
  walked: Walked;
  leading: LeaderState | null;
  /** By which voters it decided, and which its log named. */
  believed: Configuration | null;
  inForce: Configuration | null;
  chainIndex: number;
  chainHigh: number;
  chainLow: number;
}

export const newLooked = (): Looked => ({
  vote: null,
  voteTerm: 0,
  isVoteSaved: false,
  roleTerm: 0,
  roleName: '',
  isSettled: false,
  configurations: 0,
  newest: 0,
  walked: { first: null, last: null, count: 0 },
  leading: null,
  believed: null,
  inForce: null,
  chainIndex: 0,
  chainHigh: 0,
  chainLow: 0,
});

/** One store's record in one group, kept across its restarts. */
export interface StoreRecord {
  readonly name: string;
  /** The running state that was seen last; another object is another incarnation. */
  raft: RaftState | null;
  role: RoleAt | null;
  /** What was judged at the last look, to judge changes only. */
  looked: Looked;
  /** The highest term that was durable. */
  durableTerm: number;
  /** The term at the last look, durable or not. */
  term: number;
  /** By term: whom it voted for, durably or by a reply that has left. */
  readonly votes: Map<number, string>;
  /** By term: the end of its log when it stood as a candidate. */
  readonly candidacies: Map<number, LogEnd>;
  /** By term: the longest log with which it asked whether it could win it. */
  readonly askedWith: Map<number, LogEnd>;
  /** The vote that was judged last: `term candidate`. */
  judgedVote: string;
  /** Entries (seenBase, …] as they stood at the last look, and the configurations among them. */
  seenBase: number;
  seen: Uint8Array[];
  /** Their header CRCs, as they were when they came in. */
  seenCrcs: number[];
  configurations: ConfigurationAt[];
  /** Terms of the entries claimed durable, from claimBase + 1 on. */
  claimBase: number;
  claims: number[];
  commit: number;
  applied: number;
  /** What it took to be durable at the last look. */
  durable: number;
}

export interface GroupRecord {
  /** By term. */
  readonly leaders: Map<number, string>;
  /** By `term asker`: who said that it would vote for it. */
  readonly preVotes: Map<string, Set<string>>;
  /** By `term leader member`: the highest index that the member acknowledged in it. */
  readonly acknowledged: Map<string, number>;
  /** `term target` of each word to take over from the leader of that term. */
  readonly handovers: Set<string>;
  /** By index and term: what an entry is, and the term of the one before it. */
  readonly entries: Map<number, { readonly crc: number; readonly previousTerm: number }>;
  /** Header CRC of each committed entry, by index; 0: not known. */
  readonly committed: number[];
  /**
   * In which term it was committed, at most: leaders of later terms have it. An entry may be older
   * than the term that commits it, and a leader whose votes were late need not have such a one.
   */
  readonly committedTerms: number[];
  /** Committed configurations, oldest first. */
  readonly configurations: ConfigurationAt[];
  readonly chains: Map<number, string>;
  /** By applied index. */
  readonly contents: Map<number, Content>;
  /** What the committed entries make of a store. */
  readonly follower: Follower;
  /** Of each office: what its leader was seen to know of each member. */
  readonly matches: WeakMap<LeaderState, Map<string, number>>;
  /** The same, by what the leader itself keeps of a member: to look at changes only. */
  readonly matchesSeen: WeakMap<Progress, number>;
}

export function newStoreRecord(name: string): StoreRecord {
  return {
    name,
    raft: null,
    role: null,
    looked: newLooked(),
    durableTerm: 0,
    term: 0,
    votes: new Map(),
    candidacies: new Map(),
    askedWith: new Map(),
    judgedVote: '',
    seenBase: 0,
    seen: [],
    seenCrcs: [],
    configurations: [],
    claimBase: 0,
    claims: [],
    commit: 0,
    applied: 0,
    durable: 0,
  };
}

export function newGroupRecord(expiredPerEntryMax: number): GroupRecord {
  return {
    leaders: new Map(),
    preVotes: new Map(),
    acknowledged: new Map(),
    handovers: new Set(),
    entries: new Map(),
    committed: [0],
    committedTerms: [0],
    configurations: [],
    chains: new Map(),
    contents: new Map(),
    follower: new Follower(expiredPerEntryMax),
    matches: new WeakMap(),
    matchesSeen: new WeakMap(),
  };
}

/** Whether the store is known to hold the entry of `term` at `index` durably. */
export function holds(record: StoreRecord | undefined, index: number, term: number): boolean {
  if (record === undefined) return false;
  // What lies below a durable base was committed, and there is one such entry.
  if (index <= record.claimBase || isBeingReplaced(record, index)) return true;
  return record.claims[index - record.claimBase - 1] === term;
}

/**
 * A leader's snapshot stands in the way: its mark is not durable yet, and which of the entries
 * below it are, memory does not tell any more.
 */
function isBeingReplaced({ raft }: StoreRecord, index: number): boolean {
  if (raft === null || index > raft.log.baseIndex) return false;
  return raft.log.baseTicket > raft.durableTicket;
}

/** The configuration that the store's own log puts in force, whatever the store believes. */
export function configurationInForce(record: StoreRecord): Configuration | null {
  return record.configurations.at(-1)?.configuration ?? null;
}

export interface Scene {
  readonly group: GroupRecord;
  readonly store: StoreRecord;
  /** All stores of the group, by name. */
  readonly stores: ReadonlyMap<string, StoreRecord>;
  readonly raft: RaftState;
}
