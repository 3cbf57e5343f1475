/** One step as its judges see it: what was before, what is now, and what was put out. */

import { allMembers, isVoter, sameMember } from '../../../src/core/members.ts';
import type { Message } from '../../../src/core/raft/message.ts';
import type { RaftOut } from '../../../src/core/raft/out.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../../src/core/types.ts';
import type { Mirror } from './mirror.ts';

export interface Step {
  readonly raft: RaftState;
  readonly before: Mirror;
  readonly out: RaftOut;
  readonly now: number;
  /** What leaves, at once or when the disk has answered. */
  readonly said: readonly Message[];
}

/** The only message of its type to `to`; null: there is none. */
export function saidTo<Type extends Message['type']>(
  { said }: Step,
  type: Type,
  to: Member,
): Extract<Message, { readonly type: Type }> | null {
  for (const message of said) {
    if (message.type === type && sameMember(message.to, to)) {
      return message as Extract<Message, { readonly type: Type }>;
    }
  }
  return null;
}

/** Everybody whose vote counts, but oneself. */
export const otherVoters = (configuration: Configuration, self: Member): Member[] =>
  allMembers(configuration).filter(
    (member) => !sameMember(member, self) && isVoter(configuration, member),
  );

/** Whether a leader was heard, or leads here, within the shortest election timeout (§4.2.3). */
export function isLed({ raft, before, now }: Step): boolean {
  if (before.role === 'leader') return true;
  return before.leader !== 0 && now - before.contact < raft.config.electionTimeoutMs;
}
