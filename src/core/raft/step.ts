/**
 * Raft as a pure machine (Ongaro, "Consensus: bridging theory and practice", 2014): the only door.
 *
 * This file dispatches and keeps the two rules that hold for every message: a higher term makes a
 * follower, a lower term is answered or ignored. The work is in the topic files:
 *
 *   election candidates      voter  votes given       follower  AppendEntries received
 *   leader   office          replicate  sending       replies   what followers answered
 *   commit   counting        reads  ReadIndex         transfer  handing over
 *   membership  changes      configurations  in force snapshot  compaction and installation
 *   persist  disk and held messages                   time      log time
 *   quarantine  a sound log without a sound state
 *
 * What it does not do: I/O, snapshots' bytes, leases, sessions, anything a command means.
 */
import { unreachable } from '../../base/assert.ts';
import { type Millis, ZERO_INDEX } from '../../base/units.ts';
import type { Core } from '../core.ts';
import { sameMember } from '../members.ts';
import type { Member } from '../types.ts';
import { checkRaft } from './check.ts';
import { advanceCommit, applyCommitted } from './commit.ts';
import { isVoteNeeded } from './configurations.ts';
import {
  countOwnVote,
  electionTimeout,
  receivePreVoteReply,
  receiveVoteReply,
  retryRequests,
  startElection,
} from './election.ts';
import type { RaftEvent } from './event.ts';
import { receiveAppend } from './follower.ts';
import { leaderTick, propose } from './leader.ts';
import { leaderDuties, reconfigure } from './membership.ts';
import type { Message, TimeoutNow } from './message.ts';
import type { RaftOut } from './out.ts';
import { markDurable } from './persist.ts';
import { findProgress, probeFrom } from './progress.ts';
import { quarantine, stateRebuilt } from './quarantine.ts';
import { confirmReads, receiveRead } from './reads.ts';
import { receiveAppendReply } from './replies.ts';
import { snapshotInstalled, snapshotSent, snapshotTaken } from './snapshot.ts';
import { formCluster, newRaft } from './start.ts';
import type { RaftConfig, RaftState } from './state.ts';
import { becomeFollower, resetElectionDeadline } from './step-down.ts';
import { continueTransfer, startTransfer } from './transfer.ts';
import { receivePreVote, receiveVote } from './voter.ts';

export const raft: Core<RaftConfig, RaftState, RaftEvent, RaftOut> = {
  init: newRaft,
  step,
  deadline,
  check: checkRaft,
};

function deadline(state: RaftState): Millis {
  if (state.role === 'leader') {
    const { nextQuorumCheck, transfer } = state.leading!;
    const next = Math.min(state.heartbeatDeadline, nextQuorumCheck);
    return Math.min(next, transfer?.deadline ?? next) as Millis;
  }
  const retry = state.candidate?.nextRetry ?? state.electionDeadline;
  return Math.min(state.electionDeadline, retry) as Millis;
}

function step(state: RaftState, event: RaftEvent, now: Millis, out: RaftOut): void {
  switch (event.kind) {
    case 'tick':
      tick(state, out, event.wall, now);
      break;
    case 'message':
      receive(state, out, event, now);
      leaderDuties(state, out, event.wall, now);
      continueTransfer(state, out);
      break;
    case 'propose':
      propose(state, out, event, now);
      break;
    case 'synced':
      synced(state, out, event.ticket, now);
      break;
    case 'read':
      receiveRead(state, out, event);
      break;
    case 'transfer':
      startTransfer(state, out, event.target, now);
      break;
    case 'reconfigure':
      reconfigure(state, out, event, now);
      break;
    case 'peer-connected':
      peerConnected(state, event.member);
      break;
    case 'snapshot-taken':
      snapshotTaken(state, out, event.index);
      break;
    case 'snapshot-installed':
      snapshotInstalled(state, out, event, now);
      break;
    case 'snapshot-sent':
      snapshotSent(state, out, event);
      break;
    case 'form':
      formCluster(state, out, event, now);
      break;
    case 'durability':
      state.durability = event.durability;
      break;
    case 'quarantine':
      quarantine(state, out, now);
      break;
    case 'state-rebuilt':
      stateRebuilt(state, out, event);
      break;
    default:
      unreachable(event);
  }
}

function tick(state: RaftState, out: RaftOut, wall: number, now: Millis): void {
  if (state.role === 'leader') {
    leaderTick(state, out, wall, now);
    return;
  }
  // A machine just started has no deadline yet: its clock begins with its first tick.
  if (state.electionDeadline === 0) resetElectionDeadline(state, now);
  if (now >= state.electionDeadline) electionTimeout(state, out, now);
  else retryRequests(state, out, now);
}

function synced(state: RaftState, out: RaftOut, ticket: number, now: Millis): void {
  markDurable(state, ticket);
  countOwnVote(state, out, now);
  advanceCommit(state, out);
  applyCommitted(state, out);
  confirmReads(state, out);
  leaderDuties(state, out, 0, now);
  continueTransfer(state, out);
}

function peerConnected(state: RaftState, member: Member): void {
  const progress = state.leading === null ? null : findProgress(state.leading, member);
  if (progress === null || progress.mode === 'snapshot') return;
  const { matchIndex } = progress;
  // An unsafe follower may have come back without what it acknowledged.
  if (state.durability === 'unsafe') progress.matchIndex = ZERO_INDEX;
  // A probe goes on where it was: before its first answer nothing is known to match.
  probeFrom(progress, progress.mode === 'probe' ? progress.nextIndex : matchIndex + 1);
}

function receive(
  state: RaftState,
  out: RaftOut,
  { message, wall }: { readonly message: Message; readonly wall: number },
  now: Millis,
): void {
  if (!sameMember(message.to, state.config.self)) return;
  // Votes decide themselves whether a higher term counts; a pre-vote never changes it (§9.6).
  const isAsking = message.type === 'vote' || message.type === 'pre-vote';
  if (message.term > state.currentTerm && !isAsking) {
    becomeFollower(state, out, message.term, now);
  }
  switch (message.type) {
    case 'pre-vote':
      receivePreVote(state, out, message, now);
      break;
    case 'pre-vote-reply':
      receivePreVoteReply(state, out, message, now);
      break;
    case 'vote':
      receiveVote(state, out, { asked: message, wall }, now);
      break;
    case 'vote-reply':
      receiveVoteReply(state, out, message, now);
      break;
    case 'append':
      receiveAppend(state, out, { append: message, wall }, now);
      break;
    case 'append-reply':
      receiveAppendReply(state, out, message, now);
      break;
    case 'timeout-now':
      receiveTimeoutNow(state, out, message, now);
      break;
    default:
      unreachable(message);
  }
}

/** The leader hands over to us; by now it may have removed us instead. */
function receiveTimeoutNow(
  state: RaftState,
  out: RaftOut,
  { term }: TimeoutNow,
  now: Millis,
): void {
  if (term !== state.currentTerm || state.role !== 'follower') return;
  if (!isVoteNeeded(state) || state.isQuarantined) return;
  startElection(state, out, now, true);
}
