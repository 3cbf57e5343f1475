/** Compaction, installation, and followers that need them (thesis chapter 5). */
import { afterEach, describe, expect, test } from 'vitest';
import type { LogIndex, Term } from '../../base/units.ts';
import { entryAt, termAt } from './log.ts';
import { RaftOut } from './out.ts';
import { currentConfiguration } from './state.ts';
import { raft } from './step.ts';
import type { Cluster } from './testing/cluster.ts';
import type { Snapshot } from './testing/disk.ts';
import { ELECTION_TIMEOUT_MS, memberOf } from './testing/fixture.ts';
import { commit, logTerms, progressOf, settle, texts } from './testing/look.ts';
import { newStories } from './testing/peace.ts';

const { story, end } = newStories();
afterEach(end);

/** Three nodes; node 3 is away while node 1 commits `count` commands and compacts. */
function leftBehind(
  count: number,
  config: ConstructorParameters<typeof Cluster>[0]['config'] = {},
) {
  const c = story({ nodes: 3, config });
  c.elect(1);
  c.run(40);
  c.isolate(3);
  for (let n = 0; n < count; n++) commit(c, 1, `x${n}`);
  c.compact(1);
  return c;
}

describe('a follower that needs what was compacted', () => {
  test('I31, E35: one probe, one snapshot, then entries again', () => {
    const c = leftBehind(101);
    c.heal();
    c.run(40);
    expect(c.network.sent.get('snapshot')).toBe(1);
    expect(texts(c, 3)).toEqual(texts(c, 1));
    expect(progressOf(c, 1, 3).mode).toBe('replicate');
    commit(c, 1, 'y');
    c.run(20);
    expect(texts(c, 3).at(-1)).toBe('y');
  });

  test('I32: after a snapshot at the last index the leader replicates, without a proposal', () => {
    const c = leftBehind(3);
    c.heal();
    c.run(40);
    expect(c.state(1).snapshotIndex).toBe(6);
    expect(logTerms(c, 1)).toEqual([]);
    expect(progressOf(c, 1, 3)).toMatchObject({ mode: 'replicate', matchIndex: 6, nextIndex: 7 });
  });

  test('I33: a snapshot older than the one the leader waits for is of use all the same', () => {
    const c = leftBehind(3);
    const older = c.machine(1).disk.snapshot;
    commit(c, 1, 'y');
    c.compact(1);
    c.heal();
    c.hold('snapshot');
    c.run(40);
    expect(progressOf(c, 1, 3)).toMatchObject({ mode: 'snapshot', snapshotIndex: 7 });
    c.arrive({ type: 'snapshot', from: memberOf(1), to: memberOf(3), snapshot: older });
    c.deliver();
    expect(c.state(3).commitIndex).toBe(6);
    expect(progressOf(c, 1, 3).matchIndex).toBe(6);
    c.release();
    c.run(60);
    expect(texts(c, 3)).toEqual(texts(c, 1));
  });

  test('E34, S01: a snapshot at or below the commit index is no news', () => {
    const c = leftBehind(3);
    const { snapshot } = c.machine(1).disk;
    c.heal();
    c.run(40);
    commit(c, 1, 'y');
    c.run(40);
    const before = logTerms(c, 3);
    c.arrive({ type: 'snapshot', from: memberOf(1), to: memberOf(3), snapshot });
    expect([c.state(3).commitIndex, logTerms(c, 3)]).toEqual([7, before]);
    const { meta, stamp } = snapshot;
    const event = { kind: 'snapshot-installed', meta, stamp, from: memberOf(1), wall: 1 } as const;
    const install = () => raft.step(c.state(3), event, 9999 as never, new RaftOut());
    expect(install).toThrow('an old snapshot was installed');
  });

  test('E34: a snapshot whose last entry is in the log moves only the commit index', () => {
    const c = story({
      nodes: 3,
      logs: [
        [1, 1, 1, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 1],
      ],
    });
    c.elect(1);
    c.run(40);
    c.compact(1, 4);
    const { snapshot } = c.machine(1).disk;
    c.crash(3);
    c.restart(3);
    expect(c.state(3).commitIndex).toBe(2);
    c.arrive({ type: 'snapshot', from: memberOf(1), to: memberOf(3), snapshot });
    expect(c.state(3).commitIndex).toBe(4);
    expect(logTerms(c, 3)).toEqual([1, 1, 2]);
    c.run(60);
    expect(c.state(3).commitIndex).toBe(c.state(1).commitIndex);
  });

  test('O74, S03, M12: what conflicts with a snapshot goes, configurations too', () => {
    const c = story({ nodes: 4, voters: [1, 2, 3] });
    c.elect(3);
    c.run(40);
    c.isolate(3);
    c.reconfigure(3, [memberOf(3), memberOf(4)]);
    c.propose(3, 'lost');
    expect(currentConfiguration(c.state(3)).outgoing.length).toBe(3);
    c.elapse(ELECTION_TIMEOUT_MS);
    c.campaign(1);
    c.deliver();
    commit(c, 1, 'a');
    commit(c, 1, 'b');
    c.compact(1);
    c.tick(3, 30);
    c.heal();
    c.run(100);
    expect(texts(c, 3)).toEqual(['a', 'b']);
    expect(currentConfiguration(c.state(3))).toEqual(currentConfiguration(c.state(1)));
    expect(c.machine(3).disk.entries.length).toBe(c.state(3).log.entries.length);
    c.crash(3);
    c.restart(3);
    expect(c.state(3).log.entries.length).toBe(c.machine(3).disk.entries.length);
  });

  test('M11, M12: the configuration of the snapshot is in force, and no older one', () => {
    const c = story({ nodes: 5, voters: [1, 2, 3], learners: [4] });
    c.elect(1);
    c.run(40);
    c.isolate(3);
    const voters = [1, 2, 3, 4].map((id) => memberOf(id));
    c.reconfigure(1, voters, [memberOf(5)]);
    c.run(60);
    c.compact(1);
    c.heal();
    c.run(60);
    expect(logTerms(c, 3)).toEqual([]);
    expect(currentConfiguration(c.state(3)).voters).toEqual(voters);
    c.crash(3);
    c.restart(3);
    expect(currentConfiguration(c.state(3)).learners).toEqual([memberOf(5)]);
  });

  test('O77: a snapshot to a dead member is asked for again, and holds up nobody', () => {
    const c = leftBehind(3);
    c.heal();
    c.drop('snapshot');
    c.run(40);
    expect(progressOf(c, 1, 3).mode).toBe('snapshot');
    c.crash(3);
    for (let n = 0; n < 10; n++) {
      commit(c, 1, `y${n}`);
      c.run(40);
    }
    expect(c.state(2).commitIndex).toBe(c.state(1).commitIndex);
    c.heal();
    c.restart(3);
    c.run(200);
    expect(texts(c, 3)).toEqual(texts(c, 1));
  });

  test('a transfer that failed is asked for again', () => {
    const c = leftBehind(3);
    c.heal();
    c.drop('snapshot');
    c.run(40);
    const index = 6 as LogIndex;
    const failed = {
      kind: 'snapshot-sent',
      member: memberOf(3),
      index,
      isInstalled: false,
    } as const;
    expect(c.step(1, failed).snapshotsWanted).toEqual([memberOf(3)]);
    // What an older transfer comes to is no news.
    const older = { ...failed, index: 5 as LogIndex, isInstalled: true };
    expect(c.step(1, older).snapshotsWanted).toEqual([]);
    expect(progressOf(c, 1, 3).mode).toBe('snapshot');
    c.heal();
    c.run(60);
    expect(progressOf(c, 1, 3).mode).toBe('replicate');
  });

  test('a snapshot may overtake the first word of the leader whose term it names', () => {
    const c = story({ nodes: 5 });
    c.elect(1);
    c.run(40);
    c.isolate(3);
    commit(c, 1, 'a');
    c.crash(1);
    c.elect(2);
    commit(c, 2, 'b');
    c.compact(2);
    const { snapshot } = c.machine(2).disk;
    c.heal();
    expect(c.state(3).currentTerm).toBe(1);
    c.arrive({ type: 'snapshot', from: memberOf(2), to: memberOf(3), snapshot });
    expect([c.state(3).currentTerm, c.state(3).commitIndex]).toEqual([2, 6]);
    c.deliver();
    expect(progressOf(c, 2, 3).matchIndex).toBe(6);
  });

  test('what stands for a snapshot is acknowledged only when its mark is durable', () => {
    const c = leftBehind(3);
    c.heal();
    c.autoSync = false;
    c.run(100);
    expect(c.state(3).commitIndex).toBe(6);
    expect(c.machine(3).disk.snapshot.meta.index).toBe(2);
    // The leader has asked several times by now.
    expect(progressOf(c, 1, 3).matchIndex).toBeLessThan(6);
    c.syncAll(3);
    c.deliver();
    expect(progressOf(c, 1, 3).matchIndex).toBe(6);
  });

  test('who is elected while a snapshot is under way counts no bytes that it committed', () => {
    const c = story({
      nodes: 3,
      logs: [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ],
    });
    c.elect(1);
    c.run(40);
    c.compact(1, 5);
    const { snapshot }: { snapshot: Snapshot } = c.machine(1).disk;
    for (const id of [1, 2, 3]) c.crash(id);
    for (const id of [2, 3]) c.restart(id);
    c.hold('append', { from: 3 });
    c.elect(3);
    expect(c.state(3)).toMatchObject({ role: 'leader', commitIndex: 2 });
    c.arrive({ type: 'snapshot', from: memberOf(1), to: memberOf(3), snapshot });
    expect(c.state(3).commitIndex).toBe(5);
    c.release();
    c.run(60);
    expect(c.state(3).leading!.uncommittedBytes).toBe(0);
  });
});

describe('compaction', () => {
  test('entries behind a snapshot are kept for slow followers, as many as configured', () => {
    const c = leftBehind(10, { trailingEntries: 20 });
    expect(c.state(1).snapshotIndex).toBe(13);
    expect(c.state(1).log.baseIndex).toBe(2);
    c.heal();
    c.run(60);
    expect(c.network.sent.get('snapshot') ?? 0).toBe(0);
    expect(texts(c, 3).length).toBe(10);
    const d = leftBehind(10, { trailingEntries: 4 });
    expect(d.state(1).log.baseIndex).toBe(9);
    expect(termAt(d.state(1).log, 9 as LogIndex)).toBe(1);
    expect(entryAt(d.state(1).log, 10 as LogIndex).length).toBeGreaterThan(48);
  });

  test('… and no more bytes than configured, for an entry may be large', () => {
    const all = leftBehind(10, { trailingEntries: 20, trailingBytesMax: 0 });
    expect(all.state(1).log.baseIndex).toBe(13);
    const entryBytes = 80;
    const some = leftBehind(10, { trailingEntries: 20, trailingBytesMax: entryBytes * 3 });
    expect(some.state(1).log.baseIndex).toBeGreaterThan(9);
    expect(some.state(1).log.baseIndex).toBeLessThan(13);
  });

  test('a snapshot beyond what is applied is our bug', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    const taken = { kind: 'snapshot-taken', index: 9 as LogIndex } as const;
    expect(() => raft.step(c.state(1), taken, 1 as never, new RaftOut())).toThrow('beyond');
  });

  test('a stale append that reaches below what was compacted is answered by the term', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    commit(c, 1, 'a');
    c.hold('append', { from: 1, to: 3 });
    c.propose(1, 'b');
    c.deliver();
    c.crash(1);
    c.elect(2);
    commit(c, 2, 'c');
    c.compact(3);
    c.restart(1);
    c.release();
    c.deliver();
    expect(c.state(1).currentTerm).toBe(2 as Term);
  });

  test('A13, A15: a late append that reaches below the commit index cuts nothing off', () => {
    const c = story({ nodes: 3 });
    c.elect(1);
    c.hold('append', { from: 1, to: 3 });
    c.propose(1, 'a');
    const early = c.network.heldBack.filter((parcel) => parcel.type === 'append');
    c.release();
    c.deliver();
    for (const text of ['b', 'c']) commit(c, 1, text);
    c.run(40);
    c.compact(3);
    commit(c, 1, 'd');
    const before = logTerms(c, 3);
    for (const parcel of early) c.arrive(parcel);
    c.deliver();
    expect(logTerms(c, 3)).toEqual(before);
    c.run(40);
    expect(texts(c, 3)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a new connection does not send a snapshot to a follower that needs none', () => {
    const c = story({ nodes: 5 });
    c.elect(1);
    for (let n = 0; n < 5; n++) commit(c, 1, `x${n}`);
    c.run(40);
    c.compact(2);
    c.crash(1);
    c.isolate(3);
    c.elect(2);
    c.heal();
    c.step(2, { kind: 'peer-connected', member: memberOf(3) });
    c.run(60);
    expect(c.network.sent.get('snapshot') ?? 0).toBe(0);
    expect(c.state(3).commitIndex).toBe(c.state(2).commitIndex);
    settle(c);
  });
});
