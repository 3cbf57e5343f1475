/**
 * Bugs that others published: the track record of etcd's robustness tests, and issues beside it.
 * Each scene does what made the bug show, to our own cluster. What cannot exist here, and why,
 * stands in docs/scenarios.md.
 */
import { describe, expect, test } from 'vitest';
import { asciiBytes } from '../../src/base/text.ts';
import type { NodeId } from '../../src/base/units.ts';
import { encodeCommand } from '../../src/core/command.ts';
import type { DiskOperation } from '../../src/core/disk.ts';
import { NO_STATUS } from '../../src/core/protocol/replies.ts';
import { OPERATION, STATUS } from '../../src/core/types.ts';
import { DirectClient, insist, read } from './direct-client.ts';
import { Scene } from './scene.ts';

const SMALL = {
  segmentBytes: 65_536,
  snapshotLogBytes: 20_000,
  trailingEntries: 8,
  trailingBytesMax: 4_000,
};

const NOBODY = { clients: 0 };

test('etcd#13766: nodes killed under load agree on every revision and on all the data', () => {
  const scene = new Scene(3, SMALL, { clients: 4, thinkMs: 4, pipeline: 8 });
  expect(scene.until(() => scene.hasWorked(40))).toBe(true);
  for (let round = 0; round < 9; round++) {
    const id = (round % 3) + 1;
    scene.kill(id);
    scene.pass(60);
    scene.start(id);
    scene.pass(140);
  }
  expect(scene.outcome()).toBe('well');
  const states = [1, 2, 3].map((id) => {
    const { revision, chainHigh, chainLow } = scene.state(id).groups[0]!.store;
    return `${revision}: ${chainHigh} ${chainLow}`;
  });
  expect(new Set(states).size).toBe(1);
});

test('etcd#14370: a lone node that loses its power has every write that it acknowledged', () => {
  const scene = new Scene(1, SMALL, NOBODY);
  for (let n = 0; n < 12; n++) {
    const client = new DirectClient(scene, scene.awaitLeader());
    client.put(`k${n}`, `v${n}`);
    expect(client.answer()?.status).toBe(STATUS.OK);
    // Not a turn later: whatever was still to be written is lost.
    scene.stop(1);
    scene.start(1);
    expect(read(scene, `k${n}`)).toBe(`v${n}`);
  }
  expect(scene.outcome()).toBe('well');
});

/** What a node does to its disk while it takes a snapshot and lets go of the log below it. */
const isRewriting = (operation: DiskOperation): boolean =>
  operation.kind === 'rename' || operation.kind === 'remove' || operation.kind === 'sync-directory';

/** Loses its power at the `nth` of these operations; false: there are not so many. */
function strikeAt(scene: Scene, nth: number, isOne: (operation: DiskOperation) => boolean) {
  const disk = scene.cluster.world.disk(1 as NodeId);
  let left = nth;
  let hasStruck = false;
  disk.onOperation = (phase, operation) => {
    if (phase !== 'completed' || !isOne(operation) || --left > 0) return;
    disk.onOperation = null;
    hasStruck = true;
    scene.stop(1);
  };
  scene.compact(1);
  scene.pass(300);
  disk.onOperation = null;
  return hasStruck;
}

describe('a lone node that rewrites what it holds', () => {
  const isSnapshot = (operation: DiskOperation): boolean =>
    operation.kind !== 'list' && operation.kind !== 'create' && operation.kind !== 'read';

  test('etcd#14685: has all of it whenever its power goes', () => {
    const scene = new Scene(1, SMALL, NOBODY);
    let value = 0;
    for (let nth = 1; nth <= 12; nth++) {
      const told = insist(scene, (client) => client.put('k', `${++value}`));
      strikeAt(scene, nth, isSnapshot);
      scene.start(1);
      expect(read(scene, 'k')).toBe(`${value}`);
      const next = insist(scene, (client) => client.put('other', 'x'));
      expect(next.revision).toBe(told.revision + 1);
    }
    expect(scene.outcome()).toBe('well');
  });

  test('etcd#17780: never goes back in its revisions, though the last one was a removal', () => {
    const scene = new Scene(1, SMALL, NOBODY);
    let highest = 0;
    for (let nth = 1; nth <= 6; nth++) {
      for (let n = 0; n < 40; n++) {
        insist(scene, (client) => client.put(`k${n % 5}`, 'x'.repeat(500)));
      }
      insist(scene, (client) => client.put('last', 'x'));
      const gone = insist(scene, (client) => client.remove('last'));
      expect(gone.revision).toBeGreaterThan(highest);
      strikeAt(scene, nth, isRewriting);
      if (scene.cluster.running().length > 0) scene.stop(1);
      scene.start(1);
      expect(read(scene, 'last')).toBe(null);
      const next = insist(scene, (client) => client.put('next', 'x'));
      expect(next.revision).toBe(gone.revision + 1);
      highest = next.revision;
    }
    expect(scene.outcome()).toBe('well');
  });
});

test('etcd#18055: a follower that is sent two snapshots, one upon the other, installs one', () => {
  const scene = new Scene(3, SMALL, { thinkMs: 4 });
  expect(scene.until(() => scene.hasWorked(30))).toBe(true);
  const id = scene.follower();
  const { lastIndex } = scene.log(id);
  scene.isolate(id);
  const isPast = (): boolean => scene.log(scene.awaitLeader()).baseIndex > lastIndex;
  expect(scene.until(isPast)).toBe(true);
  scene.heal();
  const files = () => scene.state(id).groups[0]!.files;
  // The first is here, and a disk that hangs keeps it from the store. Its leader goes meanwhile,
  // and the next one has a newer snapshot to send.
  expect(scene.until(() => files().receipt?.phase === 'landed')).toBe(true);
  const first = files().receipt!.identity.index;
  scene.hang(id, 4_000);
  const leader = scene.awaitLeader();
  scene.stop(leader);
  scene.pass(100);
  scene.start(leader);
  const others = scene.others(id);
  const hasNewer = (): boolean => others.some((it) => scene.snapshotIndex(it) > first);
  expect(scene.until(hasNewer, 3_000)).toBe(true);
  scene.pass(500);
  expect(scene.outcome()).toBe('well');
});

test('etcd#20418: a leader that was paused answers no read from what it knew before', () => {
  const scene = new Scene(3, {}, NOBODY);
  insist(scene, (client) => client.put('k', 'old'));
  const paused = scene.awaitLeader();
  const asker = new DirectClient(scene, paused);
  // Its heartbeats are answered, and the answers are late.
  const late = scene.others(paused).map((id) => ({ id, rule: scene.hold(id, paused) }));
  scene.pass(60);
  scene.pause(paused);
  scene.isolate(paused);
  const isReplaced = (): boolean => scene.leaders().some((id) => id !== paused);
  expect(scene.until(isReplaced)).toBe(true);
  const next = scene.leaders().find((id) => id !== paused)!;
  const writer = new DirectClient(scene, next);
  writer.put('k', 'new');
  expect(writer.answer()?.status).toBe(STATUS.OK);
  // The write is acknowledged: from here on no read may find what was there before.
  asker.get('k');
  for (const { id, rule } of late) if (id !== next) scene.release(rule);
  scene.pass(1);
  // It wakes up, hears that it was the leader a while ago, and is asked.
  scene.resume(paused);
  scene.pass(2);
  expect(scene.leaders()).toContain(paused);
  for (const { id, rule } of late) if (id === next) scene.release(rule);
  scene.pass(2);
  scene.heal();
  const told = asker.answer();
  expect(told === null || told.status === NO_STATUS || told.value === 'new').toBe(true);
  expect(read(scene, 'k')).toBe('new');
  expect(scene.outcome()).toBe('well');
});

test('etcd#15247: a leader whose disk hangs lets nothing expire that others keep alive', () => {
  const scene = new Scene(3, {}, NOBODY);
  const LIFE_MS = 1_500;
  const propose = (id: number, operation: number, value: string): void => {
    const deadline = scene.state(id).wall + LIFE_MS;
    const key = asciiBytes('alive');
    const command = encodeCommand({ operation, key, value: asciiBytes(value), deadline });
    scene.propose(id, command);
  };
  // Log time needs everybody's clock, which comes with the first heartbeats.
  insist(scene, (client) => client.put('other', 'x'));
  scene.pass(100);
  const stuck = scene.awaitLeader();
  propose(stuck, OPERATION.PUT, 'x');
  scene.pass(100);
  expect(read(scene, 'alive')).toBe('x');
  scene.hang(stuck, 4_000);
  for (let passedMs = 0; passedMs < 6_000; passedMs += 200) {
    // Whoever else leads, or the one that hangs as long as it is the only one.
    const leaders = scene.leaders();
    const id = leaders.find((leader) => leader !== stuck) ?? leaders[0];
    if (id !== undefined) propose(id, OPERATION.EXPIRE, '');
    scene.pass(200);
  }
  expect(read(scene, 'alive')).toBe('x');
  // It does end when nobody keeps it any more.
  scene.pass(LIFE_MS + 500);
  expect(read(scene, 'alive')).toBe(null);
  expect(scene.outcome()).toBe('well');
});
