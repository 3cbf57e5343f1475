/** A member whose log is sound and whose state is not. */
import { afterEach, describe, expect, test } from 'vitest';
import type { LogIndex } from '../../base/units.ts';
import type { Configuration, SnapshotMeta } from '../types.ts';
import { termAt } from './log.ts';
import { isJoined } from './quarantine.ts';
import { currentConfiguration } from './state.ts';
import type { Cluster } from './testing/cluster.ts';
import { ELECTION_TIMEOUT_MS } from './testing/fixture.ts';
import { commit, settle } from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

/** Node 1 leads three, with some entries committed everywhere. */
function settled(): Cluster {
  const c = story({ nodes: 3 });
  c.elect(1);
  for (const text of ['a', 'b', 'c']) commit(c, 1, text);
  c.run(40);
  return c;
}

/** What a snapshot of a member at `index` would say of itself. */
function metaAt(c: Cluster, id: number, index: number): SnapshotMeta {
  const { config, log } = c.state(id);
  const configuration: Configuration = currentConfiguration(c.state(id));
  const term = termAt(log, index as LogIndex)!;
  return { group: config.group, index: index as LogIndex, term, configuration };
}

/** Node 1's snapshot at `index` lands on the disk of node 2, as its transfer would bring it. */
function bring(c: Cluster, index: number): SnapshotMeta {
  c.compact(1, index);
  c.machine(2).disk.store(c.machine(1).disk.snapshot);
  return metaAt(c, 1, index);
}

describe('a member that stands back', () => {
  test('acknowledges, and its acknowledgements commit', () => {
    const c = settled();
    c.step(2, { kind: 'quarantine' });
    c.isolate(3);
    const before = c.state(1).commitIndex;
    commit(c, 1, 'd');
    expect(c.state(1).commitIndex).toBe(before + 1);
  });

  test('votes, and never campaigns', () => {
    const c = settled();
    c.step(2, { kind: 'quarantine' });
    c.crash(1);
    c.run(20 * ELECTION_TIMEOUT_MS);
    expect(c.leader()).toBe(3);
    expect(c.state(2).electionsStarted).toBe(0);
  });

  test('alone with another that stands back elects nobody', () => {
    const c = settled();
    for (const id of [2, 3]) c.step(id, { kind: 'quarantine' });
    c.crash(1);
    c.run(20 * ELECTION_TIMEOUT_MS);
    expect(c.leaders()).toEqual([]);
  });

  test('leaves office if it has one, and another takes it', () => {
    const c = settled();
    c.step(1, { kind: 'quarantine' });
    expect(c.state(1).role).toBe('follower');
    expect(settle(c)).not.toBe(1);
  });

  test('does not take office when the leader hands it over', () => {
    const c = settled();
    c.step(2, { kind: 'quarantine' });
    c.transfer(1, c.state(2).config.self);
    c.run(3 * ELECTION_TIMEOUT_MS);
    expect(c.state(2).role).toBe('follower');
    expect(c.state(2).electionsStarted).toBe(0);
    commit(c, settle(c), 'd');
  });
});

describe('a state from elsewhere', () => {
  test('joins the log between the mark and what is applied', () => {
    const c = settled();
    c.compact(2, 3);
    const { appliedIndex } = c.state(2);
    const joined = [2, 3, appliedIndex, appliedIndex + 1].map((at) => isJoined(c.state(2), at));
    expect(joined).toEqual([false, true, true, false]);
  });

  test('ends the standing back, and a newer mark goes to the disk', () => {
    const c = settled();
    c.step(2, { kind: 'quarantine' });
    c.step(2, { kind: 'state-rebuilt', meta: bring(c, 4), stamp: 1 });
    expect(c.machine(2).disk.snapshot.meta.index).toBe(4);
    expect(c.state(2)).toMatchObject({ isQuarantined: false, snapshotIndex: 4 });
    c.crash(1);
    c.crash(3);
    c.restart(3);
    c.run(20 * ELECTION_TIMEOUT_MS);
    expect([2, 3]).toContain(c.leader());
  });

  test('brings the configuration that was lost with ours; later ones of the log stay', () => {
    const c = settled();
    const state = c.state(2);
    const own = state.configurations;
    const nobody: Configuration = { voters: [], outgoing: [], learners: [] };
    const later = { index: 5 as LogIndex, configuration: own[0]!.configuration };
    state.configurations = [{ index: 0 as LogIndex, configuration: nobody }, later];
    c.step(2, { kind: 'quarantine' });
    c.step(2, { kind: 'state-rebuilt', meta: bring(c, 4), stamp: 1 });
    expect(state.configurations.map(({ index }) => index)).toEqual([4, 5]);
    expect(state.configurations[0]!.configuration.voters.length).toBe(3);
  });

  test('of another history, or without need, is our bug', () => {
    const c = settled();
    const meta = metaAt(c, 1, 4);
    expect(() => c.step(2, { kind: 'state-rebuilt', meta, stamp: 1 })).toThrow('a sound state');
    c.step(2, { kind: 'quarantine' });
    const other = { ...meta, term: (meta.term + 1) as typeof meta.term };
    expect(() => c.step(2, { kind: 'state-rebuilt', meta: other, stamp: 1 })).toThrow('history');
    const beyond = { ...meta, index: 99 as LogIndex };
    expect(() => c.step(2, { kind: 'state-rebuilt', meta: beyond, stamp: 1 })).toThrow('join');
  });
});
