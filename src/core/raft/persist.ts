/**
 * What goes to disk, and what must wait for it.
 *
 * 1. Every record of a step goes out under one ticket, newer than all before.
 * 2. No message leaves with a term or a vote that the disk does not hold: `send` holds a message
 *    until the hard state is durable, and until `afterTicket` when it reveals more than that.
 * 3. Nothing else in this folder pushes to the message lanes or the record lane.
 */
import { assert } from '../../base/assert.ts';
import type { LogIndex, Term } from '../../base/units.ts';
import { ENTRY_KIND, entryIndex, entryKind, entryTerm } from '../entry.ts';
import type { Member, WalRecord } from '../types.ts';
import { adoptConfiguration, dropConfigurationsFrom } from './configurations.ts';
import { appendEntry, lastIndex, termAt, ticketAt, truncateLog } from './log.ts';
import type { Message } from './message.ts';
import type { RaftOut } from './out.ts';
import type { RaftState } from './state.ts';

function record(state: RaftState, out: RaftOut, walRecord: WalRecord): void {
  if (out.records.length === 0) {
    state.lastTicket++;
    out.ticket = state.lastTicket;
  }
  out.records.push(walRecord);
}

/** Enters `term`, with or without a vote in it, and has the disk remember. */
export function persistHardState(
  state: RaftState,
  out: RaftOut,
  term: Term,
  votedFor: Member | null,
): void {
  assert(term >= state.currentTerm, 'monotonic', 'the term never falls');
  assert(
    term > state.currentTerm || state.votedFor === null || votedFor === state.votedFor,
    'one-vote',
    'a vote is never taken back in its term',
  );
  state.currentTerm = term;
  state.votedFor = votedFor;
  const hardState = { term, votedFor };
  record(state, out, { kind: 'hard-state', group: state.config.group, hardState });
  state.hardStateTicket = state.lastTicket;
}

/** Appends `entry` at the end of the log; a configuration is in force from here on (§4.1). */
export function persistEntry(state: RaftState, out: RaftOut, entry: Uint8Array): void {
  const index = entryIndex(entry);
  assert(index === lastIndex(state.log) + 1, 'log-matching', 'a log has no gaps');
  record(state, out, {
    kind: 'entry',
    group: state.config.group,
    index,
    term: entryTerm(entry),
    bytes: entry,
  });
  appendEntry(state.log, entry, state.lastTicket);
  if (entryKind(entry) !== ENTRY_KIND.COMMANDS) adoptConfiguration(state, entry);
}

/** Voids the entries from `from` on; the configuration before them is in force again. */
export function persistTruncation(state: RaftState, out: RaftOut, from: LogIndex): void {
  assert(from > state.commitIndex, 'committed-immutable', 'a committed entry is never removed');
  record(state, out, {
    kind: 'truncate',
    group: state.config.group,
    from,
    term: state.currentTerm,
  });
  truncateLog(state.log, from);
  dropConfigurationsFrom(state, from);
  state.durableIndex = Math.min(state.durableIndex, from - 1) as LogIndex;
}

export function persistSnapshotMark(
  state: RaftState,
  out: RaftOut,
  index: LogIndex,
  term: Term,
): void {
  assert(index >= state.snapshotIndex, 'monotonic', 'snapshots never go back');
  record(state, out, { kind: 'snapshot', group: state.config.group, index, term });
  state.snapshotIndex = index;
  state.snapshotTerm = term;
}

/**
 * Sends `message` as soon as the disk holds what it reveals: always term and vote, and whatever
 * went out under `afterTicket`.
 */
export function send(state: RaftState, out: RaftOut, message: Message, afterTicket = 0): void {
  assert(message.term === state.currentTerm, 'internal', 'messages carry the current term');
  const ticket = Math.max(state.hardStateTicket, afterTicket);
  if (ticket <= state.durableTicket) out.sendNow.push(message);
  else out.sendAfter.push({ ticket, message });
}

/** The disk confirmed `ticket`: entries that went out under it or before are durable. */
export function markDurable(state: RaftState, ticket: number): void {
  assert(ticket <= state.lastTicket, 'durable-quorum', 'the disk confirmed what was never written');
  assert(ticket >= state.durableTicket, 'monotonic', 'durability never goes back');
  state.durableTicket = ticket;
  const last = lastIndex(state.log);
  let index = state.durableIndex;
  while (index < last && ticketAt(state.log, (index + 1) as LogIndex) <= ticket) index++;
  state.durableIndex = index as LogIndex;
  assert(termAt(state.log, state.durableIndex) !== null, 'index-order', 'durable but not held');
}
