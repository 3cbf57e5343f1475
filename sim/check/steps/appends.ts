/**
 * How a step must end that an append begins (thesis figure 3.1), by the log that was there before.
 *
 * 1. Of an older term: refused, and nothing else.
 * 2. Else its sender leads, and was heard now. What fits is taken over: entries that are there stay,
 *    what conflicts goes with all behind it, and as much is committed as the sender says, within
 *    what it has shown.
 * 3. The answer names what was asked: the round, the end of what was sent, or where it does not fit.
 */
import { entryIndex, entryTerm } from '../../../src/core/entry.ts';
import { sameMember } from '../../../src/core/members.ts';
import { lastIndex } from '../../../src/core/raft/log.ts';
import type { Append, AppendReply } from '../../../src/core/raft/message.ts';
import { violate } from '../online/violate.ts';
import { type Step, saidTo } from './said.ts';

/** What was there before the records of the step. */
export interface Fit {
  readonly matches: boolean;
  /** Where the log ends if all that is sent is taken over. */
  readonly lastIndex: number;
  /** The first entry that is another one than that sent; 0: none. */
  readonly conflict: number;
}

/** `termAt`: of the log before the step; null where it has no entry. */
export function fitOf(
  append: Append,
  log: { readonly last: number; readonly commit: number },
  termAt: (index: number) => number | null,
): Fit {
  const { previousIndex, previousTerm, entries } = append;
  const matches = previousIndex <= log.commit || termAt(previousIndex) === previousTerm;
  if (!matches) return { matches, lastIndex: log.last, conflict: 0 };
  for (const entry of entries) {
    const index = entryIndex(entry);
    if (index <= log.commit || index > log.last || termAt(index) === entryTerm(entry)) continue;
    return { matches, lastIndex: previousIndex + entries.length, conflict: index };
  }
  const end = Math.max(log.last, previousIndex + entries.length);
  return { matches, lastIndex: end, conflict: 0 };
}

export function checkAppended(step: Step, append: Append, fit: Fit): void {
  const { raft, before } = step;
  const { id } = raft.config.self;
  const reply = saidTo(step, 'append-reply', append.from);
  if (reply === null) violate('liveness', `node ${id} does not answer an append`);
  if (append.term < before.term) {
    checkRefused(reply, append);
    if (raft.role !== before.role || raft.currentTerm !== before.term) {
      violate('election-safety', `node ${id} follows a leader of an older term`);
    }
    return;
  }
  checkFollows(step, append);
  if (!fit.matches) checkRefused(reply, append);
  else checkTaken(reply, append);
  const told = append.previousIndex + append.entries.length;
  const mayCommit = fit.matches ? Math.min(append.commitIndex, told) : 0;
  const commitIndex = Math.max(before.commitIndex, mayCommit);
  if (lastIndex(raft.log) !== fit.lastIndex) {
    violate('log-matching', `a log ends at ${lastIndex(raft.log)}, not at ${fit.lastIndex}`);
  }
  if (raft.commitIndex > commitIndex) {
    violate('state-machine-safety', `node ${id} commits ${raft.commitIndex} of ${commitIndex}`);
  }
  if (raft.commitIndex < commitIndex) {
    violate('liveness', `node ${id} is told that ${commitIndex} is committed, and forgets it`);
  }
}

function checkFollows({ raft, now }: Step, { from, term }: Append): void {
  const { role, leader, leaderMember, lastLeaderContact, currentTerm, config } = raft;
  const isKnown = leader === from.id && leaderMember !== null && sameMember(leaderMember, from);
  const isFollowing = role === 'follower' && currentTerm === term && isKnown;
  const isPatient = raft.electionDeadline >= now + config.electionTimeoutMs;
  if (isFollowing && isPatient && lastLeaderContact === now) return;
  violate('liveness', `node ${config.self.id} hears the leader of ${term}, and does not follow it`);
}

function checkRefused(reply: AppendReply, { previousIndex }: Append): void {
  if (reply.accepted) violate('durable-quorum', 'an append that does not fit is acknowledged');
  if (reply.rejectedIndex === previousIndex) return;
  violate('liveness', `an append behind ${previousIndex} is refused as ${reply.rejectedIndex}`);
}

function checkTaken(reply: AppendReply, { previousIndex, entries, round }: Append): void {
  const told = previousIndex + entries.length;
  if (!reply.accepted)
    violate('liveness', `an append behind ${previousIndex} fits, and is refused`);
  if (reply.matchIndex !== told) {
    violate('durable-quorum', `an append up to ${told} is acknowledged up to ${reply.matchIndex}`);
  }
  if (reply.round !== round) violate('linearizable', 'an answer names another round');
}
