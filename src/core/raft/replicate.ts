/**
 * Sending the log to followers (thesis §3.5), pipelined and with flow control (§10.2.1).
 *
 * A heartbeat is an append without entries at nextIndex - 1, so that a lost append shows at the
 * next heartbeat at the latest: the follower rejects it and says where its log ends.
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex } from '../../base/units.ts';
import { sameMember } from '../members.ts';
import { entriesAfter, findConflictByTerm, lastIndex, termAt } from './log.ts';
import type { AppendReply } from './message.ts';
import type { RaftOut } from './out.ts';
import { send } from './persist.ts';
import { awaitSnapshot, isWindowFull, probeFrom } from './progress.ts';
import type { LeaderState, Progress, RaftState } from './state.ts';

/** Sends every follower what it lacks, within its window. */
export function replicateToAll(state: RaftState, out: RaftOut, leading: LeaderState): void {
  for (const progress of leading.progress) {
    if (!sameMember(progress.member, state.config.self)) replicate(state, out, progress);
  }
}

/** Sends entries until the follower has all of them or its window is full. */
export function replicate(state: RaftState, out: RaftOut, progress: Progress): void {
  while (progress.nextIndex <= lastIndex(state.log) && !isWindowFull(progress, state.config)) {
    if (!sendEntries(state, out, progress)) return;
  }
}

/**
 * Sends everyone a heartbeat: proof of office, commit index, and the current read round. `clock`: the
 * cluster's time, 0 if it is not told.
 */
export function heartbeatToAll(
  state: RaftState,
  out: RaftOut,
  leading: LeaderState,
  clock: number,
): void {
  for (const progress of leading.progress) {
    if (!sameMember(progress.member, state.config.self)) heartbeat(state, out, progress, clock);
  }
}

function heartbeat(state: RaftState, out: RaftOut, progress: Progress, clock: number): void {
  progress.isProbeOut = false;
  if (progress.mode === 'snapshot') {
    // Level-triggered: a transfer that was lost with a crash of its sender is asked for again.
    out.snapshotsWanted.push(progress.member);
    sendAppend(state, out, { progress, previousIndex: 0 as LogIndex, entries: [], clock });
    return;
  }
  const previousIndex = (progress.nextIndex - 1) as LogIndex;
  if (termAt(state.log, previousIndex) === null) {
    wantSnapshot(state, out, progress);
    sendAppend(state, out, { progress, previousIndex: 0 as LogIndex, entries: [], clock });
    return;
  }
  sendAppend(state, out, { progress, previousIndex, entries: [], clock });
}

/** One append with entries. False: they were compacted, the member needs a snapshot. */
function sendEntries(state: RaftState, out: RaftOut, progress: Progress): boolean {
  const previousIndex = (progress.nextIndex - 1) as LogIndex;
  if (termAt(state.log, previousIndex) === null) {
    wantSnapshot(state, out, progress);
    return false;
  }
  const { appendEntriesMax, appendBytesMax } = state.config;
  const entries = entriesAfter(state.log, previousIndex, appendEntriesMax, appendBytesMax);
  sendAppend(state, out, { progress, previousIndex, entries, clock: 0 });
  if (progress.mode === 'probe') {
    progress.isProbeOut = true;
    return false;
  }
  for (const entry of entries) progress.inflightBytes += entry.length;
  progress.nextIndex = (progress.nextIndex + entries.length) as LogIndex;
  return true;
}

function wantSnapshot(state: RaftState, out: RaftOut, progress: Progress): void {
  assert(state.snapshotIndex >= state.log.baseIndex, 'index-order', 'compacted without snapshot');
  awaitSnapshot(progress, state.snapshotIndex);
  out.snapshotsWanted.push(progress.member);
}

function sendAppend(
  state: RaftState,
  out: RaftOut,
  append: {
    readonly progress: Progress;
    readonly previousIndex: LogIndex;
    readonly entries: readonly Uint8Array[];
    readonly clock: number;
  },
): void {
  const { progress, previousIndex, entries, clock } = append;
  const leading = state.leading!;
  const previousTerm = previousIndex === 0 ? 0 : termAt(state.log, previousIndex);
  send(state, out, {
    type: 'append',
    from: state.config.self,
    to: progress.member,
    term: state.currentTerm,
    previousIndex,
    previousTerm: previousTerm as typeof state.currentTerm,
    commitIndex: state.commitIndex,
    round: leading.round,
    clock,
    entries,
  });
}

/** The follower's log differs at `rejectedIndex`: look for the match point by its hint. */
export function receiveRejection(state: RaftState, progress: Progress, reply: AppendReply): void {
  if (progress.mode === 'snapshot') return;
  // A rejection that is older than what we know, or answers another probe, is no news.
  if (reply.rejectedIndex <= progress.matchIndex) return;
  if (progress.mode === 'probe' && reply.rejectedIndex !== progress.nextIndex - 1) return;
  const agreed = findConflictByTerm(state.log, reply.hintIndex, reply.hintTerm);
  probeFrom(progress, Math.min(reply.rejectedIndex, agreed + 1));
}
