/**
 * Linearizable reads without a log entry (ReadIndex, thesis §6.4).
 *
 * 1. A read is pinned to the largest of: the commit index when it came, this term's no-op, the last
 *    write it must see. Before the no-op is committed, older commits may be unknown to us.
 * 2. It is confirmed by a quorum that answered a round begun after it came. A reply to an earlier
 *    round proves nothing: it may have been on its way when another leader was elected.
 * 3. It runs once its index is applied. Losing office refuses every read not confirmed yet.
 */
import type { LogIndex } from '../../base/units.ts';
import { sameMember } from '../members.ts';
import { lastIndex } from './log.ts';
import type { RaftOut } from './out.ts';
import { findProgress } from './progress.ts';
import { hasQuorum } from './quorum.ts';
import { heartbeatToAll } from './replicate.ts';
import { currentConfiguration, type LeaderState, type RaftState } from './state.ts';

export function receiveRead(
  state: RaftState,
  out: RaftOut,
  read: { readonly id: number; readonly minIndex: LogIndex },
): void {
  const leading = state.leading;
  if (leading === null || leading.reads.length >= state.config.readsMax) {
    out.readsRefused.push(read.id);
    return;
  }
  const index = Math.max(state.commitIndex, leading.noopIndex, read.minIndex) as LogIndex;
  if (index > lastIndex(state.log)) {
    out.readsRefused.push(read.id);
    return;
  }
  leading.round++;
  leading.reads.push({ id: read.id, round: leading.round, index });
  heartbeatToAll(state, out, leading, 0);
  confirmReads(state, out);
}

/** Hands over the reads that a quorum has confirmed and whose index is committed. */
export function confirmReads(state: RaftState, out: RaftOut): void {
  const leading = state.leading;
  if (leading === null || leading.reads.length === 0) return;
  const waiting = leading.reads;
  leading.reads = [];
  for (const read of waiting) {
    if (read.index <= state.commitIndex && isConfirmed(state, leading, read.round)) {
      out.readsSafe.push({ id: read.id, index: read.index });
    } else {
      leading.reads.push(read);
    }
  }
}

function isConfirmed(state: RaftState, leading: LeaderState, round: number): boolean {
  return hasQuorum(
    currentConfiguration(state),
    (member) =>
      sameMember(member, state.config.self) ||
      (findProgress(leading, member)?.ackedRound ?? 0) >= round,
  );
}
