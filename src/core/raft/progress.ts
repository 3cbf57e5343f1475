/**
 * What the leader knows of each member's log, and how much it may have in flight to it.
 *
 * 1. probe: the match point is unknown; one append at a time looks for it.
 * 2. replicate: appends are pipelined; nextIndex runs ahead of matchIndex within bounds.
 * 3. snapshot: what the member needs was compacted; nothing is sent until it has the snapshot.
 * 4. matchIndex only rises. Replies come repeated and out of order, and an old one is no news.
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex, Millis } from '../../base/units.ts';
import { allMembers, sameMember } from '../members.ts';
import type { Configuration, Member } from '../types.ts';
import { bytesBetween, type Log, lastIndex } from './log.ts';
import type { LeaderState, Progress, RaftConfig } from './state.ts';

export function newProgress(member: Member, nextIndex: LogIndex, now: Millis): Progress {
  return {
    member,
    matchIndex: 0 as LogIndex,
    nextIndex,
    mode: 'probe',
    isProbeOut: false,
    inflightBytes: 0,
    snapshotIndex: 0 as LogIndex,
    lastContact: now,
    ackedRound: 0,
    clockOffset: null,
  };
}

export function findProgress(leading: LeaderState, member: Member): Progress | null {
  for (const progress of leading.progress) {
    if (sameMember(progress.member, member)) return progress;
  }
  return null;
}

/** Rows for exactly the members of `configuration`, in its order; known rows are kept. */
export function alignProgress(
  leading: LeaderState,
  configuration: Configuration,
  log: Log,
  now: Millis,
): void {
  const nextIndex = (lastIndex(log) + 1) as LogIndex;
  leading.progress = allMembers(configuration).map(
    (member) => findProgress(leading, member) ?? newProgress(member, nextIndex, now),
  );
}

/** A reply says the member's log equals ours durably through `index`. */
export function acceptThrough(progress: Progress, log: Log, index: LogIndex): void {
  assert(index <= lastIndex(log), 'durable-quorum', 'a follower matched beyond the log');
  progress.isProbeOut = false;
  if (index > progress.matchIndex) matchThrough(progress, log, index);
  const hasSnapshot = progress.matchIndex >= progress.snapshotIndex;
  if (progress.mode === 'snapshot' && !hasSnapshot) return;
  if (progress.mode !== 'replicate' && progress.matchIndex >= log.baseIndex) {
    progress.mode = 'replicate';
    progress.nextIndex = (progress.matchIndex + 1) as LogIndex;
    progress.inflightBytes = 0;
  }
}

function matchThrough(progress: Progress, log: Log, index: LogIndex): void {
  const { matchIndex, nextIndex } = progress;
  const lastSent = (nextIndex - 1) as LogIndex;
  progress.matchIndex = index;
  progress.nextIndex = Math.max(nextIndex, index + 1) as LogIndex;
  if (matchIndex < log.baseIndex) {
    // Some of what was in flight was compacted meanwhile: nobody knows its size any more.
    progress.inflightBytes = bytesBetween(log, index, lastSent);
  } else {
    progress.inflightBytes -= bytesBetween(log, matchIndex, Math.min(index, lastSent) as LogIndex);
    if (progress.inflightBytes < 0) progress.inflightBytes = 0;
  }
}

/** Looks for the match point again, from `nextIndex` or the first index that is not known to match. */
export function probeFrom(progress: Progress, nextIndex: number): void {
  progress.mode = 'probe';
  progress.isProbeOut = false;
  progress.inflightBytes = 0;
  progress.nextIndex = Math.max(nextIndex, progress.matchIndex + 1) as LogIndex;
}

export function awaitSnapshot(progress: Progress, index: LogIndex): void {
  progress.mode = 'snapshot';
  progress.isProbeOut = false;
  progress.inflightBytes = 0;
  progress.snapshotIndex = index;
}

export function isWindowFull(progress: Progress, config: RaftConfig): boolean {
  switch (progress.mode) {
    case 'probe':
      return progress.isProbeOut;
    case 'snapshot':
      return true;
    case 'replicate':
      return (
        progress.inflightBytes >= config.inflightBytesMax ||
        progress.nextIndex - 1 - progress.matchIndex >= config.inflightEntriesMax
      );
  }
}
