/** When chaos ends. */
import { expect, test } from 'vitest';
import { NO_OVERRIDES, type RunResult, runSeed } from './run.ts';
import { WHOLE_SCHEDULE } from './schedule.ts';

const SLICE_MS = 100;

function run(seed: string, safetyMs: number | null): RunResult {
  const schedule = { ...WHOLE_SCHEDULE, safetyMs };
  const overrides = { ...NO_OVERRIDES, schedule };
  return runSeed(seed, { overrides, recorder: null, chronicle: null, raftTrace: null });
}

test('quiet runs end by time, busy ones by their events', () => {
  const isBusy = ['10', '11'].map((seed) => {
    const { config, safetyMs, events } = run(seed, null);
    if (safetyMs === config.safetyMs) return false;
    expect(safetyMs % SLICE_MS).toBe(0);
    expect(safetyMs).toBeLessThan(config.safetyMs);
    expect(events).toBeGreaterThanOrEqual(config.safetyEventsMax!);
    return true;
  });
  expect(isBusy).toEqual([false, true]);
});

test('a busy run told to end when it did is the same run', () => {
  const whole = run('11', null);
  const told = run('11', whole.safetyMs);
  expect(told.config.safetyEventsMax).toBeNull();
  expect(told.digest).toBe(whole.digest);
});

test('a run that is told when to end does so, however busy it is', () => {
  const whole = run('11', null);
  const { config } = whole;
  const told = run('11', whole.safetyMs + 5_000);
  expect(told.safetyMs).toBe(whole.safetyMs + 5_000);
  expect(told.events).toBeGreaterThan(config.safetyEventsMax!);
});
