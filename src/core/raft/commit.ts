/**
 * What is committed, and what may be applied.
 *
 * 1. A leader commits an index when a quorum holds it durably and it is of its own term (§3.6.2);
 *    its own log counts like every other, up to what its disk has confirmed.
 * 2. Only what is durable here is applied here, so no state is ever ahead of its own log.
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex } from '../../base/units.ts';
import { sameMember } from '../members.ts';
import type { Member } from '../types.ts';
import { bytesBetween, lastIndex, termAt } from './log.ts';
import type { RaftOut } from './out.ts';
import { findProgress } from './progress.ts';
import { quorumIndex } from './quorum.ts';
import { currentConfiguration, type LeaderState, type RaftState } from './state.ts';

/** What `member` is known to hold durably. */
export function matchOf(state: RaftState, leading: LeaderState, member: Member): LogIndex {
  if (sameMember(member, state.config.self)) return state.durableIndex;
  return findProgress(leading, member)?.matchIndex ?? (0 as LogIndex);
}

export function advanceCommit(state: RaftState, out: RaftOut): void {
  const leading = state.leading;
  if (leading === null) return;
  const index = quorumIndex(currentConfiguration(state), (member) =>
    matchOf(state, leading, member),
  );
  if (index <= state.commitIndex) return;
  if (termAt(state.log, index) !== state.currentTerm) return;
  leading.uncommittedBytes -= bytesBetween(state.log, state.commitIndex, index);
  commitThrough(state, out, index);
}

/** Marks everything through `index` committed; it may be a repetition. */
export function commitThrough(state: RaftState, out: RaftOut, index: LogIndex): void {
  assert(index <= lastIndex(state.log), 'index-order', 'committed beyond the log');
  if (index > state.commitIndex) state.commitIndex = index;
  applyCommitted(state, out);
}

export function applyCommitted(state: RaftState, out: RaftOut): void {
  const through = Math.min(state.commitIndex, state.durableIndex) as LogIndex;
  if (through <= state.appliedIndex) return;
  state.appliedIndex = through;
  out.applyThrough = through;
}
