/**
 * What the caller asks of a log that is open: append, release, change durability.
 *
 * Records are checked here against all that was appended before, durable or not: a record that
 * recovery would stumble over never reaches the disk.
 */
import { assert } from '../../base/assert.ts';
import { getU32 } from '../../base/bytes.ts';
import type { LogIndex } from '../../base/units.ts';
import { ZERO_INDEX, ZERO_TICKET } from '../../base/units.ts';
import { entryIndex, entryTerm } from '../entry.ts';
import type { HardState, WalRecord } from '../types.ts';
import type { GroupLedger } from './ledger.ts';
import { groupOf } from './ledger.ts';
import { recordBytes } from './record.ts';
import type { WalEvent, WalOut, WalState } from './state.ts';
import { queueBoundBytes } from './state.ts';
import { releaseSettled } from './writer.ts';

export function append(
  state: WalState,
  event: Extract<WalEvent, { kind: 'append' }>,
  out: WalOut,
): void {
  if (state.phase === 'failed') {
    out.failed = state.failure;
    return;
  }
  assert(state.phase === 'ready', 'effect-order', 'append to a log that is not ready');
  assert(event.ticket > state.lastTicket, 'monotonic', 'tickets must increase');
  assert(event.records.length > 0, 'internal', 'an append holds a record');
  state.lastTicket = event.ticket;
  event.records.forEach((record, at) => {
    const row = groupOf(state.ledger, record.group);
    noteAppended(row, record);
    const bytes = recordBytes(record);
    const isLast = at === event.records.length - 1;
    state.queuedBytes += bytes;
    state.queue.push({
      record,
      copied: false,
      intact: true,
      bytes,
      lastIndex: record.kind === 'snapshot' ? row.appendedLastIndex : ZERO_INDEX,
      ticket: isLast ? event.ticket : ZERO_TICKET,
    });
  });
  assert(state.queuedBytes <= queueBoundBytes(state), 'queue-bound', 'WAL queue overrun');
}

function noteAppended(row: GroupLedger, record: WalRecord): void {
  switch (record.kind) {
    case 'entry':
      assert(record.index === row.appendedLastIndex + 1, 'index-order', 'entry leaves a gap');
      assertEntryBytes(record);
      row.appendedLastIndex = record.index;
      return;
    case 'truncate':
      assert(record.from <= row.appendedLastIndex + 1, 'index-order', 'truncation past the end');
      assert(
        record.from > row.appendedSnapshotIndex,
        'committed-immutable',
        'truncation of what a snapshot holds',
      );
      row.appendedLastIndex = (record.from - 1) as LogIndex;
      row.unsettledCount++;
      return;
    case 'hard-state':
      assertSuccessor(row.appendedHardState, record.hardState);
      row.appendedHardState = record.hardState;
      row.unsettledCount++;
      return;
    case 'snapshot':
      assert(record.index >= row.appendedSnapshotIndex, 'monotonic', 'snapshot mark went back');
      row.appendedSnapshotIndex = record.index;
      row.appendedLastIndex = Math.max(row.appendedLastIndex, record.index) as LogIndex;
      row.unsettledCount++;
      return;
  }
}

/** Recovery goes by the bytes: they must say what the record says. */
function assertEntryBytes(record: Extract<WalRecord, { kind: 'entry' }>): void {
  const { bytes } = record;
  assert(bytes.length % 8 === 0, 'internal', 'an entry is a multiple of 8 bytes');
  const isNamed = entryIndex(bytes) === record.index && entryTerm(bytes) === record.term;
  assert(isNamed && getU32(bytes, 4) === record.group, 'log-matching', 'entry under a wrong name');
}

function assertSuccessor(before: HardState, after: HardState): void {
  assert(after.term >= before.term, 'monotonic', 'term went back');
  if (after.term > before.term || before.votedFor === null) return;
  const isSameVote =
    after.votedFor?.id === before.votedFor.id && after.votedFor.store === before.votedFor.store;
  assert(isSameVote, 'one-vote', 'the vote of a term changed');
}

export function release(state: WalState, event: Extract<WalEvent, { kind: 'release' }>): void {
  if (state.phase !== 'ready') return;
  const row = groupOf(state.ledger, event.group);
  row.releasedIndex = Math.max(row.releasedIndex, event.index) as LogIndex;
  releaseSettled(state, event.group);
}
