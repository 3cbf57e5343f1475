import { describe, expect, test } from 'vitest';
import type { NodeId } from '../base/units.ts';
import type { NodeState } from '../node/state.ts';
import { checksOf, explainNoLeader, foreignText, stateCheck } from './health.ts';

const NOW = 100_000;
const ANNOUNCE_MS = 200;

interface Told {
  readonly id: number;
  readonly store: string;
  readonly isEmpty: boolean;
  readonly at: number;
}

/** As much of node 1 as the explanation looks at. */
function nodeOf({ cluster, heard }: { cluster: string | null; heard: readonly Told[] }): NodeState {
  const voters = [1, 2, 3].map((id) => ({ id, store: `old-${id}` }));
  const configuration = { voters, outgoing: [], learners: [] };
  const words = heard.map(({ id, store, isEmpty, at }) => {
    return [id, { member: { id, store }, status: { isEmpty, ids: [1, 2, 3] }, at }] as const;
  });
  const raft = { leader: 0, isClockSkewed: false, configurations: [{ index: 1, configuration }] };
  const node = {
    phase: 'serving',
    failure: null,
    stopping: null,
    cluster,
    now: NOW,
    self: { id: 1, store: 'old-1' },
    config: { id: 1, ids: [1, 2, 3], announceMs: ANNOUNCE_MS, electionTimeoutMs: 500 },
    formation: { ids: [1, 2, 3], heard: new Map(words) },
    foreign: new Map(),
    mending: null,
    groups: cluster === null ? [] : [{ id: 0, raft, rebuild: null, hashes: { tiedIndex: 0 } }],
  };
  return node as unknown as NodeState;
}

const down = (...ids: number[]): NodeId[] => ids as NodeId[];
const empty = (id: number, at = NOW): Told => ({ id, store: `new-${id}`, isEmpty: true, at });

describe('peers of another cluster', () => {
  test('are named, with both clusters', () => {
    const foreign = new Map([
      [3, 'bb'],
      [2, 'bb'],
    ]);
    const node = { cluster: 'aa', foreign } as unknown as NodeState;
    expect(foreignText(node)).toMatch(
      /^WRONG_CLUSTER: this store belongs to cluster aa, but node 2, node 3 to bb; /,
    );
    expect(foreignText({ cluster: 'aa', foreign: new Map() } as unknown as NodeState)).toBeNull();
  });
});

describe('without a leader', () => {
  test('the stores that are missing are named, and what heals it, and that nothing else does', () => {
    const node = nodeOf({ cluster: 'c', heard: [empty(2)] });
    const told = explainNoLeader(node, down(3));
    expect(told).toMatch(/^QUORUM_LOST: missing: store old-2 of node 2 \(.*with an empty one\), /);
    expect(told).toContain('store old-3 of node 3 (not connected)');
    expect(told).toContain('Starting one of these on the directory it had heals it');
    expect(told).toContain('no tool can make up what only they hold');
  });

  test('a minority that is missing does not stand in the way of an election', () => {
    expect(explainNoLeader(nodeOf({ cluster: 'c', heard: [] }), down())).toBe(
      'NO_LEADER: an election is under way',
    );
    expect(explainNoLeader(nodeOf({ cluster: 'c', heard: [empty(2)] }), down())).toContain(
      'NO_LEADER: an election is under way; missing: store old-2 of node 2',
    );
  });

  test('an old announcement says nothing: the store may be back on the directory it had', () => {
    const heard = [empty(2, NOW - 11 * ANNOUNCE_MS), empty(3, NOW - 11 * ANNOUNCE_MS)];
    expect(explainNoLeader(nodeOf({ cluster: 'c', heard }), down())).toMatch(/^NO_LEADER/);
  });

  test('an empty node beside full ones waits to be taken in, and forms nothing', () => {
    const heard = [{ id: 2, store: 'old-2', isEmpty: false, at: NOW }];
    const told = explainNoLeader(nodeOf({ cluster: null, heard }), down());
    expect(told).toMatch(/^FORMATION_REFUSED: not empty: node 2\./);
    expect(told).toContain('elected by a quorum of the stores with the data');
  });

  test('an empty node among silent ones says who has not answered', () => {
    const told = explainNoLeader(nodeOf({ cluster: null, heard: [empty(2)] }), down());
    expect(told).toBe('FORMATION_INCOMPLETE: no answer from node 3');
  });
});

test('a wrong clock is told, and does not make a node unready by itself', () => {
  const node = nodeOf({ cluster: 'c', heard: [] });
  const raft = { isClockSkewed: true, leading: null, lastLeaderContact: NOW, leader: 2 };
  const log = { log: { baseIndex: 1 }, commitIndex: 1, appliedIndex: 1 };
  Object.assign(node.groups[0]!.raft, { ...raft, ...log });
  const around = { now: NOW, lastSyncedAt: null, lastAppliedAt: null, linksDown: [], helpers: [] };
  const clock = checksOf(node, around).find(({ name }) => name === 'clock');
  expect(clock).toMatchObject({ isGood: true, detail: expect.stringMatching(/^CLOCK_SKEW: /) });
});

test('a group whose state is being replaced makes a node unready, and says why', () => {
  const node = nodeOf({ cluster: 'c', heard: [] });
  expect(stateCheck(node)).toMatchObject({ isGood: true, detail: 'sound' });
  const rebuild = { code: 'SNAPSHOT_DAMAGED', detail: 'snapshot-0 does not have its CRC' };
  Object.assign(node.groups[0]!, { rebuild });
  const detail = 'SNAPSHOT_DAMAGED: group 0: snapshot-0 does not have its CRC';
  expect(stateCheck(node)).toMatchObject({ isGood: false, detail });
  Object.assign(node.groups[0]!, { rebuild: null, hashes: { tiedIndex: 9 } });
  expect(stateCheck(node).detail).toBe('STATE_DIVERGED: group 0: no majority at index 9');
});
