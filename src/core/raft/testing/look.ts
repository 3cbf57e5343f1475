/** What a test looks at in a cluster. */
import { assert } from '../../../base/assert.ts';
import { type LogIndex, term } from '../../../base/units.ts';
import { entryTerm } from '../../entry.ts';
import type { AppendReply } from '../message.ts';
import type { Progress } from '../state.ts';
import type { Cluster } from './cluster.ts';
import { memberOf } from './fixture.ts';

export const roles = (c: Cluster): string[] => c.machines.map(({ state }) => state?.role ?? 'down');

export const terms = (c: Cluster): number[] =>
  c.machines.map(({ state }) => state?.currentTerm ?? -1);

/** Terms of the entries that the machine holds in memory. */
export const logTerms = (c: Cluster, id: number): number[] =>
  c.state(id).log.entries.map((entry) => entryTerm(entry));

/** What the commands said that the machine has applied. */
export const texts = (c: Cluster, id: number): string[] =>
  c.machine(id).applied.flatMap(({ text }) => (text === '' ? [] : [text]));

/** What `leader` knows of `id`. */
export function progressOf(c: Cluster, leader: number, id: number): Progress {
  const progress = c.state(leader).leading?.progress.find(({ member }) => member.id === id);
  assert(progress !== undefined, 'internal', `${leader} knows nothing of ${id}`);
  return progress;
}

/** Proposes, and delivers everything. */
export function commit(c: Cluster, id: number, text: string): void {
  assert(c.propose(id, text).kind === 'accepted', 'internal', `${id} refuses ${text}`);
  c.deliver();
}

/** An acknowledgement by node 2 to node 1, in the term of node 1, except for `part`. */
export const replyOf = (c: Cluster, part: Partial<AppendReply>): AppendReply => ({
  type: 'append-reply',
  from: memberOf(2),
  to: memberOf(1),
  term: c.state(1).currentTerm,
  round: 0,
  accepted: true,
  matchIndex: 0 as LogIndex,
  rejectedIndex: 0 as LogIndex,
  hintIndex: 0 as LogIndex,
  hintTerm: term(0),
  durability: 'durable',
  wall: 1,
  ...part,
});

/** Time passes until a leader has committed an entry of its own term. Answers who it is. */
export function settle(c: Cluster, limitMs = 3000): number {
  const hasLeader = (): boolean => {
    const leader = c.leader();
    return leader > 0 && c.state(leader).commitIndex >= c.state(leader).leading!.noopIndex;
  };
  assert(c.runUntil(hasLeader, limitMs), 'liveness', 'nobody leads');
  return c.leader();
}
