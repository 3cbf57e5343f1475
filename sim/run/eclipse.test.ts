import { expect, test } from 'vitest';
import { type NodeId, nodeId } from '../../src/base/units.ts';
import { Streams } from '../world/streams.ts';
import type { World } from '../world/world.ts';
import { eclipse } from './eclipse.ts';

/** One eclipse, with the moments of what happens; `leader`: nobody leads. */
function run(seed: string, leader: NodeId | null): string[] {
  const told: string[] = [];
  let nowMs = 0;
  const tell = (what: string): void => void told.push(`${nowMs} ${what}`);
  const world = {
    faults: { count: () => tell('counted') },
    net: { isolate: () => tell('cut off'), heal: () => tell('healed') },
    process: () => ({ pause: (forUs: number) => tell(`frozen for ${forUs / 1_000}`) }),
  } as unknown as World;
  eclipse(new Streams(seed).stream('eclipse'), {
    world,
    leader,
    healMs: 500,
    watch: (node, spanMs) => tell(`${node} watched for ${spanMs}`),
    after: (delayMs, act) => {
      nowMs = delayMs;
      act();
    },
  });
  return told;
}

test('whoever watches comes before the leader is out of reach, and it goes on while it still is', () => {
  const runs = Array.from({ length: 20 }, (_, at) => run(`${at}`, nodeId(2)));
  for (const told of runs) {
    const spanMs = Number(/watched for (\d+)/.exec(told[1]!)![1]);
    expect(told[2]).toBe('30 cut off');
    const frozen = told.find((line) => line.includes('frozen'));
    if (frozen !== undefined) expect(frozen).toBe(`30 frozen for ${spanMs - 30}`);
    expect(told.at(-1)).toMatch(/healed$/);
    expect(Number(told.at(-1)!.split(' ')[0])).toBeGreaterThan(spanMs);
  }
  const frozen = runs.filter((told) => told.some((line) => line.includes('frozen')));
  expect(frozen.length).toBeGreaterThan(0);
  expect(frozen.length).toBeLessThan(runs.length);
});

test('where nobody leads nothing happens', () => {
  expect(run('1', null)).toEqual([]);
});
