/**
 * How a step of an election must end (thesis §3.4, §3.6.1, §4.2.3, §9.6), by the question and by
 * what its hearer was before.
 *
 * 1. A vote is given when it is due and only then, and each question is answered; one that would
 *    depose a leader that is heard is not even heard.
 * 2. A pre-vote changes nothing, whatever is answered.
 * 3. Answers count for the very question: in its role and term. With a quorum of them the step ends
 *    in the next role; without one in the same.
 */
import { NOBODY } from '../../../src/base/units.ts';
import { includesMember, sameMember } from '../../../src/core/members.ts';
import { lastIndex, lastTerm } from '../../../src/core/raft/log.ts';
import type {
  PreVote,
  PreVoteReply,
  TimeoutNow,
  Vote,
  VoteReply,
} from '../../../src/core/raft/message.ts';
import { isQuorum } from '../online/quorum.ts';
import { violate } from '../online/violate.ts';
import type { Mirror } from './mirror.ts';
import { isLed, otherVoters, type Step, saidTo } from './said.ts';

function isUpToDate(asked: PreVote | Vote, { lastIndex, lastTerm }: Mirror): boolean {
  if (asked.lastTerm !== lastTerm) return asked.lastTerm > lastTerm;
  return asked.lastIndex >= lastIndex;
}

/**
 * What a wrong answer to a question that nothing else speaks against says of the answerer: it compares
 * logs by another rule than §3.6.1, or there is no telling why it denies what it may give.
 */
function ruleBroken(asked: PreVote | Vote, before: Mirror): 'leader-completeness' | 'liveness' {
  const isLonger = asked.lastTerm > before.lastTerm && asked.lastIndex < before.lastIndex;
  return isLonger || !isUpToDate(asked, before) ? 'leader-completeness' : 'liveness';
}

export function checkVoteAsked(step: Step, asked: Vote, before: Mirror): void {
  const { raft } = step;
  const isNewTerm = asked.term > before.term;
  const isDisturbing = isLed(step) && asked.from.id !== before.leader;
  if (isNewTerm && isDisturbing && !asked.isTransfer) {
    if (raft.currentTerm !== before.term || step.said.length > 0) {
      violate('liveness', `node ${raft.config.self.id} hears its leader, and another candidate`);
    }
    return;
  }
  const reply = saidTo(step, 'vote-reply', asked.from);
  if (reply === null) violate('liveness', 'a candidate is not answered');
  if (raft.currentTerm !== Math.max(before.term, asked.term)) {
    violate('election-safety', 'a vote is asked for in a later term, which is not entered');
  }
  const isDue = isVoteDue(asked, before);
  if (reply.granted === isDue) return;
  const isTaken = !isNewTerm && before.votedFor !== null;
  const { id } = raft.config.self;
  if (isDue) {
    const rule = isTaken ? 'liveness' : ruleBroken(asked, before);
    violate(rule, `node ${id} denies a vote that is due`);
  }
  violate(isTaken ? 'one-vote' : 'leader-completeness', 'a vote that is not due is given');
}

function isVoteDue(asked: Vote, before: Mirror): boolean {
  if (asked.term < before.term) return false;
  const isSameTerm = asked.term === before.term;
  if (isSameTerm && before.votedFor !== null) return sameMember(before.votedFor, asked.from);
  return (!isSameTerm || before.leader === NOBODY) && isUpToDate(asked, before);
}

export function checkPreVoteAsked(step: Step, asked: PreVote, before: Mirror): void {
  const { raft } = step;
  const isDisturbing = isLed(step) && asked.from.id !== before.leader;
  const mayBeGiven = asked.askedTerm > before.term && !isDisturbing;
  const isDue = mayBeGiven && isUpToDate(asked, before);
  const reply = saidTo(step, 'pre-vote-reply', asked.from);
  if (reply === null || reply.askedTerm !== asked.askedTerm) {
    violate('liveness', 'who asks for a pre-vote is not answered');
  }
  const { id } = raft.config.self;
  if (isDue !== reply.granted) {
    const rule = mayBeGiven ? ruleBroken(asked, before) : 'liveness';
    violate(rule, `node ${id} ${isDue ? 'denies' : 'gives'} a pre-vote wrongly`);
  }
  const isSame = raft.currentTerm === before.term && raft.role === before.role;
  const isCalm = raft.electionDeadline === before.electionDeadline;
  if (isSame && isCalm && raft.leader === before.leader) return;
  violate('liveness', `node ${id} is asked for a pre-vote, and is not what it was`);
}

export function checkPreVoteTold(step: Step, reply: PreVoteReply, before: Mirror): void {
  if (reply.term > before.term) return;
  const isAsked = before.role === 'pre-candidate' && reply.askedTerm === before.term + 1;
  if (!isAsked) {
    checkUncounted(step, before);
    return;
  }
  const granted = including(before.granted, reply.granted ? reply.from : null);
  const denied = including(before.denied, reply.granted ? null : reply.from);
  const end = outcome(before, granted, denied);
  if (end === 'won') checkStood(step, before.term + 1);
  else checkRemains(step, before, end === 'lost');
}

export function checkVoteTold(step: Step, reply: VoteReply, before: Mirror): void {
  if (reply.term > before.term) return;
  if (before.role !== 'candidate' || reply.term !== before.term) {
    checkUncounted(step, before);
    return;
  }
  const granted = including(before.granted, reply.granted ? reply.from : null);
  const denied = including(before.denied, reply.granted ? null : reply.from);
  const end = outcome(before, granted, denied);
  if (end !== 'won') checkRemains(step, before, end === 'lost');
  else if (step.raft.role !== 'leader' || step.raft.currentTerm !== before.term) {
    violate('liveness', `node ${step.raft.config.self.id} is elected, and does not lead`);
  }
}

/** One's own vote counts when the disk has it. */
export function checkOwnVote({ raft }: Step, before: Mirror): void {
  if (before.role !== 'candidate' || before.hardStateTicket > before.durableTicket) return;
  const end = outcome(before, including(before.granted, raft.config.self), before.denied);
  if (end !== 'won' || raft.role === 'leader') return;
  violate('liveness', `node ${raft.config.self.id} is elected, and does not lead`);
}

type Members = Mirror['granted'];

const including = (members: Members, member: Members[number] | null): Members =>
  member === null || includesMember(members, member) ? members : [...members, member];

function outcome(before: Mirror, granted: Members, denied: Members): 'won' | 'lost' | 'open' {
  const { configuration } = before;
  if (isQuorum(configuration, (voter) => includesMember(granted, voter))) return 'won';
  const mayWin = isQuorum(configuration, (voter) => !includesMember(denied, voter));
  return mayWin ? 'open' : 'lost';
}

/** An answer to another question: it changes nothing. */
function checkUncounted({ raft }: Step, before: Mirror): void {
  const counted = raft.candidate?.granted.length ?? 0;
  const isSame = raft.role === before.role && raft.currentTerm === before.term;
  if (isSame && counted === before.granted.length) return;
  violate('election-safety', `an answer to another question counts, as ${raft.role}`);
}

function checkRemains({ raft }: Step, before: Mirror, isLost: boolean): void {
  const role = isLost ? 'follower' : before.role;
  if (raft.role === role && raft.currentTerm === before.term) return;
  violate('election-safety', `a ${before.role} that has not won ends as ${raft.role}`);
}

/** Entered `term` as its candidate, or was its only voter. */
export function checkStood({ raft }: Step, term: number): void {
  const isStanding = raft.role === 'candidate' || raft.role === 'leader';
  if (isStanding && raft.currentTerm === term) return;
  violate('liveness', `node ${raft.config.self.id} could win, and does not stand for ${term}`);
}

export function checkHandover(step: Step, { term }: TimeoutNow, before: Mirror): void {
  const { raft } = step;
  const isFollower = term > before.term || before.role === 'follower';
  // Which configuration is in force does not depend on the term.
  const isDue = term >= before.term && isFollower && before.isNeeded && !before.isQuarantined;
  if (isDue) checkStood(step, term + 1);
  else if (raft.currentTerm !== Math.max(term, before.term)) {
    violate('election-safety', `node ${raft.config.self.id} stands, and nobody has handed over`);
  }
}

/** Whoever stands asks everybody who has a vote; a pre-candidate likewise. Each names its log's end. */
export function checkAsking(step: Step, before: Mirror): void {
  const { raft, said } = step;
  for (const asked of said) {
    if (asked.type === 'vote' || asked.type === 'pre-vote') checkLogEnd(step, asked);
  }
  const { role, currentTerm } = raft;
  if (role !== 'candidate' && role !== 'pre-candidate') return;
  const isNew = role !== before.role || currentTerm !== before.term;
  if (!isNew) return;
  const type = role === 'candidate' ? 'vote' : 'pre-vote';
  const configuration = raft.configurations.at(-1)!.configuration;
  for (const voter of otherVoters(configuration, raft.config.self)) {
    if (saidTo(step, type, voter) === null) violate('liveness', `node ${voter.id} is not asked`);
  }
}

function checkLogEnd(
  { raft: { log } }: Step,
  { lastIndex: index, lastTerm: term }: Vote | PreVote,
) {
  if (index === lastIndex(log) && term === lastTerm(log)) return;
  violate('leader-completeness', `asks with a log to ${index}, and has one to ${lastIndex(log)}`);
}
