/** A state that differs from the others', though every log is right. */
import { expect, test } from 'vitest';
import { nodeId } from '../../src/base/units.ts';
import { isNaming } from '../../src/core/snapshots/state.ts';
import { Scene } from './scene.ts';

function working(nodes: number): Scene {
  const scene = new Scene(nodes, { hashMs: 50 });
  const hasWorked = (): boolean =>
    scene.leader() !== null &&
    scene.cluster.running().every(({ state }) => (state.groups[0]?.store.appliedIndex ?? 0) > 30);
  expect(scene.until(hasWorked)).toBe(true);
  return scene;
}

/** As if a bit of memory had flipped: from here on the chain of this node is another. */
function corrupt(scene: Scene, id: number): void {
  scene.cluster.corrupted.add(nodeId(id));
  const { store } = scene.state(id).groups[0]!;
  store.chainLow = (store.chainLow ^ 1) >>> 0;
}

const mismatches = (scene: Scene, id: number): number =>
  scene.state(id).counters.stateHashMismatches;

test('a follower in the minority stands back, and goes on with the state of the majority', () => {
  const scene = working(3);
  const id = scene.follower();
  corrupt(scene, id);
  const group = scene.state(id).groups[0]!;
  expect(scene.until(() => group.rebuild !== null)).toBe(true);
  expect(group.rebuild).toMatchObject({ code: 'STATE_DIVERGED' });
  expect(group.rebuild!.detail).toMatch(/^at index \d+ most voters have another state$/);
  expect(mismatches(scene, id)).toBe(1);
  expect(scene.until(() => group.rebuild === null)).toBe(true);
  scene.cluster.corrupted.clear();
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});

test('a leader in the minority leaves office, and another one heals it', () => {
  const scene = working(3);
  const id = scene.leader()!;
  corrupt(scene, id);
  const group = scene.state(id).groups[0]!;
  expect(scene.until(() => group.rebuild !== null)).toBe(true);
  expect(scene.until(() => group.rebuild === null)).toBe(true);
  expect(group.raft.role).toBe('follower');
  scene.cluster.corrupted.clear();
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
});

test('in a tie nobody is believed: the leader refuses, and nothing is rebuilt', () => {
  const scene = working(2);
  corrupt(scene, scene.follower());
  const group = scene.state(scene.leader()!).groups[0]!;
  expect(scene.until(() => group.hashes.tiedIndex > 0)).toBe(true);
  scene.pass(100);
  const { refused, completed } = scene.history;
  scene.pass(500);
  expect(scene.history.completed).toBe(completed);
  expect(scene.history.refused).toBeGreaterThan(refused);
  expect(scene.cluster.running().every(({ state }) => state.groups[0]!.rebuild === null)).toBe(
    true,
  );
});

test('replicas that agree are asked now and then, and nothing comes of it', () => {
  const scene = working(3);
  scene.pass(1_000);
  for (const id of [1, 2, 3]) expect(mismatches(scene, id)).toBe(0);
  const { inquest } = scene.state(scene.leader()!).groups[0]!.hashes;
  expect(inquest!.testimonies.length).toBe(3);
});

test('a wrong snapshot that is just being named moves the log on, and the leader takes one that joins', () => {
  const scene = working(3);
  const leader = scene.leader()!;
  const id = scene.follower();
  for (const node of [leader, id]) scene.compact(node);
  const isTaken = (node: number): boolean => scene.snapshotIndex(node) > 0;
  expect(scene.until(() => isTaken(leader) && isTaken(id))).toBe(true);
  scene.pass(200);
  const group = scene.state(id).groups[0]!;
  const before = scene.snapshotIndex(id);
  // What is synced is quick, a name takes its time, and neither waits for the other.
  const { knobs } = scene.cluster.world.disk(nodeId(id)).options;
  knobs.lanes = 4;
  knobs.latency = { min: 500_000, spread: 0, max: 500_000 };
  scene.compact(id);
  expect(scene.until(() => isNaming(group.files.own))).toBe(true);
  corrupt(scene, id);
  expect(scene.until(() => group.rebuild !== null, 400)).toBe(true);
  expect(scene.snapshotIndex(id)).toBe(before);
  expect(scene.until(() => scene.snapshotIndex(id) > before)).toBe(true);
  expect(scene.until(() => group.rebuild === null)).toBe(true);
  scene.cluster.corrupted.clear();
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
});
