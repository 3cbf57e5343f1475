/**
 * M61: whatever can be done to a cluster at once. Fifteen clients with sessions on seven nodes, a
 * network that loses messages and is cut in two over and over, and the power of all nodes going at
 * the end of every round; small logs, so that snapshots are taken all the time.
 */
import { expect, test } from 'vitest';
import { ArmedPoint } from './crash-points.ts';
import { Scene } from './scene.ts';

const THRESHOLD_BYTES = 20_000;
const ELECTION_TIMEOUT_MS = 150;
const ROUNDS = 3;
const PARTITIONS = 3;

const KNOBS = {
  electionTimeoutMs: ELECTION_TIMEOUT_MS,
  snapshotLogBytes: THRESHOLD_BYTES,
  segmentBytes: 131_072,
  trailingEntries: 16,
  trailingBytesMax: 8_000,
};

const CLIENTS = {
  clients: 15,
  keys: 8,
  thinkMs: 80,
  sessionPermille: 1_000,
  // Get, stale get, put, delete, swap, increment, append: the last two show what is done twice.
  weights: [3, 0, 2, 1, 1, 3, 3],
};

test('M61: fifteen clients, seven nodes, cuts, losses, crashes and snapshots: linearizable', () => {
  const scene = new Scene(7, KNOBS, CLIENTS);
  const { world } = scene.cluster;
  const stream = world.streams.stream('everything');
  expect(scene.until(() => scene.hasWorked(20))).toBe(true);
  scene.lose(50);
  let largestBytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (let part = 0; part < PARTITIONS; part++) {
      const nodes = stream.shuffle([...world.nodes]);
      const half = stream.between(1, 3);
      scene.heal();
      world.net.partition([nodes.slice(0, half), nodes.slice(half)]);
      scene.pass(ELECTION_TIMEOUT_MS + stream.below(200));
      for (const { state } of scene.cluster.running()) {
        largestBytes = Math.max(largestBytes, state.groups[0]?.raft.log.bytes ?? 0);
      }
    }
    // The leader goes with the answers that it has not given; then everybody else.
    scene.heal();
    const leader = scene.awaitLeader();
    const point = new ArmedPoint(scene, leader, 'after the state has changed');
    expect(scene.until(() => point.hasStruck)).toBe(true);
    for (const id of scene.others(leader)) scene.stop(id);
    for (const id of world.nodes) scene.start(id);
    expect(scene.until(() => scene.leader() !== null)).toBe(true);
    scene.pass(300);
  }
  expect(scene.history.completed).toBeGreaterThan(500);
  expect(scene.outcome()).toBe('well');
  // Snapshots were taken, and what is kept behind them is bounded.
  for (const id of world.nodes) expect(scene.log(id).baseIndex).toBeGreaterThan(0);
  expect(largestBytes).toBeLessThanOrEqual(8 * THRESHOLD_BYTES);
}, 60_000);
