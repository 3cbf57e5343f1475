/**
 * The leader's office: taking it, proposing, keeping in touch with a quorum (thesis §3.4, §6.2).
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex, Millis } from '../../base/units.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND, type EntryKind, sealEntry } from '../entry.ts';
import { isVoter, sameMember } from '../members.ts';
import { advanceCommit } from './commit.ts';
import { configurationOf, isFormed } from './configurations.ts';
import { bytesBetween, lastIndex } from './log.ts';
import type { RaftOut, Refusal } from './out.ts';
import { persistEntry } from './persist.ts';
import { alignProgress, findProgress } from './progress.ts';
import { hasQuorum } from './quorum.ts';
import { heartbeatToAll, replicateToAll } from './replicate.ts';
import { changeRole } from './roles.ts';
import { currentConfiguration, type LeaderState, type RaftState } from './state.ts';
import { becomeFollower } from './step-down.ts';
import { clusterTime, nextStamp } from './time.ts';

export interface Proposal {
  readonly entryKind: EntryKind;
  readonly count: number;
  /** 48 bytes of room for the header, then the body. */
  readonly bytes: Uint8Array;
  readonly wall: number;
}

/** A new leader's first entry: committing it commits all before it (§6.4, §3.6.2). */
export function becomeLeader(state: RaftState, out: RaftOut, now: Millis): void {
  assert(state.hardStateTicket <= state.durableTicket, 'one-vote', 'a leader by an unsaved vote');
  const clocks = state.candidate!.clocks;
  changeRole(state, 'leader');
  state.leader = state.config.self.id;
  state.leaderMember = null;
  state.leaderChanges++;
  state.leading = {
    progress: [],
    noopIndex: (lastIndex(state.log) + 1) as LogIndex,
    round: 0,
    reads: [],
    transfer: null,
    uncommittedBytes: bytesBetween(state.log, state.commitIndex, lastIndex(state.log)),
    nextQuorumCheck: (now + state.config.electionTimeoutMs) as Millis,
  };
  state.heartbeatDeadline = (now + state.config.heartbeatMs) as Millis;
  alignProgress(state.leading, currentConfiguration(state), state.log, now);
  for (const clock of clocks) {
    const progress = findProgress(state.leading, clock.member);
    if (progress !== null) progress.clockOffset = clock.offset;
  }
  noteOwnProgress(state, now);
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES);
  appendAsLeader(state, out, { entryKind: ENTRY_KIND.COMMANDS, count: 0, bytes, wall: 0 }, now);
}

/** Our own row: our clock is read when it is asked for, and we are always in touch with ourselves. */
function noteOwnProgress(state: RaftState, now: Millis): void {
  const own = findProgress(state.leading!, state.config.self);
  if (own === null) return;
  own.clockOffset = 0;
  own.lastContact = now;
}

/** Why a proposal cannot be taken now; null if it can. Empty entries always pass (E36). */
export function refusalOf(state: RaftState, proposal: Proposal): Refusal | null {
  const leading = state.leading;
  if (leading === null) return 'not-leader';
  if (leading.transfer !== null) return 'transferring';
  if (proposal.count === 0) return null;
  if (!isFormed(state)) return 'not-formed';
  const bytes = leading.uncommittedBytes + proposal.bytes.length;
  const isOver = bytes > state.config.uncommittedBytesMax && leading.uncommittedBytes > 0;
  return isOver ? 'overloaded' : null;
}

export function propose(state: RaftState, out: RaftOut, proposal: Proposal, now: Millis): void {
  const reason = refusalOf(state, proposal);
  if (reason !== null) {
    out.proposal = { kind: 'refused', reason };
    return;
  }
  const index = appendAsLeader(state, out, proposal, now);
  out.proposal = { kind: 'accepted', index, term: state.currentTerm };
}

/** Seals and appends one entry, sends it on, and commits it if we are enough by ourselves. */
export function appendAsLeader(
  state: RaftState,
  out: RaftOut,
  proposal: Proposal,
  now: Millis,
): LogIndex {
  const leading = state.leading!;
  const index = (lastIndex(state.log) + 1) as LogIndex;
  sealEntry(proposal.bytes, {
    kind: proposal.entryKind,
    group: state.config.group,
    term: state.currentTerm,
    index,
    stamp: nextStamp(state, leading, proposal.wall, now),
    count: proposal.count,
  });
  persistEntry(state, out, proposal.bytes);
  leading.uncommittedBytes += proposal.bytes.length;
  if (configurationOf(proposal.bytes) !== null) {
    alignProgress(leading, currentConfiguration(state), state.log, now);
    noteOwnProgress(state, now);
  }
  replicateToAll(state, out, leading);
  advanceCommit(state, out);
  return index;
}

export function leaderTick(state: RaftState, out: RaftOut, wall: number, now: Millis): void {
  const leading = state.leading!;
  if (now >= leading.nextQuorumCheck) {
    leading.nextQuorumCheck = (now + state.config.electionTimeoutMs) as Millis;
    if (!isInTouch(state, leading, now)) {
      becomeFollower(state, out, state.currentTerm, now);
      return;
    }
  }
  if (leading.transfer !== null && now >= leading.transfer.deadline) leading.transfer = null;
  if (now >= state.heartbeatDeadline) {
    state.heartbeatDeadline = (now + state.config.heartbeatMs) as Millis;
    heartbeatToAll(state, out, leading, clusterTime(state, leading, wall, now));
    replicateToAll(state, out, leading);
  }
}

/** Whether a quorum was heard from within an election timeout (check-quorum, §6.2). */
function isInTouch(state: RaftState, leading: LeaderState, now: Millis): boolean {
  return hasQuorum(currentConfiguration(state), (member) => {
    if (sameMember(member, state.config.self)) return true;
    const progress = findProgress(leading, member);
    return progress !== null && now - progress.lastContact <= state.config.electionTimeoutMs;
  });
}

/** A leader that the committed configuration no longer names has done its duty (§4.2.2). */
export function isRemoved(state: RaftState): boolean {
  return !isVoter(currentConfiguration(state), state.config.self);
}
