import { describe, expect, test } from 'vitest';
import { same } from './check.ts';
import { frameChecks } from './frames.ts';
import { logChecks } from './log.ts';
import { judge } from './simulator.ts';
import { vectorChecks } from './vectors.ts';

const checks = [...vectorChecks, ...frameChecks, ...logChecks];

test.each(checks.map(({ claim, run }) => [claim, run] as const))('%s', async (_, run) => {
  await run();
});

test('a check that finds something else says what', () => {
  expect(() => same([1, 2], [1, 3], 'the rows')).toThrow('the rows: found [1,2], expected [1,3]');
});

describe("the simulator's report", () => {
  test('is its last line', () => {
    const passed = { passed: 20, failed: 0, told: '' };
    expect(judge('seed 1\n{"passed":20,"failed":[]}\n', '')).toEqual(passed);
    expect(judge('{"passed":18,"failed":[3,"0x7"]}\n', '')).toEqual({
      passed: 18,
      failed: 2,
      told: 'seeds 3, 0x7; see kv sim --seed N',
    });
  });

  test('is one failure when there is none', () => {
    expect(judge('', 'it broke\n')).toMatchObject({ passed: 0, failed: 1 });
    expect(judge('', 'it broke\n').told).toContain('it broke');
  });
});
