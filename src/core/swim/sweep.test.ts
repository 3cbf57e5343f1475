/** How often SWIM is wrong, and how fast it is right: over loss, sizes, and one slow member. */
import { describe, expect, test } from 'vitest';
import { SWIM_DEFAULTS } from './state.ts';
import { bitLength } from './suspicion.ts';
import { crash, deathsSince, newWorld, pause, runFor, viewsOf, type World } from './test-world.ts';

const { probePeriodMs, suspicionMultiplier } = SWIM_DEFAULTS;
const SETTLED_MS = 5_000;

/** Members that anybody held dead since `sinceMs`, other than `except`. */
function heldDead(world: World, sinceMs: number, except: number): number[] {
  const ids = deathsSince(world, sinceMs).map(({ change }) => Number(change.id));
  return [...new Set(ids)].filter((id) => id !== except);
}

/** How many periods until everybody holds a crashed member dead. */
function detectionPeriods(world: World, id: number): number {
  const from = world.now;
  crash(world, id);
  while (viewsOf(world, id).join() !== 'dead') {
    runFor(world, probePeriodMs);
    if (world.now - from > 1_000 * probePeriodMs) break;
  }
  return (world.now - from) / probePeriodMs;
}

interface Row {
  readonly size: number;
  readonly lossPercent: number;
  readonly periods: number;
  /** Of a thousand member-periods. */
  readonly falseDeathsMax: number;
}

const ROWS: readonly Row[] = [
  { size: 10, lossPercent: 0, periods: 100, falseDeathsMax: 0 },
  { size: 10, lossPercent: 10, periods: 100, falseDeathsMax: 0 },
  { size: 10, lossPercent: 20, periods: 100, falseDeathsMax: 0 },
  { size: 10, lossPercent: 30, periods: 100, falseDeathsMax: 1 },
  { size: 30, lossPercent: 10, periods: 30, falseDeathsMax: 0 },
  { size: 30, lossPercent: 30, periods: 30, falseDeathsMax: 1 },
  { size: 100, lossPercent: 10, periods: 4, falseDeathsMax: 0 },
];

describe('S25: the sweep of loss', () => {
  test.each(ROWS)('$size members, $lossPercent % lost: who lives is not held dead', (row) => {
    const world = newWorld(row.size, 3);
    world.lossPercent = row.lossPercent;
    runFor(world, SETTLED_MS);
    const from = world.now;
    runFor(world, row.periods * probePeriodMs);
    const wrong = heldDead(world, from, 0).length;
    const rate = (1_000 * wrong) / (row.size * row.periods);
    expect(rate).toBeLessThanOrEqual(row.falseDeathsMax);
    if (row.size > 30) return;
    // In time: somebody's probe, the suspicion, and the word of it, each in the worst case.
    const bits = bitLength(row.size);
    const bound = 2 * row.size + suspicionMultiplier * bits + 3 * bits + 4;
    expect(detectionPeriods(world, 2)).toBeLessThanOrEqual(2 * bound);
  });
});

test('S22: one member that stands still again and again buries nobody but, at most, itself', () => {
  const world = newWorld(10, 5);
  runFor(world, SETTLED_MS);
  const from = world.now;
  for (const forMs of [100, 500, 2_000, 5_000, 10_000, 30_000]) {
    pause(world, 4, forMs);
    runFor(world, forMs + 6 * probePeriodMs);
  }
  expect(heldDead(world, from, 4)).toEqual([]);
  // And everybody has it back.
  runFor(world, 40 * probePeriodMs);
  expect(viewsOf(world, 4)).toEqual(['alive']);
});
