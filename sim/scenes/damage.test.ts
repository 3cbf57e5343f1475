/** Disks that lose what they had kept: a log in its middle, a snapshot, on one node and on all. */
import { expect, test } from 'vitest';
import { ENTRY_HEADER_BYTES } from '../../src/core/entry.ts';
import { lastIndex } from '../../src/core/raft/log.ts';
import type { NodeState } from '../../src/node/state.ts';
import { Scene } from './scene.ts';

const BLOCK = 4_096;

/** A cluster with a log of some length, all of it vouched for by later flushes. */
function lived(nodes: number, knobs: ConstructorParameters<typeof Scene>[1] = {}): Scene {
  const scene = new Scene(nodes, knobs);
  const isLong = ({ groups }: NodeState): boolean =>
    groups.length > 0 && lastIndex(groups[0]!.raft.log) > 60;
  const hasLived = (): boolean =>
    scene.leader() !== null && scene.cluster.running().every(({ state }) => isLong(state));
  expect(scene.until(hasLived)).toBe(true);
  return scene;
}

function entry(scene: Scene, id: number, index: number): Uint8Array {
  const { log } = scene.state(id).groups[0]!.raft;
  return log.entries[index - log.baseIndex - 1]!;
}

/** The body of an entry rots; its header tells what is missing. */
function rotBody(scene: Scene, id: number, index: number): void {
  const { file, at } = scene.locate(id, entry(scene, id, index));
  file.damage(at + ENTRY_HEADER_BYTES, 8, (bytes) => bytes.fill(0xee));
}

/** A whole flush is gone, header and all: nobody can say what it held. */
function loseFlush(scene: Scene, id: number, index: number): void {
  const { file, at } = scene.locate(id, entry(scene, id, index));
  file.damage(at - (at % BLOCK), BLOCK, (bytes) => bytes.fill(0));
}

function goDown(scene: Scene, ids: readonly number[]): void {
  for (const id of ids) scene.stop(id);
}

test('a follower whose log is damaged in the middle gets the entries from its peers', () => {
  const scene = lived(3);
  const id = scene.follower();
  const store = scene.store(id);
  rotBody(scene, id, 20);
  rotBody(scene, id, 33);
  goDown(scene, [id]);
  scene.start(id);
  expect(scene.until(() => scene.state(id).phase === 'mending')).toBe(true);
  const { damage } = scene.state(id).wal!;
  expect(damage!.missing.map(({ index }) => index)).toEqual([20, 33]);
  expect(scene.until(() => scene.state(id).phase === 'serving', 2_000)).toBe(true);
  expect(scene.store(id)).toBe(store);
  expect(scene.rest()).toBe(true);
  scene.stop(id);
  scene.start(id);
  expect(scene.until(() => scene.isAgreed())).toBe(true);
  expect(scene.state(id).recovery!.verdict).not.toBe('damaged');
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});

test('stores with different damage make each other whole, without any leader', () => {
  const scene = lived(3);
  const stores = [1, 2, 3].map((id) => scene.store(id));
  for (const id of [1, 2, 3]) rotBody(scene, id, 20 + id);
  goDown(scene, [1, 2, 3]);
  for (const id of [1, 2, 3]) scene.start(id);
  expect(scene.rest()).toBe(true);
  expect([1, 2, 3].map((id) => scene.store(id))).toEqual(stores);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});

test('a store that lost what no header names is given up, and comes back as its successor', () => {
  const scene = lived(3);
  const id = scene.follower();
  const store = scene.store(id);
  loseFlush(scene, id, 20);
  goDown(scene, [id]);
  scene.start(id);
  expect(scene.until(() => scene.state(id).phase === 'mending')).toBe(true);
  expect(scene.state(id).wal!.damage!.isRepairable).toBe(false);
  expect(scene.until(() => scene.state(id).phase === 'serving')).toBe(true);
  expect(scene.store(id)).not.toBe(store);
  expect(scene.rest()).toBe(true);
  const hasSeat = (): boolean => {
    const { voters } = scene.state(scene.leader()!).groups[0]!.store.configuration!;
    return voters.some((voter) => voter.store === scene.store(id));
  };
  expect(scene.until(hasSeat)).toBe(true);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});

test('no store is given up while no quorum does without it', () => {
  const scene = lived(3);
  const stores = [1, 2, 3].map((id) => scene.store(id));
  for (const id of [1, 2]) loseFlush(scene, id, 20);
  goDown(scene, [1, 2, 3]);
  for (const id of [1, 2, 3]) scene.start(id);
  scene.pass(30_000);
  expect([1, 2, 3].map((id) => scene.store(id))).toEqual(stores);
  expect(scene.state(1).phase).toBe('mending');
  expect(scene.until(() => scene.failures.length > 0, 60_000)).toBe(true);
  expect(scene.failures[0]!.message).toMatch(/WAL_DAMAGED .*no peer could supply or replace it/);
});

test('a node alone refuses a damaged log and says what to do', () => {
  const scene = lived(1);
  rotBody(scene, 1, 20);
  goDown(scene, [1]);
  scene.start(1);
  expect(scene.until(() => scene.failures.length > 0)).toBe(true);
  expect(scene.failures[0]!.message).toMatch(/WAL_DAMAGED lost: 1 entries; there is no peer; /);
});

/** A cluster in which everyone has a snapshot and, before it, nothing. */
function livedWithSnapshot(nodes: number): Scene {
  const scene = lived(nodes, { snapshotLogBytes: 4_000, trailingEntries: 0 });
  const hasFile = (id: number): boolean =>
    scene.files(id, '.snapshot').length > 0 && scene.state(id).groups[0]!.raft.snapshotIndex > 0;
  const ids = scene.cluster.world.nodes;
  expect(scene.until(() => ids.every(hasFile))).toBe(true);
  scene.pass(200);
  return scene;
}

function rotSnapshots(scene: Scene, id: number): void {
  for (const { file } of scene.files(id, '.snapshot')) {
    file.damage(file.size() - 9, 1, (bytes) => bytes.fill(bytes[0]! ^ 1));
  }
}

test('a snapshot that cannot be read back comes from the leader, and the store votes on', () => {
  const scene = livedWithSnapshot(3);
  const id = scene.follower();
  const store = scene.store(id);
  scene.stop(id);
  rotSnapshots(scene, id);
  scene.start(id);
  expect(scene.until(() => scene.state(id).phase === 'serving')).toBe(true);
  expect(scene.state(id).groups[0]!.rebuild).toMatchObject({ code: 'SNAPSHOT_DAMAGED' });
  expect(scene.until(() => scene.state(id).groups[0]!.rebuild === null)).toBe(true);
  expect(scene.store(id)).toBe(store);
  expect(scene.rest()).toBe(true);
  scene.stop(id);
  scene.start(id);
  expect(scene.until(() => scene.isAgreed())).toBe(true);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});

test('two of three without their snapshots elect the third, and get its state', () => {
  const scene = livedWithSnapshot(3);
  goDown(scene, [1, 2, 3]);
  for (const id of [1, 2]) rotSnapshots(scene, id);
  for (const id of [1, 2, 3]) scene.start(id);
  expect(scene.until(() => scene.leader() !== null)).toBe(true);
  expect(scene.leader()).toBe(3);
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});

test('a node alone refuses a damaged snapshot', () => {
  const scene = livedWithSnapshot(1);
  scene.stop(1);
  rotSnapshots(scene, 1);
  scene.start(1);
  expect(scene.until(() => scene.failures.length > 0)).toBe(true);
  expect(scene.failures[0]!.message).toMatch(/SNAPSHOT_DAMAGED/);
});
