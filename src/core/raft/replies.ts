/**
 * What a leader makes of its followers' replies.
 *
 * 1. Only replies of this term, from a member of the configuration, by the store it names.
 * 2. An acknowledgement given under a weaker durability than ours proves contact, but no match.
 */
import type { Millis } from '../../base/units.ts';
import type { Durability } from '../types.ts';
import { advanceCommit } from './commit.ts';
import type { AppendReply } from './message.ts';
import type { RaftOut } from './out.ts';
import { acceptThrough, findProgress } from './progress.ts';
import { confirmReads } from './reads.ts';
import { receiveRejection, replicate } from './replicate.ts';
import type { RaftState } from './state.ts';

const isSynced = (durability: Durability): boolean => durability !== 'unsafe';

export function receiveAppendReply(
  state: RaftState,
  out: RaftOut,
  reply: AppendReply,
  now: Millis,
): void {
  if (state.leading === null || reply.term !== state.currentTerm) return;
  const progress = findProgress(state.leading, reply.from);
  if (progress === null) return;
  progress.lastContact = now;
  progress.clockOffset = reply.wall - now;
  progress.ackedRound = Math.max(progress.ackedRound, reply.round);
  if (!reply.accepted) {
    receiveRejection(state, progress, reply);
  } else if (isSynced(reply.durability) || !isSynced(state.durability)) {
    acceptThrough(progress, state.log, reply.matchIndex);
    advanceCommit(state, out);
  }
  replicate(state, out, progress);
  confirmReads(state, out);
}
