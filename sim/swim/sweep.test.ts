import { describe, expect, test } from 'vitest';
import { SWIM_DEFAULTS } from '../../src/core/swim/state.ts';
import { detectionPeriods } from './plan.ts';
import { runTrial, type TrialOptions } from './sweep.ts';

const TRIAL: TrialOptions = {
  seed: '1',
  members: 5,
  periods: 500,
  lossPermille: 0,
  hasLifeguard: true,
  isOneSlow: false,
  crashes: 0,
};

describe('one member that reads its mail 0.1 to 30 s late (S22)', () => {
  const falseDeaths = (members: number, hasLifeguard: boolean): number =>
    runTrial({ ...TRIAL, members, hasLifeguard, isOneSlow: true }).falseDeathsByAll;

  test.each([3, 5, 10])('of %i: no healthy one is held dead by anybody', (members) => {
    expect(falseDeaths(members, true)).toBe(0);
  });

  test('without Lifeguard healthy ones are held dead, again and again', () => {
    expect(falseDeaths(3, false)).toBeGreaterThan(5);
    expect(falseDeaths(10, false)).toBeGreaterThan(5);
  });

  test('without Lifeguard there are several times as many suspicions', () => {
    const suspicions = (hasLifeguard: boolean): number =>
      runTrial({ ...TRIAL, hasLifeguard, isOneSlow: true }).suspicions;
    expect(suspicions(false)).toBeGreaterThan(3 * suspicions(true));
  });
});

describe('loss (S25)', () => {
  test('at 10 % nobody flaps: suspects, but not one is held dead', () => {
    const trial = runTrial({ ...TRIAL, members: 10, lossPermille: 100 });
    expect(trial.suspicions).toBeGreaterThan(10);
    expect(trial.falseDeathsByAll).toBe(0);
  });

  test.each([0, 100])('of %i permille does not keep the dead from being found in time', (loss) => {
    const members = 10;
    const trial = runTrial({ ...TRIAL, members, periods: 20, lossPermille: loss, crashes: 3 });
    const knobs = { ...SWIM_DEFAULTS, membersMax: members };
    expect(trial.detections.length).toBe(3);
    for (const { first, last } of trial.detections) {
      expect(first).toBeGreaterThanOrEqual(16);
      expect(last).toBeLessThanOrEqual(detectionPeriods({ members, knobs }));
    }
  });
});
