/**
 * The log's other end: compaction behind our own snapshots, and starting over behind a leader's
 * (thesis chapter 5). Files and transfers are not Raft's; it learns what became of them.
 *
 * 1. A snapshot mark goes to the WAL only when the snapshot itself is durable.
 * 2. A snapshot at or below the commit index is no news and changes nothing.
 * 3. If the log holds the snapshot's last entry with its term, what follows it stays; else the
 *    whole log conflicts and goes.
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex, Millis } from '../../base/units.ts';
import { entryStamp } from '../entry.ts';
import type { Member, SnapshotMeta } from '../types.ts';
import {
  compactConfigurations,
  isVoteNeeded,
  rebaseConfigurations,
  resetConfigurations,
} from './configurations.ts';
import { bytesBetween, compactLog, entryAt, lastIndex, resetLog, termAt, ticketAt } from './log.ts';
import type { RaftOut } from './out.ts';
import { persistSnapshotMark, persistTruncation, send } from './persist.ts';
import { findProgress, probeFrom } from './progress.ts';
import { replicate } from './replicate.ts';
import type { RaftState } from './state.ts';
import { becomeFollower } from './step-down.ts';

export function snapshotTaken(state: RaftState, out: RaftOut, index: LogIndex): void {
  if (index <= state.snapshotIndex) return;
  assert(index <= state.appliedIndex, 'index-order', 'a snapshot beyond what is applied');
  const term = termAt(state.log, index);
  assert(term !== null, 'index-order', 'a snapshot of what the log does not hold');
  persistSnapshotMark(state, out, index, term);
  forgetThrough(state, trailingBase(state, index));
}

/** How much stays behind the snapshot at `index`: within both bounds, the newest entries of it. */
function trailingBase(state: RaftState, index: LogIndex): LogIndex {
  const { trailingEntries, trailingBytesMax } = state.config;
  const lowest = Math.max(state.log.baseIndex, index - trailingEntries);
  let base = index;
  let bytes = 0;
  while (base > lowest) {
    bytes += entryAt(state.log, base).length;
    if (bytes > trailingBytesMax) break;
    base = (base - 1) as LogIndex;
  }
  return base;
}

function forgetThrough(state: RaftState, base: LogIndex): void {
  if (base <= state.log.baseIndex) return;
  state.baseStamp = entryStamp(entryAt(state.log, base));
  compactLog(state.log, base, ticketAt(state.log, base));
  compactConfigurations(state, state.snapshotIndex);
}

/** Whether a snapshot at `index` would tell us anything. */
export function isSnapshotUseful(state: RaftState, index: LogIndex): boolean {
  return index > state.commitIndex;
}

export function snapshotInstalled(
  state: RaftState,
  out: RaftOut,
  installed: {
    readonly meta: SnapshotMeta;
    readonly stamp: number;
    readonly from: Member;
    readonly wall: number;
  },
  now: Millis,
): void {
  const { meta, stamp } = installed;
  assert(isSnapshotUseful(state, meta.index), 'monotonic', 'an old snapshot was installed');
  // A leader that we never heard from may have sent it: its snapshot can overtake its appends.
  if (meta.term > state.currentTerm) becomeFollower(state, out, meta.term, now);
  if (termAt(state.log, meta.index) === meta.term) {
    persistSnapshotMark(state, out, meta.index, meta.term);
    state.baseStamp = stamp;
    compactLog(state.log, meta.index, state.lastTicket);
    rebaseConfigurations(state, meta.index, meta.configuration);
    state.durableIndex = Math.max(state.durableIndex, meta.index) as LogIndex;
  } else {
    startOver(state, out, meta, stamp);
  }
  state.commitIndex = meta.index;
  state.appliedIndex = meta.index;
  state.isQuarantined = false;
  if (state.leading !== null) {
    // Elected while it was on its way: what it commits is no longer waiting for a quorum.
    const { log } = state;
    state.leading.uncommittedBytes = bytesBetween(log, meta.index, lastIndex(log));
  }
  // The snapshot's configuration may know nothing of our seat: then there is nothing to win.
  if (state.candidate !== null && !isVoteNeeded(state)) {
    becomeFollower(state, out, state.currentTerm, now);
  }
  acknowledge(state, out, installed);
}

function startOver(state: RaftState, out: RaftOut, meta: SnapshotMeta, stamp: number): void {
  if (lastIndex(state.log) > state.commitIndex) {
    persistTruncation(state, out, (state.commitIndex + 1) as LogIndex);
  }
  persistSnapshotMark(state, out, meta.index, meta.term);
  resetLog(state.log, meta, state.lastTicket);
  state.baseStamp = stamp;
  resetConfigurations(state, meta.index, meta.configuration);
  state.durableIndex = meta.index;
}

/** Tells the leader how far we are now; it leaves after the mark is durable. */
function acknowledge(
  state: RaftState,
  out: RaftOut,
  { meta, from, wall }: { meta: SnapshotMeta; from: Member; wall: number },
): void {
  const reply = {
    type: 'append-reply',
    from: state.config.self,
    to: from,
    term: state.currentTerm,
    round: 0,
    accepted: true,
    matchIndex: meta.index,
    rejectedIndex: 0 as LogIndex,
    hintIndex: 0 as LogIndex,
    hintTerm: 0 as typeof state.currentTerm,
    durability: state.durability,
    wall,
  } as const;
  send(state, out, reply, state.lastTicket);
}

export function snapshotSent(
  state: RaftState,
  out: RaftOut,
  sent: { readonly member: Member; readonly index: LogIndex; readonly isInstalled: boolean },
): void {
  if (state.leading === null) return;
  const progress = findProgress(state.leading, sent.member);
  if (progress === null || progress.mode !== 'snapshot') return;
  if (sent.index < progress.snapshotIndex) return;
  probeFrom(progress, sent.isInstalled ? sent.index + 1 : progress.matchIndex + 1);
  replicate(state, out, progress);
}
