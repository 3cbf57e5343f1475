/**
 * The follower's side of AppendEntries (thesis §3.5, figure 3.1).
 *
 * 1. What we have committed is never compared again, let alone removed: an append that reaches back
 *    into it only tells what follows it.
 * 2. Only a real conflict truncates: a shorter append that matches leaves the rest alone.
 * 3. An acknowledgement names previousIndex + entries, never the end of our log, and leaves after
 *    the disk holds that much.
 */
import { assert } from '../../base/assert.ts';
import { type LogIndex, type Millis, ZERO_TERM } from '../../base/units.ts';
import { entryIndex, entryTerm } from '../entry.ts';
import { commitThrough } from './commit.ts';
import { findConflictByTerm, lastIndex, termAt, ticketAt } from './log.ts';
import type { Append } from './message.ts';
import type { RaftOut } from './out.ts';
import { persistEntry, persistTruncation, send } from './persist.ts';
import type { RaftState } from './state.ts';
import { becomeFollower, resetElectionDeadline } from './step-down.ts';
import { noteClusterTime } from './time.ts';

export function receiveAppend(
  state: RaftState,
  out: RaftOut,
  { append, wall }: { readonly append: Append; readonly wall: number },
  now: Millis,
): void {
  if (append.term < state.currentTerm) {
    reject(state, out, append, wall);
    return;
  }
  assert(state.role !== 'leader', 'election-safety', 'two leaders in one term');
  followLeader(state, out, append, now);
  noteClusterTime(state, append.clock, wall);
  if (!matchesLog(state, append)) {
    reject(state, out, append, wall);
    return;
  }
  const matchIndex = (append.previousIndex + append.entries.length) as LogIndex;
  storeEntries(state, out, append);
  commitThrough(state, out, Math.min(append.commitIndex, matchIndex) as LogIndex);
  accept(state, out, { append, matchIndex, wall });
}

function followLeader(state: RaftState, out: RaftOut, append: Append, now: Millis): void {
  becomeFollower(state, out, append.term, now);
  if (state.leader !== append.from.id) state.leaderChanges++;
  state.leader = append.from.id;
  state.leaderMember = append.from;
  state.lastLeaderContact = now;
  resetElectionDeadline(state, now);
}

function matchesLog(state: RaftState, append: Append): boolean {
  if (append.previousIndex <= state.commitIndex) return true;
  return termAt(state.log, append.previousIndex) === append.previousTerm;
}

function storeEntries(state: RaftState, out: RaftOut, append: Append): void {
  for (const entry of append.entries) {
    const index = entryIndex(entry);
    if (index <= state.commitIndex) continue;
    const held = termAt(state.log, index);
    if (held === entryTerm(entry)) continue;
    if (held !== null) persistTruncation(state, out, index);
    persistEntry(state, out, entry);
  }
}

function accept(
  state: RaftState,
  out: RaftOut,
  { append, matchIndex, wall }: { append: Append; matchIndex: LogIndex; wall: number },
): void {
  // What we have committed equals the leader's log even when this append says less.
  const reply = {
    type: 'append-reply',
    from: state.config.self,
    to: append.from,
    term: state.currentTerm,
    round: append.round,
    accepted: true,
    matchIndex,
    rejectedIndex: 0 as LogIndex,
    hintIndex: 0 as LogIndex,
    hintTerm: 0 as typeof append.term,
    durability: state.durability,
    wall,
  } as const;
  send(state, out, reply, ticketAt(state.log, matchIndex));
}

/**
 * Rounds are counted anew in each office. The answer to an append of an earlier one names our term,
 * in which its sender may lead again: its round must confirm nothing there.
 */
const roundOf = (state: RaftState, append: Append): number =>
  append.term === state.currentTerm ? append.round : 0;

function reject(state: RaftState, out: RaftOut, append: Append, wall: number): void {
  const end = Math.min(append.previousIndex, lastIndex(state.log)) as LogIndex;
  const hintIndex = findConflictByTerm(state.log, end, append.previousTerm);
  // Null: compacted. Only a stale leader's append reaches back so far; its answer is the term.
  const hintTerm = termAt(state.log, hintIndex) ?? ZERO_TERM;
  send(state, out, {
    type: 'append-reply',
    from: state.config.self,
    to: append.from,
    term: state.currentTerm,
    round: roundOf(state, append),
    accepted: false,
    matchIndex: 0 as LogIndex,
    rejectedIndex: append.previousIndex,
    hintIndex,
    hintTerm,
    durability: state.durability,
    wall,
  });
}
