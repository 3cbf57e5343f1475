/** Linearizable reads (thesis 6.4), with the ids of the catalogues. */
import { afterEach, describe, expect, test } from 'vitest';
import { type LogIndex, term } from '../../base/units.ts';
import { ELECTION_TIMEOUT_MS, memberOf } from './testing/fixture.ts';
import { commit, replyOf } from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

describe('reads', () => {
  test('E25, C02: a fresh leader’s read waits for its first entry, and sees it', () => {
    const c = story({ nodes: 3 });
    c.hold('append');
    c.elect(1);
    const read = c.read(1, 1);
    c.deliver();
    expect(read.status).toBe('waiting');
    // Even a quorum's answers to the read's round do not help before the entry is committed.
    for (const id of [2, 3]) c.arrive(replyOf(c, { round: 1, from: memberOf(id) }));
    expect(read.status).toBe('waiting');
    c.release();
    c.deliver();
    expect(read).toMatchObject({ status: 'answered', index: 3 });
  });

  test('E26: a cut-off leader answers no read', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(1);
    const read = c.read(1, 1);
    c.deliver();
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(2);
    c.deliver();
    commit(c, 2, 'new');
    c.tick(1, 30);
    expect(read.status).toBe('refused');
  });

  test('C03: an answer to an earlier round confirms no read', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(1);
    const read = c.read(1, 1);
    c.deliver();
    c.arrive(replyOf(c, { round: 0, matchIndex: 3 as LogIndex }));
    expect(read.status).toBe('waiting');
    c.arrive(replyOf(c, { round: 1, matchIndex: 3 as LogIndex }));
    expect(read.status).toBe('answered');
  });

  test('an answer to an append of an earlier term echoes no round', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.elect(2);
    c.arrive({
      type: 'append',
      from: memberOf(1),
      to: memberOf(3),
      term: term(1),
      previousIndex: 3 as LogIndex,
      previousTerm: term(1),
      commitIndex: 3 as LogIndex,
      round: 9,
      clock: 0,
      entries: [],
    });
    // Node 1 may lead again in the term that is named here: its rounds begin anew there.
    const answer = c.network.queue.at(-1);
    expect(answer).toMatchObject({ type: 'append-reply', term: 2, accepted: false, round: 0 });
  });

  test('a read waits for the write that it must see', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.hold('append');
    c.propose(1, 'a');
    const read = c.read(1, 1, 4);
    for (const id of [2, 3]) c.arrive(replyOf(c, { round: 1, from: memberOf(id) }));
    expect(read.status).toBe('waiting');
    c.release();
    c.deliver();
    expect(read).toMatchObject({ status: 'answered', index: 4 });
  });

  test('a read beyond the log, at a follower, or beyond the bound is refused', () => {
    const c = story({ nodes: 3, config: { readsMax: 2 } });
    c.elect(1);
    expect(c.read(1, 1, 9).status).toBe('refused');
    expect(c.read(2, 2).status).toBe('refused');
    c.isolate(1);
    expect([3, 4, 5].map((id) => c.read(1, id).status)).toEqual(['waiting', 'waiting', 'refused']);
  });

  test('a learner’s answer confirms no read', () => {
    const c = story({ nodes: 4, learners: [4] });
    c.elect(1);
    c.run(40);
    c.cut(1, 2);
    c.cut(1, 3);
    const read = c.read(1, 1);
    c.deliver();
    expect(read.status).toBe('waiting');
  });
});
