/**
 * What a node asks of others, held against what it is. A request is a claim too: of an office, of a
 * log, of the right to ask.
 *
 * 1. Nobody asks for votes, or appends, in a term that its disk does not hold; whoever asks for a
 *    vote has given its own to itself, for good.
 * 2. A request for a vote names the end of the asker's log; an append what its leader's log holds.
 * 3. Pre-votes are judged where they are asked for and given (../steps/votes.ts): both leave later, and
 *    by then a leader may be heard, and its entries be in the log.
 */
import { getU64 } from '../../../src/base/bytes.ts';
import type { LogIndex } from '../../../src/base/units.ts';
import type { PeerFrameView } from '../../../src/core/protocol/peer-frame.ts';
import { lastIndex, lastTerm, termAt } from '../../../src/core/raft/log.ts';
import type { PreVote, PreVoteReply, TimeoutNow, Vote } from '../../../src/core/raft/message.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import { checkToldVote } from './elections.ts';
import { type LogEnd, nameOf, type Scene } from './records.ts';
import { violate } from './violate.ts';

/** What of an append can be told without its entries, whose checksums cost. */
export interface AppendHead {
  readonly type: 'append';
  readonly term: number;
  readonly previousIndex: number;
  readonly previousTerm: number;
  readonly commitIndex: number;
}

export function appendHeadOf({ bytes, bodyAt }: PeerFrameView): AppendHead {
  return {
    type: 'append',
    term: getU64(bytes, bodyAt),
    previousIndex: getU64(bytes, bodyAt + 8),
    previousTerm: getU64(bytes, bodyAt + 16),
    commitIndex: getU64(bytes, bodyAt + 24),
  };
}

export type Request = PreVote | PreVoteReply | Vote | TimeoutNow | AppendHead;

const isBehind = (asked: LogEnd, own: LogEnd): boolean =>
  asked.term < own.term || (asked.term === own.term && asked.index < own.index);

const endOf = ({ log }: RaftState): LogEnd => ({ index: lastIndex(log), term: lastTerm(log) });

/** A frame leaves at the end of its turn: a later term may have come in the same turn. */
export function checkRequest(scene: Scene, message: Request): void {
  const { group, raft, store } = scene;
  if (message.type === 'timeout-now') {
    group.handovers.add(`${message.term} ${nameOf(message.to)}`);
    return;
  }
  if (message.type === 'vote') checkToldVote(scene, message.term, store.name);
  if (message.type === 'pre-vote-reply' && message.granted) notePreVote(scene, message);
  if (message.term !== raft.currentTerm) return;
  switch (message.type) {
    case 'vote':
      if (raft.role === 'candidate') checkLogEnd(raft, message);
      break;
    case 'pre-vote':
      checkPreVote(scene, message);
      break;
    case 'append':
      checkAppend(scene, message);
      break;
  }
}

function checkLogEnd(raft: RaftState, { lastIndex: index, lastTerm: term }: Vote): void {
  const own = endOf(raft);
  if (index === own.index && term === own.term) return;
  violate('leader-completeness', `asks with a log to ${index}, and has one to ${own.index}`);
}

function checkPreVote({ store, raft }: Scene, asked: PreVote): void {
  if (raft.role !== 'pre-candidate') return;
  if (asked.askedTerm !== raft.currentTerm + 1) {
    violate('monotonic', `asks for term ${asked.askedTerm} in term ${raft.currentTerm}`);
  }
  const before = store.askedWith.get(asked.askedTerm);
  const end = { index: asked.lastIndex, term: asked.lastTerm };
  if (before === undefined || isBehind(before, end)) store.askedWith.set(asked.askedTerm, end);
}

/** It counts, whatever term its giver has come to in the same turn. */
function notePreVote({ group, store }: Scene, { askedTerm, to }: PreVoteReply): void {
  const key = `${askedTerm} ${nameOf(to)}`;
  const granted = group.preVotes.get(key) ?? new Set<string>();
  granted.add(store.name);
  group.preVotes.set(key, granted);
}

function checkAppend({ group, store, raft }: Scene, append: AppendHead): void {
  const { term, previousIndex, previousTerm, commitIndex } = append;
  const leader = group.leaders.get(term);
  if (leader !== undefined && leader !== store.name) {
    violate('election-safety', `appends in a term that another one leads: ${term}`);
  }
  if (raft.leading === null) return;
  if (raft.hardStateTicket > raft.durableTicket) {
    violate('effect-order', `appends in term ${term}, which is not durable`);
  }
  if (commitIndex > raft.commitIndex) {
    violate('state-machine-safety', `tells that ${commitIndex} is committed, and does not know it`);
  }
  const held = termAt(raft.log, previousIndex as LogIndex);
  if (previousIndex === 0 || held === null || held === previousTerm) return;
  violate('log-matching', `says that entry ${previousIndex} is of term ${previousTerm}`);
}
