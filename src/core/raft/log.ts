/**
 * The part of the log that memory holds: entries (baseIndex, lastIndex].
 *
 * 1. Entries are the frozen bytes of entry.ts, kept as they came.
 * 2. `tickets[i]` is the write under which entry i went to disk. Tickets complete in order, so an
 *    entry is durable exactly when its ticket is. A completion for an index that was truncated and
 *    written again carries an older ticket and proves nothing about the new bytes (the ABA case).
 * 3. What is committed is never removed from the end.
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex, Term } from '../../base/units.ts';
import { entryTerm } from '../entry.ts';

export interface Log {
  /** The entry before the first one held; its term is known so that appends can be matched. */
  baseIndex: LogIndex;
  baseTerm: Term;
  /** The write that must be durable before the base counts as held. */
  baseTicket: number;
  entries: Uint8Array[];
  tickets: number[];
  bytes: number;
}

export function newLog(baseIndex: LogIndex, baseTerm: Term): Log {
  return { baseIndex, baseTerm, baseTicket: 0, entries: [], tickets: [], bytes: 0 };
}

export const lastIndex = (log: Log): LogIndex => (log.baseIndex + log.entries.length) as LogIndex;

export const lastTerm = (log: Log): Term => termAt(log, lastIndex(log)) as Term;

/** The term of the entry at `index`; null when it was compacted or does not exist yet. */
export function termAt(log: Log, index: LogIndex): Term | null {
  if (index === log.baseIndex) return log.baseTerm;
  const entry = log.entries[index - log.baseIndex - 1];
  return entry === undefined ? null : entryTerm(entry);
}

/** The entry at `index`, which must be held. */
export function entryAt(log: Log, index: LogIndex): Uint8Array {
  const entry = log.entries[index - log.baseIndex - 1];
  assert(entry !== undefined, 'internal', 'entry not in memory');
  return entry;
}

/** The write under which the entry at `index` went to disk; below the base, the base's. */
export function ticketAt(log: Log, index: LogIndex): number {
  return index <= log.baseIndex ? log.baseTicket : log.tickets[index - log.baseIndex - 1]!;
}

export function appendEntry(log: Log, entry: Uint8Array, ticket: number): void {
  assert(entryTerm(entry) >= lastTerm(log), 'log-matching', 'terms in a log never fall');
  log.entries.push(entry);
  log.tickets.push(ticket);
  log.bytes += entry.length;
}

/** Removes the entries from `from` on. */
export function truncateLog(log: Log, from: LogIndex): void {
  assert(from > log.baseIndex, 'committed-immutable', 'truncation below the base');
  const keep = from - log.baseIndex - 1;
  for (let at = keep; at < log.entries.length; at++) log.bytes -= log.entries[at]!.length;
  log.entries.length = keep;
  log.tickets.length = keep;
}

/** Forgets the entries up to `index`, which becomes the base; `ticket` wrote what stands for it. */
export function compactLog(log: Log, index: LogIndex, ticket: number): void {
  if (index <= log.baseIndex) return;
  const term = termAt(log, index);
  assert(term !== null, 'index-order', 'compaction beyond the log');
  const count = index - log.baseIndex;
  for (let at = 0; at < count; at++) log.bytes -= log.entries[at]!.length;
  log.entries.splice(0, count);
  log.tickets.splice(0, count);
  log.baseIndex = index;
  log.baseTerm = term;
  log.baseTicket = ticket;
}

/** Starts over behind a snapshot at (index, term), whose mark went out under `ticket`. */
export function resetLog(
  log: Log,
  { index, term }: { readonly index: LogIndex; readonly term: Term },
  ticket: number,
): void {
  log.baseIndex = index;
  log.baseTerm = term;
  log.baseTicket = ticket;
  log.entries = [];
  log.tickets = [];
  log.bytes = 0;
}

/**
 * The largest index at or below `index` whose term is at most `term`: where two logs may still
 * agree, found in one exchange instead of one per entry (§5.3 of the Raft paper, "fast backup").
 */
export function findConflictByTerm(log: Log, index: LogIndex, term: Term): LogIndex {
  let at = Math.min(index, lastIndex(log)) as LogIndex;
  while (at > log.baseIndex && termAt(log, at)! > term) at = (at - 1) as LogIndex;
  return at;
}

/** The entries of (after, …] that fit both bounds; at least one if there is one. */
export function entriesAfter(
  log: Log,
  after: LogIndex,
  entriesMax: number,
  bytesMax: number,
): Uint8Array[] {
  assert(after >= log.baseIndex, 'internal', 'entries were compacted');
  const from = after - log.baseIndex;
  let end = from;
  let bytes = 0;
  while (end < log.entries.length && end - from < entriesMax) {
    bytes += log.entries[end]!.length;
    if (end > from && bytes > bytesMax) break;
    end++;
  }
  return log.entries.slice(from, end);
}

/** Bytes of the entries in (after, through]. */
export function bytesBetween(log: Log, after: LogIndex, through: LogIndex): number {
  let bytes = 0;
  const from = Math.max(after, log.baseIndex) - log.baseIndex;
  for (let at = from; at < through - log.baseIndex; at++) bytes += log.entries[at]!.length;
  return bytes;
}
