/**
 * What a machine gave its disk, and what the disk has answered, is what it is.
 *
 * 1. Term, vote and log are those of its records: what is in memory alone is lost in a crash.
 * 2. Durable is the prefix whose writes the disk has answered; applied is what is durable and
 *    committed, neither more nor less.
 * 3. Entries are cut off only where they conflict with a leader's, or with its snapshot. A leader
 *    cuts off nothing.
 */
import { entryTerm } from '../../../src/core/entry.ts';
import { sameMember } from '../../../src/core/members.ts';
import { lastIndex } from '../../../src/core/raft/log.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import { violate } from '../online/violate.ts';
import { lastOf, type Mirror, termOf, ticketOf } from './mirror.ts';

/** `mirror`: with the records of the step. */
export function checkRecorded(raft: RaftState, mirror: Mirror): void {
  const { currentTerm, votedFor, log, config } = raft;
  const { id } = config.self;
  if (currentTerm !== mirror.writtenTerm)
    violate('monotonic', `term ${currentTerm} is in memory alone`);
  const isSame =
    votedFor === mirror.writtenVote ||
    (votedFor !== null && mirror.writtenVote !== null && sameMember(votedFor, mirror.writtenVote));
  if (!isSame) violate('one-vote', `a vote of node ${id} in ${currentTerm} is in memory alone`);
  if (lastIndex(log) !== lastOf(mirror.log)) {
    const ends = `${lastIndex(log)}, its records at ${lastOf(mirror.log)}`;
    violate('durable-quorum', `the log of node ${id} ends at ${ends}`);
  }
  if (termOf(mirror.log, lastOf(mirror.log)) === lastTermOf(raft)) return;
  violate('log-matching', `the log of node ${id} is another one than its records make`);
}

function lastTermOf({ log }: RaftState): number {
  const entry = log.entries[log.entries.length - 1];
  return entry === undefined ? log.baseTerm : entryTerm(entry);
}

export function answer(mirror: Mirror, ticket: number): void {
  const { log } = mirror;
  const last = lastOf(log);
  let index = mirror.durableIndex;
  while (index < last && ticketOf(log, index + 1) <= ticket) index++;
  mirror.durableIndex = index;
  mirror.durableTicket = ticket;
}

export function checkDurable(raft: RaftState, mirror: Mirror): void {
  const { durableIndex, durableTicket, config } = raft;
  const { id } = config.self;
  if (durableTicket !== mirror.durableTicket) {
    violate('durable-quorum', `the disk of node ${id} has not said so`);
  }
  if (durableIndex > mirror.durableIndex) {
    const isTold = `${durableIndex} durable, its disk ${mirror.durableIndex}`;
    violate('durable-quorum', `node ${id} calls ${isTold}`);
  }
  if (durableIndex < mirror.durableIndex) {
    violate('liveness', `what is durable is not known to be, on node ${id}`);
  }
}

export function checkApplied(raft: RaftState, before: Mirror): void {
  const { commitIndex, durableIndex, appliedIndex } = raft;
  const through = Math.max(before.appliedIndex, Math.min(commitIndex, durableIndex));
  if (appliedIndex > through) violate('index-order', `${through} may be applied`);
  if (appliedIndex < through) violate('liveness', `${through} may be applied, and is not`);
}
