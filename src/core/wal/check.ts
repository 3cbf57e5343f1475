/** Invariants of the write-ahead log. Costs a pass over what is live. */
import { assert } from '../../base/assert.ts';
import { comparePositions } from './flush.ts';
import type { GroupLedger, Segment } from './ledger.ts';
import type { WalState } from './state.ts';
import { queueBoundBytes, tailOf } from './state.ts';

export function check(state: WalState): void {
  checkPositions(state);
  checkSegments(state);
  checkQueue(state);
  if (state.phase === 'ready') for (const row of state.ledger.groups.values()) checkGroup(row);
}

/** durable ≤ done ≤ handed over, and nothing is reported that is not done. */
function checkPositions(state: WalState): void {
  const { durableEnd, doneEnd, end } = state;
  assert(comparePositions(durableEnd, doneEnd) <= 0, 'durable-quorum', 'synced before done');
  assert(comparePositions(doneEnd, end) <= 0, 'durable-quorum', 'done before submitted');
  assert(state.durableTicket <= state.lastTicket, 'durable-quorum', 'durable, never appended');
  let from = doneEnd;
  for (const flush of state.flushes) {
    assert(comparePositions(from, flush.end) < 0, 'effect-order', 'flushes out of order');
    from = flush.end;
  }
  assert(comparePositions(from, end) === 0, 'effect-order', 'the last flush is not the end');
  const isBounded = state.flushes.length <= state.config.flushesInFlightMax;
  assert(isBounded, 'queue-bound', 'too many flushes in flight');
}

function checkSegments(state: WalState): void {
  if (state.phase !== 'ready' && state.phase !== 'healing') return;
  const counts = countLive(state);
  let sequence = 0;
  for (const segment of state.segments) {
    assert(segment.sequence > sequence, 'monotonic', 'segments out of order');
    assert(segment.usedBytes <= segment.bytes, 'memory-bound', 'a segment overflows');
    const live = counts.get(segment) ?? 0;
    assert(segment.liveCount === live, 'memory-bound', 'miscounted live records');
    assert(segment.liveBytes >= 0, 'memory-bound', 'negative live bytes');
    counts.delete(segment);
    sequence = segment.sequence;
  }
  assert(counts.size === 0, 'durable-quorum', 'a live record is in a segment that was let go');
  assert(sequence < (state.spare?.sequence ?? state.nextSequence), 'monotonic', 'spare too old');
  const firstSequence = state.segments[0]?.sequence ?? 0;
  const tailSequence = tailOf(state)?.sequence ?? 0;
  assert(firstSequence === 0 || state.claimedFirstLive <= tailSequence, 'monotonic', 'claim ahead');
}

function countLive(state: WalState): Map<Segment, number> {
  const counts = new Map<Segment, number>();
  const count = (segment: Segment | null): void => {
    if (segment !== null) counts.set(segment, (counts.get(segment) ?? 0) + 1);
  };
  for (const row of state.ledger.groups.values()) {
    count(row.hardStateSegment);
    count(row.snapshotSegment);
    for (const entry of row.entries.values()) count(entry.segment);
  }
  return counts;
}

function checkQueue(state: WalState): void {
  let queued = 0;
  for (const logged of state.queue) queued += logged.bytes;
  for (const flush of state.flushes) {
    for (const logged of flush.records) if (!logged.copied) queued += logged.bytes;
  }
  const isExact = state.phase === 'failed' || queued === state.queuedBytes;
  assert(isExact, 'queue-bound', 'miscounted queue');
  assert(state.queuedBytes <= queueBoundBytes(state), 'queue-bound', 'WAL queue overrun');
}

/** What a recovery at this moment would give has no gap. */
function checkGroup(row: GroupLedger): void {
  const lastIndex = row.lastIndex ?? row.highIndex;
  let expected = Math.max(row.lowIndex, 1);
  for (; row.entries.size > 0 && expected <= lastIndex; expected++) {
    const isThere = row.entries.has(expected as typeof row.highIndex);
    assert(isThere, 'index-order', 'the log has a gap');
  }
  const isJoined = row.entries.size === 0 || row.lowIndex <= row.snapshotIndex + 1;
  assert(isJoined, 'index-order', 'entries do not join the snapshot');
  assert(row.hardState.term <= row.appendedHardState.term, 'monotonic', 'durable term ahead');
}
