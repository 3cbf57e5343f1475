/**
 * Standing back: what a member does whose *state* is lost or wrong while its log is sound.
 *
 * 1. It appends, acknowledges and votes on: all that these promise is in the log and the hard
 *    state, and what a snapshot stood for was committed before the snapshot was taken.
 * 2. It does not campaign and leaves office: a leader answers reads, and gives its state away.
 * 3. It ends with a state from elsewhere at an index that the log joins. The configuration at that
 *    index comes with it; the one we had may have been read from what was lost.
 */
import { assert } from '../../base/assert.ts';
import type { Millis } from '../../base/units.ts';
import type { SnapshotMeta } from '../types.ts';
import { rebaseConfigurations } from './configurations.ts';
import { termAt } from './log.ts';
import type { RaftOut } from './out.ts';
import { snapshotTaken } from './snapshot.ts';
import type { RaftState } from './state.ts';
import { becomeFollower } from './step-down.ts';

export function quarantine(state: RaftState, out: RaftOut, now: Millis): void {
  state.isQuarantined = true;
  if (state.role !== 'follower') becomeFollower(state, out, state.currentTerm, now);
}

/** Whether a state as of `index` and the log behind it give the newest state that may be applied. */
export function isJoined(state: RaftState, index: number): boolean {
  return index >= state.snapshotIndex && index <= state.appliedIndex;
}

/** The state as of a snapshot at or below what is applied has been put in place. */
export function stateRebuilt(
  state: RaftState,
  out: RaftOut,
  { meta, stamp }: { readonly meta: SnapshotMeta; readonly stamp: number },
): void {
  const { index, term, configuration } = meta;
  assert(state.isQuarantined, 'internal', 'a sound state was replaced');
  assert(isJoined(state, index), 'index-order', 'a state that the log does not join');
  assert(termAt(state.log, index) === term, 'state-machine-safety', 'a state of another history');
  if (index === state.log.baseIndex) state.baseStamp = stamp;
  rebaseConfigurations(state, index, configuration);
  snapshotTaken(state, out, index);
  state.isQuarantined = false;
}
