/** Elections: scenarios that implementations of Raft test, by their ids in the catalogue. */
import { afterEach, describe, expect, test } from 'vitest';
import { term } from '../../base/units.ts';
import type { Message } from './message.ts';
import { RaftOut } from './out.ts';
import { raft } from './step.ts';
import { Cluster } from './testing/cluster.ts';
import { ELECTION_TIMEOUT_MS, memberOf } from './testing/fixture.ts';
import { logTerms, roles, settle, terms } from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

describe('elections', () => {
  test('E01: an append of an older term changes nothing but the sender’s mind', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.elect(2);
    expect(c.leaders()).toEqual([2]);
    const stale = { ...appendFrom(c, 2), entries: [] };
    c.elect(1);
    expect(terms(c)).toEqual([3, 3, 3]);
    const before = logTerms(c, 1);
    c.arrive({ ...stale, to: memberOf(1) });
    expect(logTerms(c, 1)).toEqual(before);
    expect(c.state(1).role).toBe('leader');
    c.propose(1, 'x');
    c.deliver();
    for (const id of [1, 2, 3]) expect(logTerms(c, id)).toEqual([1, 2, 3, 3]);
  });

  /** The heartbeat that a leader sends next. */
  function appendFrom(c: Cluster, id: number): Message & { type: 'append' } {
    c.tick(id, 2);
    const append = c.network.queue.find((parcel) => parcel.type === 'append');
    c.deliver();
    expect(append?.type).toBe('append');
    return append as Message & { type: 'append' };
  }

  const HIGHER: readonly Partial<Message>[] = [
    { type: 'vote', lastIndex: 0 as never, lastTerm: 0 as never, isTransfer: true },
    { type: 'vote-reply', granted: false, wall: 1 },
    { type: 'pre-vote-reply', askedTerm: term(10), granted: false },
    {
      type: 'append',
      previousIndex: 2 as never,
      previousTerm: term(0),
      commitIndex: 0 as never,
      round: 0,
      clock: 0,
      entries: [],
    },
    {
      type: 'append-reply',
      round: 0,
      accepted: true,
      matchIndex: 3 as never,
      rejectedIndex: 0 as never,
      hintIndex: 0 as never,
      hintTerm: term(0),
      durability: 'durable',
      wall: 1,
    },
  ];

  const ROLES = ['follower', 'pre-candidate', 'candidate', 'leader'] as const;
  const ROWS = ROLES.flatMap((role) => HIGHER.map((message) => [role, message] as const));

  test.each(ROWS)('E02: a %s that hears a higher term follows it without a vote', (role, part) => {
    const c = new Cluster({ nodes: 3 });
    bring(c, role);
    c.autoSync = false;
    const message = { ...part, from: memberOf(2), to: memberOf(1), term: term(9) } as Message;
    const out = new RaftOut();
    const state = c.state(1);
    raft.step(state, { kind: 'message', message, wall: 1 }, c.machine(1).now as never, out);
    expect([state.role, state.currentTerm]).toEqual(['follower', 9]);
    expect(state.votedFor).toBe(null);
    expect(out.records[0]).toMatchObject({ kind: 'hard-state', hardState: { term: 9 } });
    // Nothing leaves that names the term before the disk holds it.
    expect(out.sendNow).toEqual([]);
    expect(state.leading).toBe(null);
    expect(state.candidate).toBe(null);
  });

  function bring(c: Cluster, role: (typeof ROLES)[number]): void {
    if (role === 'leader') c.elect(1);
    if (role === 'pre-candidate') c.campaign(1);
    if (role === 'candidate') c.force(1);
    c.discard('*');
    expect(c.state(1).role).toBe(role);
  }

  test('E08: of two candidates in one term the one with a majority leads', () => {
    const c = story({ nodes: 3 });
    c.cut(1, 3);
    c.force(1);
    c.force(3);
    c.deliver();
    expect(roles(c)).toEqual(['leader', 'follower', 'candidate']);
    c.heal();
    c.force(3);
    expect(c.state(3).role).toBe('candidate');
    c.discard('append');
    c.deliver();
    expect(c.state(3).currentTerm).toBe(1);
    // Its next campaign is lost as well: the others hold an entry that it lacks.
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(3);
    c.deliver();
    expect(roles(c)).toEqual(['leader', 'follower', 'follower']);
  });

  test('E09: with pre-vote the loser of a split network brings no new term', () => {
    const c = story({ nodes: 3 });
    c.cut(1, 3);
    c.elect(1);
    for (let n = 0; n < 5; n++) {
      c.campaign(3);
      c.deliver();
    }
    c.heal();
    c.run(60);
    expect(roles(c)).toEqual(['leader', 'follower', 'follower']);
    expect(terms(c)).toEqual([1, 1, 1]);
  });

  test('E12: a new leader’s empty entry commits what older terms left', () => {
    const c = story({ nodes: 5 });
    c.elect(1);
    for (const id of [3, 4, 5]) c.cut(1, id);
    c.propose(1, 'a');
    c.propose(1, 'b');
    c.deliver();
    expect(c.state(1).commitIndex).toBe(3);
    c.heal();
    c.crash(1);
    c.elect(2);
    expect(c.state(2).role).toBe('leader');
    expect(c.state(2).commitIndex).toBe(6);
    expect(c.machine(2).applied.map(({ text }) => text)).toEqual(['', 'a', 'b', '']);
  });

  test('E13: a candidate concedes to the leader of its term, and its tail is replaced', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(1);
    c.propose(1, 'lost');
    c.deliver();
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(3);
    c.deliver();
    c.propose(3, 'kept');
    c.heal();
    c.run(100);
    expect(roles(c)).toEqual(['follower', 'follower', 'leader']);
    expect(logTerms(c, 1)).toEqual(logTerms(c, 3));
    expect(c.machine(1).applied.map(({ text }) => text)).toEqual(['', '', 'kept']);
  });

  test('E17: a leader without a quorum steps down; with one it stays', () => {
    const c = story({ nodes: 5 });
    c.elect(1);
    c.cut(1, 2);
    c.cut(1, 3);
    c.run(1000);
    expect(c.state(1).role).toBe('leader');
    c.cut(1, 4);
    c.tick(1, 21);
    expect(c.state(1).role).toBe('follower');
    expect(c.state(1).currentTerm).toBe(1);
    expect(c.state(1).leader).toBe(0);
  });

  test('E18: whoever hears a leader votes for nobody else, unless that leader hands over', () => {
    for (const isTransfer of [false, true]) {
      // What node 3 asks with is forged: no peace comes of that.
      const c = new Cluster({ nodes: 3 });
      c.elect(1);
      c.run(40);
      const asked = {
        type: 'vote',
        from: memberOf(3),
        to: memberOf(2),
        term: term(5),
        lastIndex: 99 as never,
        lastTerm: term(1),
        isTransfer,
      } as const;
      c.arrive(asked);
      expect(c.state(2).currentTerm).toBe(isTransfer ? 5 : 1);
      expect(c.state(2).votedFor?.id).toBe(isTransfer ? 3 : 1);
      const answers = c.network.queue.filter(({ type }) => type === 'vote-reply');
      expect(answers.length).toBe(isTransfer ? 1 : 0);
    }
  });

  test('E20: a follower on a slow link disturbs nobody; without asking first it would', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.elapse(ELECTION_TIMEOUT_MS, [3]);
    c.campaign(3);
    c.deliver();
    c.run(40);
    expect([roles(c), terms(c)]).toEqual([
      ['leader', 'follower', 'follower'],
      [1, 1, 1],
    ]);
    c.isolate(3);
    c.force(3);
    c.discard('*', { from: 3 });
    c.heal();
    c.run(20);
    expect(c.state(1).role).toBe('follower');
    expect(terms(c)[0]).toBe(2);
    settle(c);
  });

  test('E22: after a split vote the one who times out first leads the next term', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(1);
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(2);
    c.campaign(3);
    // Requests of both arrive before any answer does.
    c.deliver();
    expect(terms(c).slice(1)).toEqual([2, 2]);
    expect(c.leaders().includes(2) || c.leaders().includes(3)).toBe(false);
    c.campaign(2);
    c.deliver();
    expect(c.state(2).role).toBe('leader');
    expect(c.state(2).currentTerm).toBe(3);
  });

  test('I23: whose log is behind never becomes a candidate', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.isolate(3);
    c.propose(1, 'x');
    c.deliver();
    c.crash(1);
    c.heal();
    c.elapse(ELECTION_TIMEOUT_MS);
    for (let n = 0; n < 5; n++) {
      c.campaign(3);
      c.deliver();
      expect(c.state(3).currentTerm).toBe(1);
    }
    c.campaign(2);
    c.deliver();
    expect(c.state(2).role).toBe('leader');
  });

  test('I24: pre-votes are denied while a leader is fresh, and granted after', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.campaign(3);
    c.deliver();
    expect(roles(c)[2]).toBe('follower');
    c.crash(1);
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(3);
    c.deliver();
    expect(roles(c)[2]).toBe('leader');
  });

  test('I24: a pre-candidate has forgotten its leader, so two of them can agree', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.crash(1);
    c.campaign(2);
    c.deliver();
    expect(roles(c)).toEqual(['down', 'pre-candidate', 'follower']);
    c.campaign(3);
    c.deliver();
    expect(roles(c)[2]).toBe('leader');
  });

  test('I46: a learner that is a voter already, and does not know it, answers', () => {
    const c = story({ nodes: 3, voters: [1], learners: [2, 3] });
    c.elect(1);
    c.run(60);
    c.drop('append', { from: 1, to: 3 });
    c.reconfigure(1, [memberOf(1), memberOf(2), memberOf(3)]);
    c.deliver();
    expect([logTerms(c, 2), logTerms(c, 3)]).toEqual([[1, 1, 1], [1]]);
    c.crash(1);
    c.elect(2);
    // Node 3 believes that it learns; without its vote nobody could lead.
    expect(c.state(2).role).toBe('leader');
  });

  test('the loser of a pre-vote learns a later term by the refusal (E23, E20)', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(3);
    c.force(2);
    c.deliver();
    c.force(1);
    c.deliver();
    c.crash(1);
    c.heal();
    c.elapse(ELECTION_TIMEOUT_MS);
    expect(c.state(3).currentTerm).toBe(1);
    c.campaign(3);
    c.deliver();
    expect(c.state(3).currentTerm).toBe(3);
    expect(c.state(3).role).toBe('follower');
  });
});
