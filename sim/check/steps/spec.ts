/**
 * Each step of each Raft machine, held against what the thesis says that it must do.
 *
 * The checks next door (../online) say what all nodes together may never contradict: they see a bug
 * when it has done its harm. This judge looks at one step at a time. It knows what the machine was,
 * what came, and so what must have come of it; a step that does less, or more, or something else is
 * wrong whether or not anybody is harmed in this run.
 *
 *   votes   questions and answers of an election    timers  what time alone brings about
 *   appends what a leader says                      office  what a leader makes of answers
 *   disk    what is written, durable and applied    mirror  what the machine was before the step
 *
 * Where the thesis leaves a choice, docs/architecture.md has made it, and the judge follows. It takes
 * the machine's word for nothing that its records can tell.
 */
import { sameMember } from '../../../src/core/members.ts';
import type { RaftEvent } from '../../../src/core/raft/event.ts';
import type { Message } from '../../../src/core/raft/message.ts';
import type { RaftOut } from '../../../src/core/raft/out.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import type { StepObserver } from '../../../src/node/step-observer.ts';
import { violate } from '../online/violate.ts';
import { checkAppended, type Fit, fitOf } from './appends.ts';
import {
  checkChange,
  checkHandedOver,
  checkOwnChange,
  checkProposal,
  checkTransfer,
} from './asked.ts';
import { answer, checkApplied, checkDurable, checkRecorded } from './disk.ts';
import { copy, follow, type Mirror, newMirror, rebase, termOf } from './mirror.ts';
import {
  checkAnswered,
  checkBegun,
  checkCounting,
  checkDuties,
  checkOfficeKept,
  checkRead,
  checkReads,
} from './office.ts';
import type { Step } from './said.ts';
import { checkConnected, checkInstalled, checkSnapshotSent, checkTaken } from './snapshots.ts';
import { checkTick, checkWakes, type TimeoutDraws } from './timers.ts';
import {
  checkAsking,
  checkHandover,
  checkOwnVote,
  checkPreVoteAsked,
  checkPreVoteTold,
  checkVoteAsked,
  checkVoteTold,
} from './votes.ts';

export class StepSpec implements StepObserver {
  readonly #mirrors = new WeakMap<RaftState, Mirror>();
  readonly #draws: TimeoutDraws;
  readonly #now: () => number;

  constructor(draws: TimeoutDraws, now: () => number) {
    this.#draws = draws;
    this.#now = now;
  }

  began(raft: RaftState): void {
    this.#mirrors.set(raft, newMirror(raft));
  }

  stepped(raft: RaftState, event: RaftEvent, out: RaftOut): void {
    const before = this.#mirrors.get(raft)!;
    const said = out.sendAfter.length === 0 ? out.sendNow : allOf(out);
    const step: Step = { raft, before, out, now: this.#now(), said };
    const fit = fitIn(event, before);
    const termThere =
      event.kind === 'snapshot-installed' ? termOf(before.log, event.meta.index) : 0;
    const cutFrom = follow(before, out.records, out.ticket);
    rebase(before, raft.log.baseIndex, raft.log.baseTerm);
    if (event.kind === 'synced') answer(before, event.ticket);
    checkRecorded(raft, before);
    checkDurable(raft, before);
    checkVote(step);
    this.#draws.checkDeadline(step, event, before);
    checkAsking(step, before);
    checkEvent(step, event, { fit, termThere });
    checkCut(event, { cutFrom, fit, termThere });
    checkApplied(raft, before);
    checkWakes(step);
    checkReads(step, before, event.kind === 'read' ? event.id : null);
    if (raft.leading !== null) checkLeading(step, event, before);
    copy(before, raft);
  }
}

/** What must be known of the log as it was, before the records of the step are followed. */
interface Was {
  readonly fit: Fit | null;
  /** The term that the log had where a snapshot ends. */
  readonly termThere: number | null;
}

const allOf = (out: RaftOut): Message[] => [
  ...out.sendNow,
  ...out.sendAfter.map(({ message }) => message),
];

function fitIn(event: RaftEvent, before: Mirror): Fit | null {
  if (event.kind !== 'message' || event.message.type !== 'append') return null;
  const { lastIndex: last, commitIndex: commit, log } = before;
  if (event.message.term < before.term) return { matches: false, lastIndex: last, conflict: 0 };
  return fitOf(event.message, { last, commit }, (index) => termOf(log, index));
}

/** A vote appears where it is given, and nowhere else. */
function checkVote({ raft, before, said }: Step): void {
  const { currentTerm, votedFor, role, config } = raft;
  if (currentTerm === before.term && votedFor === before.votedFor) return;
  if (currentTerm < before.term) violate('monotonic', 'the term fell');
  if (votedFor === null) {
    if (currentTerm === before.term) violate('one-vote', 'a vote is taken back');
    return;
  }
  if (sameMember(votedFor, config.self)) {
    if (role !== 'follower' && currentTerm > before.term) return;
  } else if (said.some((to) => to.type === 'vote-reply' && to.granted)) return;
  violate('one-vote', `node ${config.self.id} votes in term ${currentTerm}, and nobody asked`);
}

function checkEvent(step: Step, event: RaftEvent, was: Was): void {
  const { before } = step;
  switch (event.kind) {
    case 'tick':
      checkTick(step, before);
      break;
    case 'message':
      checkMessage(step, event.message, was.fit);
      break;
    case 'propose':
      checkProposal(step, event, before);
      break;
    case 'synced':
      checkOwnVote(step, before);
      break;
    case 'read':
      checkRead(step, event.id, event.minIndex);
      break;
    case 'transfer':
      checkTransfer(step, event.target, before);
      break;
    case 'reconfigure':
      checkChange(step, event, before);
      break;
    case 'peer-connected':
      checkConnected(step, event.member, before);
      break;
    case 'snapshot-taken':
      checkTaken(step, event.index, before);
      break;
    case 'snapshot-installed':
      checkInstalled(step, event, before);
      break;
    case 'snapshot-sent':
      checkSnapshotSent(step, event, before);
      break;
    default:
      break;
  }
}

function checkMessage(step: Step, message: Message, fit: Fit | null): void {
  const { raft, before } = step;
  if (!sameMember(message.to, raft.config.self)) {
    if (step.said.length > 0) violate('election-safety', 'what is said to another store counts');
    return;
  }
  checkTerm(step, message);
  switch (message.type) {
    case 'pre-vote':
      checkPreVoteAsked(step, message, before);
      break;
    case 'pre-vote-reply':
      checkPreVoteTold(step, message, before);
      break;
    case 'vote':
      checkVoteAsked(step, message, before);
      break;
    case 'vote-reply':
      checkVoteTold(step, message, before);
      break;
    case 'append':
      checkAppended(step, message, fit!);
      break;
    case 'append-reply':
      checkAnswered(step, message, before);
      break;
    case 'timeout-now':
      checkHandover(step, message, before);
      break;
  }
}

/** Whoever is told of a later term enters it as a follower (§3.3); who asks for a vote is judged. */
function checkTerm({ raft, before }: Step, { type, term }: Message): void {
  if (type === 'vote' || type === 'pre-vote' || term <= before.term) return;
  const { id } = raft.config.self;
  if (raft.currentTerm < term) violate('liveness', `node ${id} is told of term ${term} in vain`);
  const isFollowing = raft.role === 'follower' && raft.currentTerm === term;
  if (isFollowing || type === 'timeout-now') return;
  violate('election-safety', `node ${id} hears of term ${term}, and is ${raft.role}`);
}

function checkCut(
  event: RaftEvent,
  { cutFrom, fit, termThere }: Was & { readonly cutFrom: number },
): void {
  if (cutFrom === 0) return;
  const isInstalled = event.kind === 'snapshot-installed' && termThere !== event.meta.term;
  if (isInstalled || (fit !== null && fit.conflict === cutFrom)) return;
  violate('log-matching', `entries from ${cutFrom} on are cut off, and conflict with nothing`);
}

function checkLeading(step: Step, event: RaftEvent, before: Mirror): void {
  const isNew = step.raft.leading !== before.leading;
  if (isNew) checkBegun(step, before);
  const hasInstalled = event.kind === 'snapshot-installed';
  checkCounting(step, before, hasInstalled);
  checkOfficeKept(step, before);
  const isLooking =
    event.kind === 'message' || event.kind === 'synced' || event.kind === 'transfer';
  if (isLooking) checkHandedOver(step);
  if (isNew || (event.kind !== 'message' && event.kind !== 'synced')) return;
  checkDuties(step);
  checkOwnChange(step, before);
}
