/**
 * Changing who counts (thesis chapter 4, joint consensus as in §4.3).
 *
 * 1. One change at a time: while a configuration in the log is not committed, or is joint, or this
 *    term has committed nothing yet, another is refused.
 * 2. Voters change through a joint configuration, which needs a majority of both; learners alone
 *    change directly.
 * 3. Whoever leads when a joint configuration is committed proposes the way out of it.
 * 4. Entry 1 is followed by a second configuration entry once every member holds it: the mark that
 *    the cluster is formed (configurations.ts, isFormed).
 */
import type { LogIndex, Millis } from '../../base/units.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND } from '../entry.ts';
import {
  compareMembers,
  encodeConfiguration,
  includesMember,
  isJoint,
  MEMBERS_MAX,
  sameMember,
} from '../members.ts';
import type { Configuration, Member } from '../types.ts';
import { matchOf } from './commit.ts';
import { isFormed } from './configurations.ts';
import { appendAsLeader, isRemoved } from './leader.ts';
import { termAt } from './log.ts';
import type { RaftOut, Refusal } from './out.ts';
import { configurationIndex, currentConfiguration, type RaftState } from './state.ts';
import { becomeFollower } from './step-down.ts';

export interface Change {
  readonly voters: readonly Member[];
  readonly learners: readonly Member[];
  readonly wall: number;
}

export function reconfigure(state: RaftState, out: RaftOut, change: Change, now: Millis): void {
  const reason = changeRefusal(state, change);
  if (reason !== null) {
    out.proposal = { kind: 'refused', reason };
    return;
  }
  const current = currentConfiguration(state);
  const voters = [...change.voters].sort(compareMembers);
  const learners = [...change.learners].sort(compareMembers);
  const outgoing = sameMembers(voters, current.voters) ? [] : current.voters;
  const next: Configuration = { voters, outgoing, learners };
  const index = appendConfiguration(state, out, { configuration: next, wall: change.wall }, now);
  out.proposal = { kind: 'accepted', index, term: state.currentTerm };
}

function changeRefusal(state: RaftState, change: Change): Refusal | null {
  if (state.leading === null) return 'not-leader';
  if (state.leading.transfer !== null) return 'transferring';
  if (!isFormed(state)) return 'not-formed';
  if (isChangePending(state)) return 'change-pending';
  return isWellFormed(change) ? null : 'no-such-member';
}

/** An id votes once; a learner is no voter, and is named once. */
function isWellFormed({ voters, learners }: Change): boolean {
  const ids = new Set(voters.map((member) => member.id));
  const isCounted = ids.size === voters.length && ids.size > 0;
  const isSmall = voters.length <= MEMBERS_MAX && learners.length <= MEMBERS_MAX;
  const isLearning = (member: Member, at: number): boolean =>
    !includesMember(voters, member) && !includesMember(learners.slice(0, at), member);
  return isCounted && isSmall && learners.every(isLearning);
}

/** A change is under way until its last entry is committed; a new leader inherits it (E41). */
export function isChangePending(state: RaftState): boolean {
  return (
    isJoint(currentConfiguration(state)) ||
    configurationIndex(state) > state.commitIndex ||
    termAt(state.log, state.commitIndex) !== state.currentTerm
  );
}

function sameMembers(left: readonly Member[], right: readonly Member[]): boolean {
  return left.length === right.length && left.every((member, at) => sameMember(member, right[at]!));
}

function appendConfiguration(
  state: RaftState,
  out: RaftOut,
  next: { readonly configuration: Configuration; readonly wall: number },
  now: Millis,
): LogIndex {
  const body = encodeConfiguration(next.configuration);
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES + body.length);
  bytes.set(body, ENTRY_HEADER_BYTES);
  const entryKind = ENTRY_KIND.CONFIGURATION;
  return appendAsLeader(state, out, { entryKind, count: 0, bytes, wall: next.wall }, now);
}

/** What a leader does by itself whenever something was committed or acknowledged. */
export function leaderDuties(state: RaftState, out: RaftOut, wall: number, now: Millis): void {
  if (state.leading === null || configurationIndex(state) > state.commitIndex) return;
  const configuration = currentConfiguration(state);
  if (isJoint(configuration)) {
    const next = { ...configuration, outgoing: [] };
    appendConfiguration(state, out, { configuration: next, wall }, now);
  } else if (isRemoved(state)) {
    becomeFollower(state, out, state.currentTerm, now);
  } else if (!isFormed(state) && isHeldByAll(state, configuration)) {
    appendConfiguration(state, out, { configuration, wall }, now);
  }
}

function isHeldByAll(state: RaftState, configuration: Configuration): boolean {
  return configuration.voters.every((member) => matchOf(state, state.leading!, member) >= 1);
}
