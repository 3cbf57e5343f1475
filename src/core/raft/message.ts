/**
 * What Raft nodes say to each other (thesis chapters 3, 4, 6 and 9).
 *
 * Messages may be lost, repeated and reordered; every reply names what it answers.
 * `from` and `to` are members: a node together with its store. A reply counts only for the store
 * that gave it, so nothing a wiped node promised in its former life is ever counted.
 */
import type { LogIndex, Term } from '../../base/units.ts';
import type { Durability, Member } from '../types.ts';

interface Envelope {
  readonly from: Member;
  readonly to: Member;
  /** The sender's current term, which its disk holds before the message leaves. */
  readonly term: Term;
}

/** "Would you vote for me in `askedTerm`?" Changes nobody's term (thesis §9.6). */
export interface PreVote extends Envelope {
  readonly type: 'pre-vote';
  readonly askedTerm: Term;
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
}

export interface PreVoteReply extends Envelope {
  readonly type: 'pre-vote-reply';
  readonly askedTerm: Term;
  readonly granted: boolean;
}

export interface Vote extends Envelope {
  readonly type: 'vote';
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  /** The leader asked for this election (§3.10): a fresh leader is no reason to refuse. */
  readonly isTransfer: boolean;
}

export interface VoteReply extends Envelope {
  readonly type: 'vote-reply';
  readonly granted: boolean;
  readonly wall: number;
}

/** AppendEntries; without entries it is the heartbeat. */
export interface Append extends Envelope {
  readonly type: 'append';
  readonly previousIndex: LogIndex;
  readonly previousTerm: Term;
  readonly commitIndex: LogIndex;
  /** Read round: echoed by the reply, so that a reply proves it was sent after the round began. */
  readonly round: number;
  /** The cluster's time as the leader sees it; 0 while it does not know. */
  readonly clock: number;
  /** Whole entries as in entry.ts, consecutive from previousIndex + 1. */
  readonly entries: readonly Uint8Array[];
}

export interface AppendReply extends Envelope {
  readonly type: 'append-reply';
  readonly round: number;
  readonly accepted: boolean;
  /** Accepted: the log equals the leader's, durably, up to here. */
  readonly matchIndex: LogIndex;
  /** Rejected: the previousIndex that did not match. */
  readonly rejectedIndex: LogIndex;
  /** Rejected: where the logs may agree, and the follower's term there. */
  readonly hintIndex: LogIndex;
  readonly hintTerm: Term;
  /** What "durably" meant when this was sent. */
  readonly durability: Durability;
  readonly wall: number;
}

/** "Campaign now, do not wait" (§3.10). */
export interface TimeoutNow extends Envelope {
  readonly type: 'timeout-now';
}

export type Message = PreVote | PreVoteReply | Vote | VoteReply | Append | AppendReply | TimeoutNow;

/** A message that waits until the disk holds what it reveals. */
export interface HeldMessage {
  readonly ticket: number;
  readonly message: Message;
}
