/** A part of the nodes is lost for good: when the rest must go on, and when it is proved that it cannot. */
import { describe, expect, test } from 'vitest';
import { groupId, nodeId } from '../../src/base/units.ts';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import { abandon } from '../run/core.ts';
import { hasConverged } from '../run/liveness.ts';
import { whyStalled } from '../run/stall.ts';
import { Scene } from './scene.ts';

const ids = (...numbers: number[]) => numbers.map(nodeId);

const isBusy = (scene: Scene): boolean =>
  scene.leader() !== null && scene.state(scene.leader()!).groups[0]!.store.revision > 20;

function busyScene(nodes: number): Scene {
  const scene = new Scene(nodes);
  expect(scene.until(() => isBusy(scene))).toBe(true);
  return scene;
}

describe('a core of two out of three', () => {
  test.each([1, 2, 3])(
    'goes on without node %i, however that is lost, and nothing would excuse it',
    (lost) => {
      for (const salt of ['a', 'b', 'c']) {
        const scene = busyScene(3);
        const { world } = scene.cluster;
        abandon(world, nodeId(lost), world.streams.stream(salt));
        scene.pass(2_000);
        const core = ids(1, 2, 3).filter((id) => id !== lost);
        expect(whyStalled(scene.cluster, core)).toBeNull();
        const before = scene.history.completed;
        expect(scene.until(() => scene.history.completed > before)).toBe(true);
        expect(scene.failures).toEqual([]);
      }
    },
  );

  test('is not excused by a member that is down itself', () => {
    const scene = busyScene(3);
    for (const lost of [2, 3]) scene.stop(lost);
    scene.pass(1_000);
    expect(whyStalled(scene.cluster, ids(1, 2))).toBeNull();
    expect(hasConverged(scene.cluster, ids(1, 2))).toBe(false);
  });
});

describe('it is proved that nobody can go on', () => {
  test('one out of three is no quorum, and the proof names the voters', () => {
    const scene = busyScene(3);
    for (const lost of [2, 3]) scene.stop(lost);
    scene.pass(1_000);
    const stall = whyStalled(scene.cluster, ids(1));
    expect(stall).toMatchObject({ reason: 'quorum' });
    expect(stall!.detail).toMatch(/nobody in 1 can be elected: 1\/.* needs of 1\/.* 2\/.* 3\//);
  });

  test('a cluster whose founder never came does not form', () => {
    const scene = new Scene(3);
    scene.stop(3);
    scene.pass(2_000);
    const stall = whyStalled(scene.cluster, ids(1, 2));
    expect(stall).toMatchObject({ reason: 'formation' });
    scene.start(3);
    expect(scene.until(() => isBusy(scene))).toBe(true);
    expect(whyStalled(scene.cluster, ids(1, 2))).toBeNull();
  });

  test('two out of three are enough, unless the one voter is the third', () => {
    const scene = busyScene(3);
    const leader = scene.leader()!;
    const group = groupId(0);
    const { voters } = currentConfiguration(scene.state(leader).groups[0]!.raft);
    const wanted = {
      voters: voters.filter(({ id }) => id === leader),
      learners: voters.filter(({ id }) => id !== leader),
    };
    scene.cluster.admin(nodeId(leader), { kind: 'reconfigure', group, ...wanted });
    const isAlone = (): boolean => {
      const now = currentConfiguration(scene.state(leader).groups[0]!.raft);
      return now.voters.length === 1 && now.outgoing.length === 0;
    };
    expect(scene.until(isAlone)).toBe(true);
    scene.pass(1_000);
    scene.stop(leader);
    scene.pass(1_000);
    const core = ids(1, 2, 3).filter((id) => id !== leader);
    expect(whyStalled(scene.cluster, core)).toMatchObject({ reason: 'quorum' });
  });
});
