/**
 * Majorities, in one configuration or in two at once (thesis §4.3).
 *
 * A joint configuration decides only what a majority of each half decides. Learners never count.
 */
import type { LogIndex } from '../../base/units.ts';
import type { Configuration, Member } from '../types.ts';

export const majorityOf = (count: number): number => Math.floor(count / 2) + 1;

function hasMajority(voters: readonly Member[], holds: (member: Member) => boolean): boolean {
  if (voters.length === 0) return false;
  let count = 0;
  for (const voter of voters) if (holds(voter)) count++;
  return count >= majorityOf(voters.length);
}

/** Whether those for whom `holds` are a quorum of `configuration`. Nobody is no quorum. */
export function hasQuorum(
  configuration: Configuration,
  holds: (member: Member) => boolean,
): boolean {
  if (!hasMajority(configuration.voters, holds)) return false;
  return configuration.outgoing.length === 0 || hasMajority(configuration.outgoing, holds);
}

/** Whether an election with these denials can no longer be won. */
export function isLost(configuration: Configuration, denies: (member: Member) => boolean): boolean {
  return !hasQuorum(configuration, (member) => !denies(member));
}

function majorityIndex(voters: readonly Member[], indexOf: (member: Member) => LogIndex): LogIndex {
  const indices = voters.map(indexOf).sort((left, right) => right - left);
  return indices[majorityOf(voters.length) - 1] ?? (0 as LogIndex);
}

/** The largest value that a quorum has reached. */
export function quorumIndex(
  configuration: Configuration,
  indexOf: (member: Member) => LogIndex,
): LogIndex {
  const incoming = majorityIndex(configuration.voters, indexOf);
  if (configuration.outgoing.length === 0) return incoming;
  return Math.min(incoming, majorityIndex(configuration.outgoing, indexOf)) as LogIndex;
}
