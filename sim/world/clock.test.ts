import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { millis, NEVER } from '../../src/base/units.ts';
import { Clock } from './clock.ts';

const WALL_US = 1_700_000_000_000_000;

const clockAt = (): { clock: Clock; go: (us: number) => void } => {
  let now = 0;
  const clock = new Clock(() => now, WALL_US);
  return {
    clock,
    go: (us) => {
      now = us;
    },
  };
};

describe('clocks', () => {
  test('without drift both run with virtual time', () => {
    const { clock, go } = clockAt();
    go(12_345_678);
    expect(clock.monotonicMs()).toBe(12_345);
    expect(clock.wallMs()).toBe(1_700_000_000_000 + 12_345);
  });

  test('drift counts from the change on', () => {
    const { clock, go } = clockAt();
    go(1_000_000_000);
    clock.drift('monotonic', 100);
    go(2_000_000_000);
    expect(clock.monotonicUs()).toBe(2_000_100_000);
    expect(clock.wallMs()).toBe(1_700_000_000_000 + 2_000_000);
  });

  test('stepping the wall clock leaves the monotonic clock alone', () => {
    const { clock, go } = clockAt();
    go(1_000_000);
    clock.step(-10_000);
    expect(clock.wallMs()).toBe(1_700_000_000_000 + 1_000 - 10_000);
    expect(clock.monotonicMs()).toBe(1_000);
  });

  test('a frozen clock stands still, reaches no deadline, and goes on from where it stood', () => {
    const { clock, go } = clockAt();
    go(5_000);
    clock.freeze('both');
    go(9_000);
    expect(clock.monotonicMs()).toBe(5);
    expect(clock.virtualTimeOf(millis(6))).toBe(NEVER);
    clock.thaw('both');
    expect(clock.virtualTimeOf(millis(6))).toBe(10_000);
  });

  test('a frozen wall clock does not stop the monotonic one', () => {
    const { clock, go } = clockAt();
    clock.freeze('wall');
    go(5_000);
    expect(clock.monotonicMs()).toBe(5);
    expect(clock.wallMs()).toBe(1_700_000_000_000);
  });

  test('a reboot starts the monotonic clock anew and is reported', () => {
    const { clock, go } = clockAt();
    let changes = 0;
    clock.onChange = () => changes++;
    go(9_000_000);
    clock.reboot(250_000);
    expect(clock.monotonicMs()).toBe(250);
    clock.step(5);
    expect(changes).toBe(1);
  });

  test('a deadline falls on the first microsecond at which the clock shows it', () => {
    const drift = fc.integer({ min: -400_000, max: 400_000 });
    const span = fc.integer({ min: 0, max: 3_000_000_000 });
    fc.assert(
      fc.property(drift, span, span, (ppm, startUs, aheadUs) => {
        const { clock, go } = clockAt();
        go(startUs);
        clock.drift('monotonic', ppm);
        const deadline = millis(Math.floor((startUs + aheadUs) / 1_000));
        const due = clock.virtualTimeOf(deadline);
        expect(due).toBeGreaterThanOrEqual(startUs);
        go(due);
        expect(clock.monotonicMs()).toBeGreaterThanOrEqual(deadline);
        if (due === startUs) return;
        go(due - 1);
        expect(clock.monotonicMs()).toBeLessThan(deadline);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('the monotonic clock never goes back, whatever is done to it', () => {
    const change = fc.record({
      advanceUs: fc.integer({ min: 0, max: 5_000_000 }),
      action: fc.constantFrom('drift', 'freeze', 'thaw', 'step'),
      amount: fc.integer({ min: -500_000, max: 500_000 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const { clock, go } = clockAt();
        let now = 0;
        let last = 0;
        for (const { advanceUs, action, amount } of changes) {
          now += advanceUs;
          go(now);
          if (action === 'drift') clock.drift('both', amount);
          else if (action === 'step') clock.step(amount);
          else clock[action]('both');
          expect(clock.monotonicUs()).toBeGreaterThanOrEqual(last);
          last = clock.monotonicUs();
        }
      }),
      { seed: 1 },
    );
  });
});
