/**
 * The legal transitions between roles (thesis figure 3.3, with the pre-vote phase of §9.6).
 *
 * A learner is a follower that never campaigns. A member that was removed campaigns only while its
 * removal is not known to be committed (configurations.ts, isVoteNeeded).
 */
import { assert } from '../../base/assert.ts';
import type { RaftState, Role } from './state.ts';

export const ROLE_TRANSITIONS: Readonly<Record<Role, readonly Role[]>> = {
  // directly to candidate only when the leader asks for it (TimeoutNow)
  follower: ['pre-candidate', 'candidate'],
  'pre-candidate': ['follower', 'candidate', 'pre-candidate'],
  candidate: ['follower', 'leader', 'pre-candidate'],
  leader: ['follower'],
};

export function changeRole(state: RaftState, role: Role): void {
  const isLegal = role === state.role || ROLE_TRANSITIONS[state.role].includes(role);
  assert(isLegal, 'election-safety', 'illegal change of role');
  state.role = role;
  if (role !== 'leader') state.leading = null;
  if (role !== 'candidate' && role !== 'pre-candidate') state.candidate = null;
}
