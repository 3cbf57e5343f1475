import { afterEach, expect, test } from 'vitest';
import { WHOLE_SCHEDULE } from '../run/schedule.ts';
import { Scheduler } from '../world/scheduler.ts';
import type { RunSpec } from './report.ts';
import { runTwice } from './twice.ts';

const SPEC: RunSpec = {
  world: 'swim',
  nodes: 3,
  groups: null,
  faults: [],
  schedule: WHOLE_SCHEDULE,
};
const { at } = Scheduler.prototype;

afterEach(() => {
  Scheduler.prototype.at = at;
});

test('two runs of a sound simulator agree', () => {
  expect(runTwice('3', SPEC).divergence).toBe(null);
});

test('a run that depends on what ran before it is found at the first event that differs', () => {
  let scheduled = 0;
  Scheduler.prototype.at = function leaky(this: Scheduler, ...event): void {
    const [timeUs, ...rest] = event;
    scheduled++;
    at.call(this, timeUs + (scheduled === 20_000 ? 1 : 0), ...rest);
  };
  let runs = 0;
  let divergence = null;
  let stacks: readonly (string | null)[] = [];
  while (divergence === null && runs++ < 20) ({ divergence, stacks } = runTwice('3', SPEC));
  expect(divergence).not.toBe(null);
  expect(stacks.some((stack) => stack?.includes('sim/swim/') === true)).toBe(true);
});
