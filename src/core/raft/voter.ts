/**
 * The voter's side of an election (thesis §3.4, §3.6.1, §4.2.3, §9.6).
 *
 * 1. One vote a term, given to a log at least as up to date, durable before it is told.
 * 2. Leader stickiness: whoever heard a leader within the minimum election timeout lets nobody
 *    disturb it, not even at a higher term; except when the leader itself asked for the election,
 *    or the asker is that leader, which has then lost its office.
 * 3. A learner answers too: the asker may know a newer configuration than we do.
 * 4. A pre-vote changes no term, no vote and no timer.
 */
import type { Millis } from '../../base/units.ts';
import { NOBODY } from '../../base/units.ts';
import { sameMember } from '../members.ts';
import { lastIndex, lastTerm } from './log.ts';
import type { PreVote, Vote } from './message.ts';
import type { RaftOut } from './out.ts';
import { persistHardState, send } from './persist.ts';
import type { RaftState } from './state.ts';
import { becomeFollower, resetElectionDeadline } from './step-down.ts';

/** §3.6.1: later last term wins; with equal terms the longer log does. */
export function isUpToDate(state: RaftState, asked: PreVote | Vote): boolean {
  const ownTerm = lastTerm(state.log);
  if (asked.lastTerm !== ownTerm) return asked.lastTerm > ownTerm;
  return asked.lastIndex >= lastIndex(state.log);
}

export function hasFreshLeader(state: RaftState, now: Millis): boolean {
  if (state.role === 'leader') return true;
  if (state.leader === NOBODY) return false;
  return now - state.lastLeaderContact < state.config.electionTimeoutMs;
}

export function receivePreVote(state: RaftState, out: RaftOut, asked: PreVote, now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
  send(state, out, {
    type: 'pre-vote-reply',
    from: state.config.self,
    to: asked.from,
    term: state.currentTerm,
    askedTerm: asked.askedTerm,
    granted: asked.askedTerm > state.currentTerm && !isDisturbing && isUpToDate(state, asked),
  });
}

export function receiveVote(
  state: RaftState,
  out: RaftOut,
  { asked, wall }: { readonly asked: Vote; readonly wall: number },
  now: Millis,
): void {
  if (asked.term > state.currentTerm) {
    const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
    if (isDisturbing && !asked.isTransfer) return;
    becomeFollower(state, out, asked.term, now);
  }
  const granted = asked.term === state.currentTerm && mayVoteFor(state, asked);
  if (granted && state.votedFor === null) {
    persistHardState(state, out, state.currentTerm, asked.from);
  }
  if (granted) resetElectionDeadline(state, now);
  send(state, out, {
    type: 'vote-reply',
    from: state.config.self,
    to: asked.from,
    term: state.currentTerm,
    granted,
    wall,
  });
}

function mayVoteFor(state: RaftState, asked: Vote): boolean {
  if (state.votedFor !== null) return sameMember(state.votedFor, asked.from);
  return state.leader === NOBODY && isUpToDate(state, asked);
}
