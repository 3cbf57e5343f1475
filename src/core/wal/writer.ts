/**
 * The writer: from queued records to flushes, and from completions to "durable".
 *
 * 1. Group commit: while as many flushes are in flight as may be, records gather into the next.
 *    A record is released by the flush that contains it, by no other.
 * 2. Durability is a prefix: a flush that completes before an earlier one waits for it.
 * 3. `unsafe` leaves out the sync of flushes that hold nothing but new entries. A synced flush
 *    vouches for all before it, so it waits until those are done, and their file is synced first
 *    when it is another one.
 * 4. `strict`: one entry a flush. But the first entries of all groups share one, whatever its size: a
 *    founder that wrote some of them and died would found the others never.
 * 5. A mark is a flush without records. It covers the last flush for recovery's judgement, and
 *    carries the news of dead segments; then the log stays silent.
 */
import { assert } from '../../base/assert.ts';
import type { GroupId, Millis, Ticket } from '../../base/units.ts';
import { logIndex, NEVER, ZERO_TICKET } from '../../base/units.ts';
import type { DiskCompletion } from '../disk.ts';
import { appendCopies, hasCopies, nextCopyBytes } from './copy-forward.ts';
import { comparePositions, FLUSH_HEADER_BYTES, flushBytes } from './flush.ts';
import type { Segment } from './ledger.ts';
import { applyRecord, groupOf, releaseEntries } from './ledger.ts';
import { encodeFlush } from './payload.ts';
import type { LoggedRecord } from './record.ts';
import { firstLiveSequence, rollOver, tailRoomBytes } from './segments.ts';
import type { Flush, WalOut, WalState } from './state.ts';
import { fail, submit, tailOf } from './state.ts';

/** Starts as many flushes as may be in flight and have something to hold. */
export function startFlushes(state: WalState, now: Millis, out: WalOut): void {
  if (state.phase !== 'ready' && state.phase !== 'healing') return;
  const { flushesInFlightMax } = state.config;
  state.isMarkWaiting = false;
  while (state.flushes.length < flushesInFlightMax && startFlush(state, now, out)) {
    state.markAt = NEVER;
  }
  armMark(state, now);
}

function startFlush(state: WalState, now: Millis, out: WalOut): boolean {
  const firstBytes = state.queue.length > 0 ? leastBytes(state) : nextCopyBytes(state);
  const isMark = firstBytes === 0;
  if (isMark && now < state.markAt) return false;
  if (tailRoomBytes(state, isMark) < flushBytes(firstBytes)) {
    if (!rollOver(state, firstBytes, out)) {
      if (!isMark && startMark(state, now, out)) return true;
      return waitToMark(state, now);
    }
  }
  const records = gatherRecords(state, firstBytes);
  const isSynced = needsSync(state, records);
  if (!isOrderedBehind(state, isSynced, out)) return waitToMark(state, now);
  const copiesFrom = records.length;
  state.queue.splice(0, copiesFrom);
  for (const logged of records) state.copyCreditBytes += logged.bytes;
  appendCopies(state, records, payloadRoomBytes(state));
  submitFlush(state, records, isSynced || records.length > copiesFrom, out);
  return true;
}

/**
 * What waits for a segment may wait for long: until there is room on the disk. Meanwhile the last
 * flush must be vouched for, and only a mark can free the segments that would make the room. It has
 * the block that is kept for it.
 */
function startMark(state: WalState, now: Millis, out: WalOut): boolean {
  if (state.flushes.length > 0 || now < state.markAt) return false;
  if (tailRoomBytes(state, true) < flushBytes(0)) return false;
  const isSynced = needsSync(state, []);
  if (!isOrderedBehind(state, isSynced, out)) return false;
  submitFlush(state, [], isSynced, out);
  return true;
}

/** Whatever holds the mark up ends with an event: until then no tick is wanted for it. */
function waitToMark(state: WalState, now: Millis): false {
  state.isMarkWaiting = now >= state.markAt;
  return false;
}

function payloadRoomBytes(state: WalState): number {
  const roomBytes = tailRoomBytes(state, false) - FLUSH_HEADER_BYTES;
  return Math.min(roomBytes, state.config.flushBytesMax);
}

/** Of the next flush: its first record, or all up to the last of the first entries of groups (rule 4). */
function leastBytes({ queue }: WalState): number {
  let least = queue[0]!.bytes;
  let bytes = 0;
  for (const logged of queue) {
    if (logged.record.kind === 'entry' && logged.record.index > 1) break;
    bytes += logged.bytes;
    if (logged.record.kind === 'entry') least = bytes;
  }
  return least;
}

/** The records of the next flush, still in the queue: the least, and what has room behind them. */
function gatherRecords(state: WalState, firstBytes: number): LoggedRecord[] {
  const bytesMax = Math.max(firstBytes, payloadRoomBytes(state));
  const records: LoggedRecord[] = [];
  let bytes = 0;
  let entries = 0;
  let isFounding = true;
  for (const logged of state.queue) {
    const { record } = logged;
    if (record.kind === 'entry') {
      entries++;
      if (record.index > 1) isFounding = false;
    }
    bytes += logged.bytes;
    const isAlone = state.durability === 'strict' && entries > 1 && !isFounding;
    if (bytes > bytesMax || isAlone) break;
    records.push(logged);
  }
  return records;
}

/** Term and vote, truncations, snapshot marks and marks are synced whatever the durability. */
function needsSync(state: WalState, records: readonly LoggedRecord[]): boolean {
  if (state.durability !== 'unsafe' || records.length === 0 || hasCopies(state)) return true;
  return records.some((logged) => logged.record.kind !== 'entry');
}

/**
 * Whether a flush may follow what is unsynced (rule 3). If not, sees to it that it can: waits for
 * the flushes in flight, or has their segment synced.
 */
function isOrderedBehind(state: WalState, isSynced: boolean, out: WalOut): boolean {
  if (state.isBarrierInFlight) return false;
  const tail = tailOf(state);
  for (const flush of state.flushes) {
    if (!flush.isSynced && (isSynced || flush.segment !== tail)) return false;
  }
  const unsynced = state.unsyncedSegment;
  if (unsynced === null || unsynced === tail) return true;
  state.isBarrierInFlight = true;
  state.stats.syncs++;
  const barrier = { kind: 'barrier', end: state.doneEnd } as const;
  submit(state, out, { kind: 'sync', file: unsynced.file }, barrier);
  return false;
}

export function onBarrier(
  state: WalState,
  pending: { readonly end: Flush['end'] },
  completion: DiskCompletion,
  out: WalOut,
): void {
  state.isBarrierInFlight = false;
  if (completion.code !== 'OK') {
    fail(state, out, `${completion.code} in a sync`);
    return;
  }
  state.unsyncedSegment = null;
  if (comparePositions(pending.end, state.durableEnd) > 0) state.durableEnd = pending.end;
}

function submitFlush(
  state: WalState,
  records: readonly LoggedRecord[],
  isSynced: boolean,
  out: WalOut,
): void {
  const segment = tailOf(state)!;
  let payloadBytes = 0;
  for (const logged of records) payloadBytes += logged.bytes;
  const bytes = flushBytes(payloadBytes);
  const offset = segment.usedBytes;
  const firstLive = firstLiveSequence(state);
  const header = {
    count: records.length,
    position: { sequence: segment.sequence, offset },
    previousEnd: state.end,
    durableThrough: state.durableEnd,
    firstLive,
    ordinal: state.ordinal,
    payloadBytes,
    groupCount: state.ledger.groups.size,
  };
  const parts = encodeFlush(state.config.storeId, header, records);
  const end = { sequence: segment.sequence, offset: offset + bytes };
  const flush: Flush = { segment, end, records, isSynced, firstLive, isDone: false };
  segment.usedBytes += bytes;
  segment.flushesInFlight++;
  state.flushes.push(flush);
  state.end = end;
  state.ordinal += records.length;
  countFlush(state, records, { bytes, isSynced });
  const operation = { kind: 'write', file: segment.file, offset, parts, sync: isSynced } as const;
  submit(state, out, operation, { kind: 'flush', flush });
}

function countFlush(
  { stats }: WalState,
  records: readonly LoggedRecord[],
  { bytes, isSynced }: { readonly bytes: number; readonly isSynced: boolean },
): void {
  stats.flushes++;
  stats.records += records.length;
  stats.writtenBytes += bytes;
  if (isSynced) stats.syncs++;
  if (records.length === 0) stats.marks++;
  let entries = 0;
  for (const { record, copied } of records) if (record.kind === 'entry' && !copied) entries++;
  if (entries > 0) stats.flushEntries.note(entries);
}

/** A flush's write (and sync) is over. */
export function onFlush(
  state: WalState,
  flush: Flush,
  completion: DiskCompletion,
  out: WalOut,
): void {
  if (completion.code !== 'OK') {
    fail(state, out, `${completion.code} in a flush`);
    return;
  }
  flush.isDone = true;
  while (state.flushes[0]?.isDone === true) settleFlush(state, state.flushes.shift()!, out);
}

/** All before `flush` is done and so is it: what it holds is now part of the log. */
function settleFlush(state: WalState, flush: Flush, out: WalOut): void {
  const { segment } = flush;
  segment.flushesInFlight--;
  state.doneEnd = flush.end;
  for (const logged of flush.records) {
    settleRecord(state, logged, segment);
    if (logged.ticket !== ZERO_TICKET) reportDurable(state, logged.ticket, out);
  }
  if (!flush.isSynced) {
    state.unsyncedSegment = segment;
    state.isLastFlushUncovered = true;
    return;
  }
  state.unsyncedSegment = null;
  state.durableEnd = flush.end;
  state.claimedFirstLive = flush.firstLive;
  state.isLastFlushUncovered = flush.records.length > 0;
}

function settleRecord(state: WalState, logged: LoggedRecord, segment: Segment): void {
  const row = groupOf(state.ledger, logged.record.group);
  const isConsistent = applyRecord(state.ledger, logged, segment);
  assert(isConsistent, 'index-order', 'the log contradicts itself');
  if (logged.copied) state.copiesInFlight--;
  else state.queuedBytes -= logged.bytes;
  if (logged.record.kind === 'entry' || logged.copied) return;
  row.unsettledCount--;
  if (logged.record.kind === 'snapshot') releaseSettled(state, logged.record.group);
}

/** Entries go once the release was asked for and the mark that stands for them is durable. */
export function releaseSettled(state: WalState, group: GroupId): void {
  const row = groupOf(state.ledger, group);
  releaseEntries(row, logIndex(Math.min(row.releasedIndex, row.snapshotIndex)));
}

function reportDurable(state: WalState, ticket: Ticket, out: WalOut): void {
  assert(ticket > state.durableTicket, 'monotonic', 'durability went back');
  state.durableTicket = ticket;
  out.durable = ticket;
}

/** The next mark is due a while after the last flush, if it has something to tell. */
function armMark(state: WalState, now: Millis): void {
  if (state.flushes.length > 0) {
    state.markAt = NEVER;
  } else if (!needsMark(state)) {
    state.markAt = NEVER;
  } else if (state.markAt === NEVER) {
    const delayMs = state.phase === 'healing' ? 0 : state.config.idleMarkMs;
    state.markAt = (now + delayMs) as Millis;
  }
}

function needsMark(state: WalState): boolean {
  return state.isLastFlushUncovered || firstLiveSequence(state) > state.claimedFirstLive;
}
