/** A store that is gone for good: who takes its place, and as what. */
import { expect, test } from 'vitest';
import { groupId, nodeId } from '../../src/base/units.ts';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import type { Configuration } from '../../src/core/types.ts';
import { Scene } from './scene.ts';

const GROUP = groupId(0);

function configuration(scene: Scene): Configuration {
  const leader = scene.leader();
  return currentConfiguration(scene.state(leader ?? 1).groups[0]!.raft);
}

test('the successor of a lost learner learns', () => {
  const scene = new Scene(3);
  const isFormed = (): boolean =>
    scene.leader() !== null && (scene.state(scene.leader()!).groups[0]?.store.revision ?? 0) > 20;
  expect(scene.until(isFormed)).toBe(true);
  const learner = scene.follower();
  const { voters } = configuration(scene);
  const wanted = {
    voters: voters.filter(({ id }) => id !== learner),
    learners: voters.filter(({ id }) => id === learner),
  };
  const leader = nodeId(scene.leader()!);
  scene.cluster.admin(leader, { kind: 'reconfigure', group: GROUP, ...wanted });
  const isLearning = (): boolean => configuration(scene).voters.length === 2;
  expect(scene.until(isLearning)).toBe(true);
  const lost = scene.store(learner);
  scene.cluster.wipe(nodeId(learner));
  scene.start(learner);
  const isTaken = (): boolean => {
    const { voters: two, learners, outgoing } = configuration(scene);
    const isSettled = two.length === 2 && outgoing.length === 0 && learners.length === 1;
    return isSettled && learners[0]!.id === learner && learners[0]!.store !== lost;
  };
  expect(scene.until(isTaken)).toBe(true);
  expect(scene.rest()).toBe(true);
  expect(scene.failures).toEqual([]);
  expect(scene.isLinearizable()).toBe(true);
});
