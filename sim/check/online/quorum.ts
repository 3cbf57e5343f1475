/** What a quorum is, by the thesis and not by the machine that is judged (§4.3). */
import type { Configuration, Member } from '../../../src/core/types.ts';

export function isQuorum(
  { voters, outgoing }: Configuration,
  holds: (member: Member) => boolean,
): boolean {
  return isMajority(voters, holds) && (outgoing.length === 0 || isMajority(outgoing, holds));
}

function isMajority(voters: readonly Member[], holds: (member: Member) => boolean): boolean {
  return voters.filter(holds).length * 2 > voters.length;
}
