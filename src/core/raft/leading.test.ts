/** The leader's office: handing over, log time, durability, and the driver's contract. */
import { afterEach, describe, expect, test } from 'vitest';
import type { LogIndex } from '../../base/units.ts';
import { entryStamp } from '../entry.ts';
import { lastIndex, termAt } from './log.ts';
import { raft } from './step.ts';
import type { Cluster } from './testing/cluster.ts';
import { BASE_INDEX, ELECTION_TIMEOUT_MS, memberOf } from './testing/fixture.ts';
import {
  commit,
  logTerms,
  progressOf,
  replyOf,
  roles,
  settle,
  terms,
  texts,
} from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

describe('handing over', () => {
  test('E38: to an up-to-date follower takes one term and no timeout', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    const before = c.machine(2).now;
    expect(c.transfer(1, memberOf(2)).kind).toBe('accepted');
    c.deliver();
    expect([roles(c)[1], terms(c)]).toEqual(['leader', [2, 2, 2]]);
    expect(c.machine(2).now).toBe(before);
  });

  test('E39: a slow target is caught up first', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(3);
    for (let n = 0; n < 20; n++) commit(c, 1, `x${n}`);
    c.compact(1);
    c.heal();
    c.transfer(1, memberOf(3));
    c.run(60);
    expect(c.state(3).role).toBe('leader');
    expect(texts(c, 3).length).toBe(20);
  });

  test.each([
    ['oneself', 1, 'no-such-member'],
    ['a learner', 4, 'no-such-member'],
    ['nobody', 9, 'no-such-member'],
  ] as const)('E40: to %s is refused', (_, target, reason) => {
    const c = story({ nodes: 4, learners: [4] });
    c.elect(1);
    expect(c.transfer(1, memberOf(target))).toEqual({ kind: 'refused', reason });
    expect(c.transfer(2, memberOf(3))).toMatchObject({ reason: 'not-leader' });
    expect(c.propose(1, 'x').kind).toBe('accepted');
  });

  test('E40: to one who is gone ends after an election timeout; proposals wait meanwhile', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.isolate(2);
    c.transfer(1, memberOf(2));
    expect(c.propose(1, 'x')).toEqual({ kind: 'refused', reason: 'transferring' });
    const wish = c.reconfigure(1, [memberOf(1), memberOf(2)]);
    expect(wish).toEqual({ kind: 'refused', reason: 'transferring' });
    c.run(ELECTION_TIMEOUT_MS);
    expect(c.propose(1, 'x').kind).toBe('accepted');
    expect(c.state(1).role).toBe('leader');
  });

  test('E40: a second request replaces the first', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.isolate(2);
    c.transfer(1, memberOf(2));
    c.transfer(1, memberOf(3));
    c.deliver();
    expect(c.state(3).role).toBe('leader');
  });

  test('E40: a target that was removed meanwhile is no target', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.isolate(3);
    commit(c, 1, 'a');
    c.reconfigure(1, [memberOf(1), memberOf(2)]);
    c.transfer(1, memberOf(3));
    c.run(60);
    expect(c.state(1).leading!.transfer).toBe(null);
    expect(c.propose(1, 'b').kind).toBe('accepted');
  });
});

describe('log time', () => {
  const stampAt = (c: Cluster, id: number): number => entryStamp(c.state(id).log.entries.at(-1)!);

  test('is the median of the voters’ clocks: one bad clock never decides', () => {
    const c = story({ nodes: 3 });
    c.machine(1).wallOffset = 1_000_000_000;
    c.elect(1);
    c.run(40);
    c.propose(1, 'x');
    expect(stampAt(c, 1)).toBeLessThan(1_010_000);
    expect(stampAt(c, 1)).toBeGreaterThan(1_000_000);
  });

  test('is not moved by a leader whose clock is set, not even until it hears of the others again', () => {
    for (const step of [1_000_000, -1_000_000]) {
      const c = story({ nodes: 3 });
      c.elect(1);
      c.run(40);
      c.propose(1, 'x');
      const before = stampAt(c, 1);
      c.machine(1).wallOffset += step;
      c.elapse(5);
      c.propose(1, 'y');
      expect(stampAt(c, 1) - before).toBe(5);
    }
  });

  test('stands still until a quorum’s clocks are known in this term', () => {
    const c = story({ nodes: 3 });
    c.hold('append');
    c.elect(1);
    expect(stampAt(c, 1)).toBe(0);
    c.release();
    c.deliver();
    c.propose(1, 'x');
    expect(stampAt(c, 1)).toBeGreaterThan(0);
  });

  test('never falls along a log, whatever the clocks do', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    let last = 0;
    for (let n = 0; n < 20; n++) {
      for (const machine of c.machines) machine.wallOffset = ((n * 7919) % 2000) - 1000;
      if (n === 10) c.elect(2);
      const leader = settle(c);
      commit(c, leader, 'x');
      expect(stampAt(c, leader)).toBeGreaterThanOrEqual(last);
      last = stampAt(c, leader);
      if (n % 5 === 0) c.compact(leader);
    }
    expect(last).toBeGreaterThan(1_000_000);
  });

  test('a node whose clock is far off does not campaign, until the verdict is old', () => {
    const c = story({ nodes: 3 });
    c.machine(2).wallOffset = 100_000;
    c.elect(1);
    c.run(100);
    expect(c.state(2).isClockSkewed).toBe(true);
    expect(c.state(3).isClockSkewed).toBe(false);
    c.crash(1);
    c.crash(3);
    c.run(5 * ELECTION_TIMEOUT_MS);
    expect(c.state(2)).toMatchObject({ role: 'follower' });
    c.run(10 * ELECTION_TIMEOUT_MS);
    expect(c.state(2).role).toBe('pre-candidate');
  });
});

describe('durability', () => {
  test('an acknowledgement given under a weaker durability proves contact and no match', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.isolate(1);
    c.propose(1, 'x');
    c.arrive(replyOf(c, { matchIndex: 4 as LogIndex, durability: 'unsafe' }));
    expect(c.state(1).commitIndex).toBe(3);
    expect(progressOf(c, 1, 2).matchIndex).toBe(3);
    c.arrive(replyOf(c, { matchIndex: 4 as LogIndex, durability: 'unsafe', round: 9 }));
    expect(progressOf(c, 1, 2).ackedRound).toBe(9);
  });

  test('an unsafe follower that lost its tail gets it again on its new connection', () => {
    const c = story({ nodes: 3, config: { durability: 'unsafe' } });
    c.elect(1);
    for (let n = 0; n < 3; n++) commit(c, 1, `x${n}`);
    c.run(40);
    const { disk } = c.machine(3);
    c.crash(3);
    disk.entries = disk.entries.slice(0, 1);
    c.restart(3);
    c.step(1, { kind: 'peer-connected', member: memberOf(3) });
    c.run(100);
    expect(texts(c, 3)).toEqual(['x0', 'x1', 'x2']);
    expect(c.leaders()).toEqual([1]);
  });

  test('nothing is applied that is not durable here (A02)', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.run(40);
    c.autoSync = false;
    c.propose(1, 'x');
    c.deliver();
    for (const id of [2, 3]) c.syncAll(id);
    c.deliver();
    // The followers are a majority; the leader has not even its own entry.
    expect(c.state(1)).toMatchObject({ commitIndex: 4, appliedIndex: 3 });
    expect(texts(c, 1)).toEqual([]);
    c.syncAll(1);
    expect(texts(c, 1)).toEqual(['x']);
  });

  test('W23: what was written while a flush was under way is not durable with it', () => {
    const c = story({ nodes: 1 });
    c.elect(1);
    c.autoSync = false;
    c.propose(1, 'a');
    c.propose(1, 'b');
    c.sync(1);
    expect([c.state(1).durableIndex, texts(c, 1)]).toEqual([4, ['a']]);
  });

  test('a disk that confirms what was never written stops the machine', () => {
    const c = story({ nodes: 1 });
    c.elect(1);
    const ticket = c.state(1).lastTicket + 1;
    const synced = { kind: 'synced', ticket, index: 3 as LogIndex, term: 1 as never } as const;
    expect(() => c.step(1, synced)).toThrow('never written');
  });
});

describe('the log', () => {
  test('A12, A45: what conflicts is replaced at its own index', () => {
    const c = story({
      nodes: 3,
      logs: [
        [1, 2, 2],
        [1, 2, 2],
        [1, 1, 1, 1, 1],
      ],
    });
    c.elect(1);
    c.run(40);
    expect(logTerms(c, 3)).toEqual([1, 2, 2, 3]);
    expect(termAt(c.state(3).log, (BASE_INDEX + 2) as LogIndex)).toBe(2);
    expect(c.machine(3).disk.entries.length).toBe(4);
  });

  test('an append that matches and is shorter leaves the rest alone (E04)', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.hold('append', { from: 1, to: 3 });
    c.propose(1, 'a');
    const first = c.network.heldBack.find(({ type }) => type === 'append')!;
    c.propose(1, 'b');
    c.release();
    c.deliver();
    c.arrive(first);
    expect(lastIndex(c.state(3).log)).toBe(5);
    c.deliver();
    expect(progressOf(c, 1, 3).matchIndex).toBe(5);
  });

  test('the deadline of a machine is never in the past once it was ticked', () => {
    const c = story({ nodes: 3 });
    for (let n = 0; n < 200; n++) {
      c.run(10);
      for (const { state, now } of c.machines) expect(raft.deadline(state!)).toBeGreaterThan(now);
    }
  });
});
