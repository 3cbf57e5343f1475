/**
 * Random schedules under the eyes of the witness (testing/witness.ts), then calm: a leader is
 * found, everyone has the same state, and a proposal still goes through.
 */
import { describe, expect, test } from 'vitest';
import { Chaos } from './testing/chaos.ts';
import { proposesStill } from './testing/peace.ts';

const STEPS = 3000;

const ROWS = [
  { name: 'three nodes', nodes: 3, voters: 3, loss: 60, repetition: 100, isHarsh: false },
  { name: 'five nodes', nodes: 5, voters: 5, loss: 60, repetition: 100, isHarsh: false },
  { name: 'members come and go', nodes: 5, voters: 3, loss: 20, repetition: 50, isHarsh: false },
  { name: 'stores are lost', nodes: 4, voters: 4, loss: 20, repetition: 50, isHarsh: true },
] as const;

/** Seeds that once found something, and some that have not yet. */
const SEEDS = [241, ...Array.from({ length: 19 }, (_, at) => at + 1)];

describe('random schedules', () => {
  test.each(ROWS)('$name: nothing forbidden happens, and then they agree', (options) => {
    const sums = { commits: 0, reads: 0, snapshots: 0, wipes: 0 };
    for (const seed of SEEDS) {
      const chaos = new Chaos({ ...options, seed });
      const { witness, network, reads } = chaos.cluster;
      const live = (): void => {
        for (let step = 0; step < STEPS; step++) chaos.step();
      };
      expect(live, `seed ${seed}`).not.toThrow();
      sums.commits += witness.highestCommit;
      sums.snapshots += network.sent.get('snapshot') ?? 0;
      sums.wipes += chaos.wipes;
      sums.reads += [...reads.values()].filter(({ status }) => status === 'answered').length;
      expect(chaos.calm(20_000), `seed ${seed}: no agreement after the last fault`).toBe(true);
      expect(proposesStill(chaos.cluster), `seed ${seed}`).toBe(true);
    }
    // The faults leave room for what they are to disturb.
    expect(sums.commits).toBeGreaterThan(25 * SEEDS.length);
    expect(sums.reads).toBeGreaterThan(8 * SEEDS.length);
    expect(sums.snapshots).toBeGreaterThan(SEEDS.length);
    expect(sums.wipes).toBeGreaterThanOrEqual(options.isHarsh ? 3 : 0);
  });

  test('the same seed tells the same story', () => {
    const stories = [1, 1].map((seed) => {
      const { name: _, ...options } = ROWS[1];
      const chaos = new Chaos({ ...options, seed });
      for (let step = 0; step < 1000; step++) chaos.step();
      return chaos.cluster.machines.map(({ state, disk, applied }) => ({ state, disk, applied }));
    });
    expect(stories[0]).toEqual(stories[1]);
  });
});
