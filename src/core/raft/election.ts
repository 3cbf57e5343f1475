/**
 * Campaigning: pre-vote (thesis §9.6), then a vote at a higher term (§3.4).
 *
 * 1. A pre-candidate changes no term: it asks whether an election could be won.
 * 2. Votes are tallied as sets of members, never as a count: replies come more than once.
 * 3. Whose vote nobody can need, whose clock is far off, or whose state is unsound, does not campaign.
 */
import type { Millis, Term } from '../../base/units.ts';
import { allMembers, includesMember, isVoter, sameMember } from '../members.ts';
import type { Member } from '../types.ts';
import { isVoteNeeded } from './configurations.ts';
import { becomeLeader } from './leader.ts';
import { lastIndex, lastTerm } from './log.ts';
import type { PreVoteReply, VoteReply } from './message.ts';
import type { RaftOut } from './out.ts';
import { persistHardState, send } from './persist.ts';
import { hasQuorum, isLost } from './quorum.ts';
import { changeRole } from './roles.ts';
import {
  type CandidateState,
  currentConfiguration,
  forgetLeader,
  type RaftState,
} from './state.ts';
import { resetElectionDeadline } from './step-down.ts';
import { mayCampaignByClock } from './time.ts';

/** The election timeout passed without a leader. */
export function electionTimeout(state: RaftState, out: RaftOut, now: Millis): void {
  resetElectionDeadline(state, now);
  if (!isVoteNeeded(state) || state.isQuarantined) return;
  if (!mayCampaignByClock(state, now)) return;
  forgetLeader(state);
  startPreVote(state, out, now);
}

function startPreVote(state: RaftState, out: RaftOut, now: Millis): void {
  changeRole(state, 'pre-candidate');
  state.candidate = { ...newCandidate(state, now), granted: [state.config.self] };
  requestVotes(state, out, false);
  countPreVotes(state, out, now);
}

/** Enters a new term as its candidate. `isTransfer`: the leader asked for it. */
export function startElection(
  state: RaftState,
  out: RaftOut,
  now: Millis,
  isTransfer: boolean,
): void {
  changeRole(state, 'candidate');
  state.electionsStarted++;
  forgetLeader(state);
  persistHardState(state, out, (state.currentTerm + 1) as Term, state.config.self);
  state.candidate = newCandidate(state, now);
  resetElectionDeadline(state, now);
  requestVotes(state, out, isTransfer);
}

/** The candidate's own vote counts once the disk holds it, like everybody else's. */
export function countOwnVote(state: RaftState, out: RaftOut, now: Millis): void {
  if (state.role !== 'candidate' || state.candidate === null) return;
  if (state.hardStateTicket > state.durableTicket) return;
  addMember(state.candidate.granted, state.config.self);
  countVotes(state, out, now);
}

function newCandidate(state: RaftState, now: Millis): CandidateState {
  return { granted: [], denied: [], clocks: [], nextRetry: nextRetry(state, now) };
}

function nextRetry(state: RaftState, now: Millis): Millis {
  return (now + state.config.heartbeatMs * 2) as Millis;
}

/** Requests or replies may have been lost: ask those who have not answered again. */
export function retryRequests(state: RaftState, out: RaftOut, now: Millis): void {
  if (state.candidate === null || now < state.candidate.nextRetry) return;
  state.candidate.nextRetry = nextRetry(state, now);
  requestVotes(state, out, false);
}

function requestVotes(state: RaftState, out: RaftOut, isTransfer: boolean): void {
  const { granted, denied } = state.candidate!;
  for (const to of allMembers(currentConfiguration(state))) {
    if (sameMember(to, state.config.self) || !isVoter(currentConfiguration(state), to)) continue;
    if (includesMember(granted, to) || includesMember(denied, to)) continue;
    const log = { lastIndex: lastIndex(state.log), lastTerm: lastTerm(state.log) };
    const envelope = { from: state.config.self, to, term: state.currentTerm };
    if (state.role === 'candidate') {
      send(state, out, { type: 'vote', ...envelope, ...log, isTransfer });
    } else {
      const askedTerm = (state.currentTerm + 1) as Term;
      send(state, out, { type: 'pre-vote', ...envelope, ...log, askedTerm });
    }
  }
}

export function receivePreVoteReply(
  state: RaftState,
  out: RaftOut,
  reply: PreVoteReply,
  now: Millis,
): void {
  if (state.role !== 'pre-candidate' || state.candidate === null) return;
  if (reply.askedTerm !== state.currentTerm + 1) return;
  addMember(reply.granted ? state.candidate.granted : state.candidate.denied, reply.from);
  countPreVotes(state, out, now);
}

function countPreVotes(state: RaftState, out: RaftOut, now: Millis): void {
  const { granted, denied } = state.candidate!;
  const configuration = currentConfiguration(state);
  if (hasQuorum(configuration, (member) => includesMember(granted, member))) {
    startElection(state, out, now, false);
  } else if (isLost(configuration, (member) => includesMember(denied, member))) {
    changeRole(state, 'follower');
  }
}

export function receiveVoteReply(
  state: RaftState,
  out: RaftOut,
  reply: VoteReply,
  now: Millis,
): void {
  if (state.role !== 'candidate' || state.candidate === null) return;
  if (reply.term !== state.currentTerm) return;
  const { clocks } = state.candidate;
  if (!clocks.some(({ member }) => sameMember(member, reply.from))) {
    clocks.push({ member: reply.from, offset: reply.wall - now });
  }
  addMember(reply.granted ? state.candidate.granted : state.candidate.denied, reply.from);
  countVotes(state, out, now);
}

function countVotes(state: RaftState, out: RaftOut, now: Millis): void {
  const { granted, denied } = state.candidate!;
  const configuration = currentConfiguration(state);
  if (hasQuorum(configuration, (member) => includesMember(granted, member))) {
    becomeLeader(state, out, now);
  } else if (isLost(configuration, (member) => includesMember(denied, member))) {
    changeRole(state, 'follower');
  }
}

function addMember(members: Member[], member: Member): void {
  if (!includesMember(members, member)) members.push(member);
}
