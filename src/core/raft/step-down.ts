/** Becoming a follower: on a higher term, on a leader's word, or on losing touch with a quorum. */
import { nextBelow } from '../../base/prng.ts';
import type { Millis, Term } from '../../base/units.ts';
import type { RaftOut } from './out.ts';
import { persistHardState } from './persist.ts';
import { changeRole } from './roles.ts';
import { forgetLeader, type RaftState } from './state.ts';

export function resetElectionDeadline(state: RaftState, now: Millis): void {
  const base = state.config.electionTimeoutMs;
  state.electionDeadline = (now + base + nextBelow(state.prng, base)) as Millis;
}

/**
 * Follower in `term`; the vote survives if the term is the same. Reads that were not confirmed yet
 * are refused: nobody here can say any more what they may see.
 */
export function becomeFollower(state: RaftState, out: RaftOut, term: Term, now: Millis): void {
  const wasFollower = state.role === 'follower';
  if (state.leading !== null) {
    for (const read of state.leading.reads) out.readsRefused.push(read.id);
    forgetLeader(state);
  }
  changeRole(state, 'follower');
  if (term > state.currentTerm) {
    persistHardState(state, out, term, null);
    forgetLeader(state);
  }
  if (!wasFollower) resetElectionDeadline(state, now);
}
