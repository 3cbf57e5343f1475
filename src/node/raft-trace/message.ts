/**
 * Raft's messages in the words of the trace. Both ends must say the same of one message, so what is
 * said follows from its content alone.
 *
 * 1. An append's commit index is what it lets the receiver commit: no more than it brings or proves.
 * 2. A heartbeat is an append without entries and is checked like one, its answer too. In etcd a
 *    heartbeat is not checked, so that type would claim less than was done; `heartbeat` marks it.
 * 3. Pre-votes and the word to campaign now have no place in the trace.
 */
import { unreachable } from '../../base/assert.ts';
import type { Append, AppendReply, Message, Vote, VoteReply } from '../../core/raft/message.ts';
import type { Member } from '../../core/types.ts';
import type { TraceDetail, TraceMessage, TraceName, TraceType } from './event.ts';

export interface TracedMessage {
  readonly sent: TraceName;
  readonly received: TraceName;
  readonly detail: TraceDetail;
}

/** Null: the trace leaves it out. */
export function tracedMessage(message: Message): TracedMessage | null {
  switch (message.type) {
    case 'append':
      return tracedAppend(message);
    case 'append-reply':
      return tracedAppendReply(message);
    case 'vote':
      return tracedVote(message);
    case 'vote-reply':
      return tracedVoteReply(message);
    case 'pre-vote':
    case 'pre-vote-reply':
    case 'timeout-now':
      return null;
    default:
      return unreachable(message);
  }
}

interface Envelope {
  readonly from: Member;
  readonly to: Member;
  readonly term: number;
}

/** What is not said is nought. */
export function newMessage(
  type: TraceType,
  { from, to, term }: Envelope,
  said: Partial<TraceMessage>,
): TraceMessage {
  const rest = { logTerm: 0, index: 0, entries: 0, commit: 0, reject: false };
  return { type, term, from: `${from.id}`, to: `${to.id}`, ...rest, ...said };
}

function tracedAppend(append: Append): TracedMessage {
  const { previousIndex: index, previousTerm: logTerm, commitIndex, entries } = append;
  const commit = Math.min(commitIndex, index + entries.length);
  const msg = newMessage('MsgApp', append, { logTerm, index, entries: entries.length, commit });
  return {
    sent: 'SendAppendEntriesRequest',
    received: 'ReceiveAppendEntriesRequest',
    detail: entries.length === 0 ? { msg, prop: { heartbeat: true } } : { msg },
  };
}

function tracedAppendReply(reply: AppendReply): TracedMessage {
  const { accepted, matchIndex, rejectedIndex, hintTerm: logTerm } = reply;
  const said = accepted ? { index: matchIndex } : { index: rejectedIndex, logTerm, reject: true };
  return {
    sent: 'SendAppendEntriesResponse',
    received: 'ReceiveAppendEntriesResponse',
    detail: { msg: newMessage('MsgAppResp', reply, said) },
  };
}

function tracedVote(vote: Vote): TracedMessage {
  const { lastIndex: index, lastTerm: logTerm } = vote;
  return {
    sent: 'SendRequestVoteRequest',
    received: 'ReceiveRequestVoteRequest',
    detail: { msg: newMessage('MsgVote', vote, { index, logTerm }) },
  };
}

function tracedVoteReply(reply: VoteReply): TracedMessage {
  return {
    sent: 'SendRequestVoteResponse',
    received: 'ReceiveRequestVoteResponse',
    detail: { msg: newMessage('MsgVoteResp', reply, { reject: !reply.granted }) },
  };
}
