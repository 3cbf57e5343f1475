/** Disks without room: refused early, borne, and healed when room returns. */
import { expect, test } from 'vitest';
import { nodeId } from '../../src/base/units.ts';
import { NOT_FOUND, OK } from '../check/linearizable/store.ts';
import { Scene } from './scene.ts';

const RESERVE_BYTES = 1_048_576;

function working(nodes: number): Scene {
  const scene = new Scene(nodes, { diskReserveBytes: RESERVE_BYTES, snapshotLogBytes: 50_000 });
  const hasWorked = (): boolean =>
    scene.leader() !== null &&
    scene.cluster.running().every(({ state }) => (state.groups[0]?.store.appliedIndex ?? 0) > 30);
  expect(scene.until(hasWorked)).toBe(true);
  return scene;
}

function fill(scene: Scene, id: number, leftBytes: number): void {
  const disk = scene.cluster.world.disk(nodeId(id));
  disk.occupy(disk.freeBytes() - leftBytes);
}

const empty = (scene: Scene, id: number): void => scene.cluster.world.disk(nodeId(id)).occupy(0);

const level = (scene: Scene, id: number): string => scene.state(id).room.level;

/** What clients were told in `forMs`, by what they asked. */
function toldIn(scene: Scene, forMs: number) {
  const { history } = scene;
  const from = history.operations.length;
  const refused = history.refused;
  scene.pass(forMs);
  const news = history.operations.slice(from).filter(({ isDone, isVoid }) => isDone && !isVoid);
  const count = (name: string, results: readonly (string | null)[]): number =>
    news.filter(({ call, result }) => call.name === name && results.includes(result)).length;
  return {
    puts: count('put', [OK]),
    deletes: count('delete', [OK, NOT_FOUND]),
    gets: news.filter(({ call }) => call.name === 'get').length,
    refused: history.refused - refused,
  };
}

test('with the disks nearly full puts are refused, deletes and reads pass, and room heals it', () => {
  const scene = working(3);
  for (const id of [1, 2, 3]) fill(scene, id, RESERVE_BYTES - 10_000);
  expect(scene.until(() => [1, 2, 3].every((id) => level(scene, id) === 'short'))).toBe(true);
  scene.pass(100);
  const told = toldIn(scene, 1_000);
  expect(told.puts).toBe(0);
  expect(told.refused).toBeGreaterThan(10);
  expect(told.deletes).toBeGreaterThan(3);
  expect(told.gets).toBeGreaterThan(10);
  for (const id of [1, 2, 3]) empty(scene, id);
  expect(scene.until(() => [1, 2, 3].every((id) => level(scene, id) === 'ample'))).toBe(true);
  scene.pass(2_500);
  expect(toldIn(scene, 1_000).puts).toBeGreaterThan(10);
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});

test('one follower without room is borne; with two the leader refuses for them', () => {
  const scene = working(3);
  const followers = [1, 2, 3].filter((id) => id !== scene.leader());
  fill(scene, followers[0]!, 500_000);
  scene.pass(1_500);
  expect(toldIn(scene, 500).puts).toBeGreaterThan(5);
  fill(scene, followers[1]!, 500_000);
  scene.pass(1_500);
  expect(level(scene, scene.leader()!)).toBe('ample');
  expect(toldIn(scene, 500).puts).toBe(0);
  for (const id of followers) empty(scene, id);
  scene.pass(3_500);
  expect(toldIn(scene, 500).puts).toBeGreaterThan(5);
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
});

test('on disks without a byte of room nobody stops, and all goes on when there is some', () => {
  const scene = working(3);
  for (const id of [1, 2, 3]) fill(scene, id, 0);
  scene.pass(5_000);
  expect(scene.cluster.running().length).toBe(3);
  for (const id of [1, 2, 3]) empty(scene, id);
  scene.pass(3_500);
  expect(toldIn(scene, 1_000).puts).toBeGreaterThan(10);
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});

test('a write that finds no room all the same stops the node, and loses nothing', () => {
  const scene = working(3);
  const id = scene.leader()!;
  const { knobs } = scene.cluster.world.disk(nodeId(id)).options;
  const { faults } = scene.cluster.world;
  knobs.noSpacePpm = 1_000_000;
  expect(scene.until(() => faults.of('stopped-DISK_FAILED') > 0)).toBe(true);
  knobs.noSpacePpm = 0;
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});
