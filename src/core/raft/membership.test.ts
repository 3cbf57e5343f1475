/** Changing who counts (thesis chapter 4), and the replacement of a store. */
import { afterEach, describe, expect, test } from 'vitest';
import { term } from '../../base/units.ts';
import type { Configuration, Member } from '../types.ts';
import { currentConfiguration, type RaftState } from './state.ts';
import { ELECTION_TIMEOUT_MS, memberOf } from './testing/fixture.ts';
import { commit, logTerms, progressOf, roles, settle, terms, texts } from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

const members = (...ids: number[]): Member[] => ids.map((id) => memberOf(id));
const ids = (list: readonly Member[]): number[] => list.map(({ id }) => id);

function seats(state: RaftState): number[][] {
  const { voters, outgoing }: Configuration = currentConfiguration(state);
  return outgoing.length === 0 ? [ids(voters)] : [ids(voters), ids(outgoing)];
}

describe('one change at a time', () => {
  test('E41, M02: a second change is refused while one is not committed, or is joint', () => {
    const c = story({ nodes: 4, voters: [1, 2, 3] });
    c.elect(1);
    c.isolate(1);
    expect(c.reconfigure(1, members(1, 2, 3, 4)).kind).toBe('accepted');
    const pending = { kind: 'refused', reason: 'change-pending' };
    expect(c.reconfigure(1, members(1, 2))).toEqual(pending);
    c.heal();
    // The joint entry is committed, the way out of it is not.
    c.drop('append-reply', { to: 1 });
    c.tick(1, 2);
    c.deliver();
    expect(c.reconfigure(1, members(1, 2))).toEqual(pending);
    c.heal();
    c.run(60);
    expect(seats(c.state(1))).toEqual([[1, 2, 3, 4]]);
    expect(c.reconfigure(1, members(1, 2, 3)).kind).toBe('accepted');
  });

  test('E41: a change of learners is a change, too', () => {
    const c = story({ nodes: 4, voters: [1, 2, 3] });
    c.elect(1);
    c.isolate(1);
    expect(c.reconfigure(1, members(1, 2, 3), members(4)).kind).toBe('accepted');
    expect(c.reconfigure(1, members(1, 2, 3))).toMatchObject({ reason: 'change-pending' });
    expect(c.reconfigure(1, members(1, 2))).toMatchObject({ reason: 'change-pending' });
  });

  test('E41: a new leader counts a change that it inherits', () => {
    const c = story({ nodes: 4, voters: [1, 2, 3] });
    c.elect(1);
    c.cut(1, 3);
    c.drop('append-reply', { to: 1 });
    c.reconfigure(1, members(1, 2, 3, 4));
    c.deliver();
    c.heal();
    c.crash(1);
    c.hold('append', { from: 2 });
    c.elect(2);
    expect(c.state(2).role).toBe('leader');
    expect(c.reconfigure(2, members(2, 3))).toMatchObject({ reason: 'change-pending' });
    c.release();
    c.deliver();
    // Whoever leads when a joint configuration is committed leads the way out of it.
    c.run(60);
    expect(seats(c.state(2))).toEqual([[1, 2, 3, 4]]);
  });

  test('a leader that has committed nothing in its term changes nothing (§4.1)', () => {
    const c = story({ nodes: 3 });
    c.hold('append');
    c.elect(1);
    expect(c.reconfigure(1, members(1, 2))).toMatchObject({ reason: 'change-pending' });
    c.release();
    c.deliver();
    expect(c.reconfigure(1, members(1, 2)).kind).toBe('accepted');
  });

  const ILL_FORMED: readonly (readonly [string, Member[], Member[]])[] = [
    ['nobody', [], []],
    ['a node with two stores', [memberOf(1), memberOf(1, 2)], []],
    ['a voter that learns', members(1, 2), members(2)],
    ['a learner named twice', members(1, 2, 3), members(4, 4)],
  ];

  test.each(ILL_FORMED)('a wish for %s is refused, and stops nobody', (_, voters, learners) => {
    const c = story({ nodes: 4, voters: [1, 2, 3] });
    c.elect(1);
    expect(c.reconfigure(1, voters, learners)).toMatchObject({ reason: 'no-such-member' });
    expect(c.reconfigure(2, members(1, 2))).toMatchObject({ reason: 'not-leader' });
  });

  test('learners change without a joint configuration', () => {
    const c = story({ nodes: 4, voters: [1, 2, 3] });
    c.elect(1);
    c.reconfigure(1, members(1, 2, 3), members(4));
    expect(seats(c.state(1))).toEqual([[1, 2, 3]]);
    c.run(60);
    expect(c.state(4).commitIndex).toBe(4);
  });
});

describe('who decides', () => {
  test('M04: a configuration is in force from its append on, committed or not (§4.1)', () => {
    const c = story({ nodes: 5, voters: [1, 2, 3], learners: [4, 5] });
    c.elect(1);
    c.run(60);
    c.isolate(1);
    c.cut(1, 2);
    c.reconfigure(1, members(1, 2, 3, 4, 5));
    expect(seats(c.state(1))).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3],
    ]);
    c.heal();
    c.discard('*');
    c.tick(1, 2);
    c.drop('append-reply', { to: 1 });
    c.deliver();
    expect(seats(c.state(2)).length).toBe(1);
  });

  test('M06: taking an entry back takes its configuration back', () => {
    const c = story({ nodes: 4, voters: [1, 2, 3] });
    c.elect(1);
    c.run(60);
    c.isolate(1);
    c.reconfigure(1, members(1, 4));
    expect(seats(c.state(1)).length).toBe(2);
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(2);
    c.deliver();
    c.heal();
    c.run(60);
    expect(seats(c.state(1))).toEqual([[1, 2, 3]]);
    expect(c.state(1).leader).toBe(2);
  });

  test('M07: nothing is decided by the new members alone, nor by the old', () => {
    for (const alone of [
      [4, 5, 6],
      [1, 2, 3],
    ]) {
      const c = story({ nodes: 6, voters: [1, 2, 3], learners: [4, 5, 6] });
      c.elect(1);
      c.run(60);
      c.hold('append-reply');
      c.reconfigure(1, members(4, 5, 6));
      c.deliver();
      c.crash(1);
      c.restart(1);
      c.release();
      c.discard('*');
      for (const id of [1, 2, 3, 4, 5, 6]) if (!alone.includes(id)) c.isolate(id);
      c.run(2000);
      expect(c.leaders()).toEqual([]);
      c.heal();
      settle(c);
    }
  });

  test('E42: after a shrink the new quorum commits what waits behind it', () => {
    const c = story({ nodes: 2 });
    c.elect(1);
    c.run(40);
    c.hold('append-reply');
    c.reconfigure(1, members(1));
    c.propose(1, 'x');
    c.deliver();
    expect(c.state(1).commitIndex).toBe(3);
    const [first] = c.network.heldBack;
    c.arrive({ ...first!, matchIndex: 4 } as typeof first & object);
    c.run(40);
    expect(texts(c, 1)).toEqual(['x']);
    expect(seats(c.state(1))).toEqual([[1]]);
  });

  test('E43: a member added just before the quorum check is given its time', () => {
    const c = story({ nodes: 2, voters: [1] });
    c.elect(1);
    c.isolate(2);
    c.machine(1).now = c.state(1).leading!.nextQuorumCheck - 1;
    c.reconfigure(1, members(1, 2));
    c.tick(1);
    expect(c.state(1).role).toBe('leader');
    c.tick(1, 25);
    expect(c.leaders()).toEqual([]);
  });

  test.each([
    ['the one that is there', 4],
    ['one that is cut off', 3],
  ] as const)('H63: with two of four cut off %s cannot be removed', (_, removed) => {
    const c = story({ nodes: 4 });
    c.elect(1);
    c.run(40);
    c.isolate(2);
    c.isolate(3);
    c.reconfigure(1, members(...[1, 2, 3, 4].filter((id) => id !== removed)));
    c.run(80);
    // Two of the new three may hold it; the old four need three.
    expect(c.state(1).commitIndex).toBe(3);
    c.run(1000);
    expect(c.leaders()).toEqual([]);
  });

  test('A06: half of an even number is no majority', () => {
    const c = story({ nodes: 4 });
    for (const [source, target] of [
      [1, 3],
      [1, 4],
      [2, 3],
      [2, 4],
    ] as const) {
      c.cut(source, target);
    }
    c.run(3000);
    expect(c.leaders()).toEqual([]);
    expect(terms(c)).toEqual([0, 0, 0, 0]);
  });

  test('A09: what learners hold commits nothing', () => {
    const c = story({ nodes: 5, learners: [4, 5] });
    c.elect(1);
    c.run(40);
    c.isolate(2);
    c.isolate(3);
    commit(c, 1, 'x');
    expect(progressOf(c, 1, 4).matchIndex).toBe(4);
    expect(c.state(1).commitIndex).toBe(3);
  });

  test('a learner never campaigns, not even when it is told to', () => {
    const c = story({ nodes: 4, learners: [4] });
    c.elect(1);
    c.run(40);
    c.isolate(4);
    c.run(1000);
    c.force(4);
    expect([c.state(4).role, c.state(4).currentTerm]).toEqual(['follower', 1]);
  });
});

describe('leaving', () => {
  test('I45: a leader that removes itself serves until that is committed, uncounted', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.isolate(3);
    c.reconfigure(1, members(2, 3));
    c.deliver();
    // Nodes 1 and 2 are a majority of the old members; of the new ones only node 2 answers.
    expect([c.state(1).role, c.state(1).commitIndex]).toEqual(['leader', 3]);
    c.heal();
    c.run(60);
    expect(c.state(1).role).toBe('follower');
    const leader = settle(c);
    expect([2, 3]).toContain(leader);
    c.run(2000);
    expect(c.state(1).role).toBe('follower');
    expect(c.state(1).electionsStarted).toBe(1);
  });

  test('who was removed by an entry that others lack campaigns for them (§4.2.2)', () => {
    const c = story({ nodes: 3, voters: [1, 3], learners: [2] });
    c.elect(1);
    c.run(40);
    c.reconfigure(1, members(2, 3));
    c.deliverOne();
    c.deliverOne();
    c.drop('append', { from: 1 });
    c.deliver();
    // Node 1 alone has the way out; the joint entry, which the others have, needs its vote.
    expect([1, 2, 3].map((id) => seats(c.state(id)).length)).toEqual([1, 2, 2]);
    c.crash(1);
    c.heal();
    c.restart(1);
    c.run(3000);
    expect([2, 3]).toContain(settle(c));
    expect(seats(c.state(3))).toEqual([[2, 3]]);
    expect(c.state(1).role).toBe('follower');
  });

  test('a member that was removed and does not know it disturbs nobody', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.isolate(3);
    c.reconfigure(1, members(1, 2));
    c.run(60);
    c.heal();
    c.run(2000);
    expect(c.leaders()).toEqual([1]);
    expect(terms(c).slice(0, 2)).toEqual([1, 1]);
  });

  test('M14, E27: what the store of a former life promised is not counted for the new one', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.hold('append-reply', { from: 3, to: 1 });
    c.isolate(2);
    c.propose(1, 'x');
    c.deliver();
    c.wipe(3);
    c.restart(3);
    c.reconfigure(1, members(1, 2, 3), [memberOf(3, 2)]);
    c.run(60);
    // The new store of node 3 holds everything, and still only the old one would count.
    expect(progressOf(c, 1, 1).member).toEqual(memberOf(1));
    expect(c.state(1).commitIndex).toBe(3);
    expect(c.state(3).votedFor).toBe(null);
  });

  test('a store is replaced by learning first and changing seats in one joint change', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    commit(c, 1, 'a');
    c.wipe(3);
    c.restart(3);
    c.run(500);
    expect(roles(c)[2]).toBe('follower');
    expect(c.state(3).currentTerm).toBe(0);
    c.reconfigure(1, members(1, 2, 3), [memberOf(3, 2)]);
    c.run(100);
    expect(texts(c, 3)).toEqual(['a']);
    c.reconfigure(1, [...members(1, 2), memberOf(3, 2)]);
    c.run(100);
    c.crash(2);
    commit(c, 1, 'b');
    expect(texts(c, 1)).toEqual(['a', 'b']);
  });

  test('O76: a member whose connection hangs holds up nobody, and can be removed', () => {
    const c = story({ nodes: 4 });
    c.elect(1);
    c.run(40);
    c.hold('append', { from: 1, to: 4 });
    for (let n = 0; n < 100; n++) commit(c, 1, `x${n}`);
    // No time has passed: nobody waited for a heartbeat either.
    expect(texts(c, 1).length).toBe(100);
    c.reconfigure(1, members(1, 2, 3));
    c.run(100);
    commit(c, 1, 'y');
    expect(texts(c, 1).at(-1)).toBe('y');
    expect(c.state(1).leading!.progress.map(({ member }) => member.id)).toEqual([1, 2, 3]);
    c.release();
    c.deliver();
    expect(c.leaders()).toEqual([1]);
  });
});

describe('formation', () => {
  test('entry 1 is written by an empty store only', () => {
    const c = story({ nodes: 3 });
    const form = { kind: 'form', bytes: new Uint8Array(64) } as const;
    const configuration = { voters: members(1, 2, 3), outgoing: [], learners: [] };
    expect(c.ask(1, { ...form, configuration })).toEqual({ kind: 'refused', reason: 'not-empty' });
    // testdata/formation.txt tells the other half.
  });

  test('M10: a configuration that only the snapshot holds is in force after a restart', () => {
    const c = story({ nodes: 4, voters: [1, 2, 3] });
    c.elect(1);
    c.run(40);
    c.reconfigure(1, members(1, 2, 3, 4));
    c.run(100);
    for (const id of [1, 2, 3, 4]) c.compact(id);
    for (const id of [1, 2, 3, 4]) c.crash(id);
    for (const id of [1, 2, 3, 4]) c.restart(id);
    for (const id of [1, 2, 3, 4]) expect(seats(c.state(id))).toEqual([[1, 2, 3, 4]]);
    expect(logTerms(c, 4)).toEqual([]);
    settle(c);
    expect(term(1)).toBeLessThan(c.state(c.leader()).currentTerm);
  });
});
