/**
 * A node loses its power at a named point of its work, three times over: nothing that a client was
 * told is lost, and the cluster goes on. The points are those of etcd's fail points, in our terms.
 */
import { describe, expect, test } from 'vitest';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import { ArmedPoint, CRASH_POINTS, type CrashPointName } from './crash-points.ts';
import { Scene } from './scene.ts';

/** Logs are cut and segments die while one looks on. */
const SMALL = {
  segmentBytes: 65_536,
  snapshotLogBytes: 20_000,
  trailingEntries: 8,
  trailingBytesMax: 4_000,
};

const BUSY = { thinkMs: 8, sessionPermille: 500 };

const leaderOf = (scene: Scene): number => scene.awaitLeader();

/** Whoever is struck, and what brings it to the point. */
const WHERE: Readonly<Record<CrashPointName, (scene: Scene) => number>> = {
  'before the log is saved': leaderOf,
  'after the log is saved': leaderOf,
  'before a leader sends': leaderOf,
  'before a follower sends': (scene) => scene.follower(),
  'before a snapshot is applied': behind,
  'after a snapshot is applied': behind,
  'before a snapshot is saved': compacting,
  'after a snapshot is saved': compacting,
  'after the log is released': leaderOf,
  'before the state changes': leaderOf,
  'after the state has changed': leaderOf,
  'before a configuration is applied': reconfiguring,
};

/** A follower that needs what the leader has compacted. */
function behind(scene: Scene): number {
  const id = scene.follower();
  const { lastIndex } = scene.log(id);
  scene.isolate(id);
  expect(scene.until(() => scene.log(leaderOf(scene)).baseIndex > lastIndex)).toBe(true);
  scene.heal();
  return id;
}

function compacting(scene: Scene): number {
  const id = leaderOf(scene);
  scene.compact(id);
  return id;
}

/** One of the followers is to learn from now on, or to vote again. */
function reconfiguring(scene: Scene): number {
  const id = leaderOf(scene);
  const { voters, learners } = currentConfiguration(scene.state(id).groups[0]!.raft);
  const demoted = voters.filter((voter) => learners.length === 0 && voter.id !== id).slice(0, 1);
  const wanted = [...voters.filter((voter) => !demoted.includes(voter)), ...learners];
  scene.reconfigure(id, wanted, demoted);
  return id;
}

describe('the power goes', () => {
  const names = Object.keys(CRASH_POINTS) as CrashPointName[];

  test.each(names)(
    '%s',
    (name) => {
      const scene = new Scene(3, SMALL, BUSY);
      expect(scene.until(() => scene.hasWorked(30))).toBe(true);
      for (let round = 0; round < 3; round++) {
        const id = WHERE[name](scene);
        const point = new ArmedPoint(scene, id, name);
        expect(
          scene.until(() => point.hasStruck),
          `round ${round}: never got there`,
        ).toBe(true);
        scene.pass(400);
        scene.heal();
        scene.start(id);
        const others = scene.hasWorked.bind(scene, scene.log(leaderOf(scene)).lastIndex + 10);
        expect(scene.until(others), `round ${round}: no work after it`).toBe(true);
      }
      expect(scene.outcome()).toBe('well');
    },
    60_000,
  );
});
