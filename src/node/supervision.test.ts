import { describe, expect, test } from 'vitest';
import { millis } from '../base/units.ts';
import {
  beginRestart,
  helperFailed,
  helperOpened,
  NO_RESTART,
  newSupervised,
  RESTARTS,
  type Supervised,
  stopHelper,
} from './supervision.ts';

/** The longest pause that chance may bring. */
const LONGEST = 10_000;

function running(policy = RESTARTS): Supervised {
  const helper = newSupervised(policy);
  helperOpened(helper);
  return helper;
}

/** Fails at `now`, then at each attempt; answers the pauses until it is given up. */
function failForEver(helper: Supervised): number[] {
  const pauses: number[] = [];
  let now = 0;
  while (helperFailed(helper, millis(now), 0) !== 'down') {
    pauses.push(helper.dueAt - now);
    now = helper.dueAt;
    expect(beginRestart(helper, millis(now))).toBe(true);
  }
  return pauses;
}

describe('a helper that can be opened again', () => {
  test('waits twice as long after each failure, up to a bound, and is given up in the end', () => {
    const helper = running();
    const pauses = failForEver(helper);
    expect(pauses.slice(0, 9)).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(pauses.length).toBe(RESTARTS.failuresMax);
    expect(helper.life.state).toBe('down');
  });

  test('waits between half of the span and all of it', () => {
    for (let chance = 0; chance < 200; chance++) {
      const helper = running();
      helperFailed(helper, millis(0), chance);
      expect(helper.dueAt).toBeGreaterThanOrEqual(50);
      expect(helper.dueAt).toBeLessThanOrEqual(100);
    }
  });

  test('is not restarted before its moment', () => {
    const helper = running();
    helperFailed(helper, millis(1000), 0);
    expect(beginRestart(helper, millis(1049))).toBe(false);
    expect(helper.life.state).toBe('backing-off');
    expect(beginRestart(helper, millis(1050))).toBe(true);
    expect(helper.life.state).toBe('restarting');
  });

  test('gains nothing by working for a moment between two failures', () => {
    const helper = running();
    let now = 0;
    for (let n = 1; n <= RESTARTS.failuresMax; n++) {
      expect(helperFailed(helper, millis(now), 0)).toBe('backing-off');
      now = helper.dueAt;
      beginRestart(helper, millis(now));
      helperOpened(helper);
      expect(helper.restarts).toBe(n);
    }
    expect(helperFailed(helper, millis(now), 0)).toBe('down');
  });

  test('forgets what was longer ago than a window', () => {
    const helper = running();
    let now = 0;
    for (let n = 0; n < 3 * RESTARTS.failuresMax; n++) {
      expect(helperFailed(helper, millis(now), 0)).toBe('backing-off');
      beginRestart(helper, helper.dueAt);
      helperOpened(helper);
      now += RESTARTS.windowMs / RESTARTS.failuresMax + LONGEST;
    }
    expect(helper.failures.length).toBeLessThanOrEqual(RESTARTS.failuresMax);
    now += RESTARTS.windowMs;
    helperFailed(helper, millis(now), 0);
    expect(helper.dueAt - now).toBe(RESTARTS.pauseMsMin / 2);
  });

  test('that never got what it needs is given up at once', () => {
    expect(helperFailed(newSupervised(RESTARTS), millis(0), 0)).toBe('down');
  });

  test('is stopped wherever it is, once, and has nothing due afterwards', () => {
    const helper = running();
    helperFailed(helper, millis(0), 0);
    stopHelper(helper);
    stopHelper(helper);
    expect(helper.life.state).toBe('stopped');
    expect(beginRestart(helper, millis(1e9))).toBe(false);
  });
});

test('the disk is given up at its first failure: nothing of it is tried again', () => {
  const helper = running(NO_RESTART);
  expect(helperFailed(helper, millis(5), 0)).toBe('down');
  expect(helper.restarts).toBe(0);
  expect(beginRestart(helper, millis(1e9))).toBe(false);
});
