/**
 * When a helper is restarted, and when it is given up: the numbers beside charts/supervision.ts.
 *
 * 1. One rule for both: the failures of the last window count. Each doubles the pause before the
 *    next attempt, up to a bound, and one more than the policy allows is the end. So an attempt that
 *    succeeds and fails at once gains nothing, and a failure of long ago costs nothing.
 * 2. A pause is between half of its span and all of it, so that nodes do not try in step.
 * 3. Nothing here holds a clock: `now` comes in, and `dueAt` says when the next attempt is due.
 */
import { assert } from '../base/assert.ts';
import { type Millis, millis, NEVER } from '../base/units.ts';
import {
  type HelperLife,
  type HelperState,
  isHelperOver,
  newHelperLife,
} from './charts/supervision.ts';

export interface RestartPolicy {
  /** Failures within a window that are answered with a restart. 0: the first one is the end. */
  readonly failuresMax: number;
  readonly windowMs: number;
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
}

/** For what can be opened again: given up after four minutes of nothing but failures. */
export const RESTARTS: RestartPolicy = {
  failuresMax: 30,
  windowMs: 300_000,
  pauseMsMin: 100,
  pauseMsMax: 10_000,
};

/** For the disk: a failed sync is never tried again, nor is anything else behind its back. */
export const NO_RESTART: RestartPolicy = { ...RESTARTS, failuresMax: 0 };

export interface Supervised {
  readonly life: HelperLife;
  readonly policy: RestartPolicy;
  /** Moments of failures, oldest first: those of the last window, as of the last failure. */
  failures: Millis[];
  /** When the next attempt is due; NEVER unless it backs off. */
  dueAt: Millis;
  /** How often it was opened anew. */
  restarts: number;
}

export function newSupervised(policy: RestartPolicy): Supervised {
  return { life: newHelperLife(), policy, failures: [], dueAt: NEVER, restarts: 0 };
}

export function helperOpened(helper: Supervised): void {
  if (helper.life.state === 'restarting') helper.restarts++;
  helper.life.send('opened');
}

/** `chance`: any whole number. Answers where that leads: 'backing-off' or 'down'. */
export function helperFailed(helper: Supervised, now: Millis, chance: number): HelperState {
  const { life, policy } = helper;
  const since = now - policy.windowMs;
  helper.failures = [...helper.failures.filter((at) => at > since), now];
  const count = helper.failures.length;
  if (count > policy.failuresMax || life.state === 'starting') return life.send('give-up');
  helper.dueAt = millis(now + pauseMs(policy, count, chance));
  return life.send('failed');
}

/** True if the moment of the next attempt has come: whoever asks makes it now. */
export function beginRestart(helper: Supervised, now: Millis): boolean {
  if (helper.life.state !== 'backing-off' || now < helper.dueAt) return false;
  helper.dueAt = NEVER;
  helper.life.send('due');
  return true;
}

export function stopHelper(helper: Supervised): void {
  if (isHelperOver(helper.life.state)) return;
  helper.dueAt = NEVER;
  helper.life.send('stop');
}

function pauseMs({ pauseMsMin, pauseMsMax }: RestartPolicy, failures: number, chance: number) {
  assert(failures > 0, 'internal', 'a pause without a failure');
  let span = pauseMsMin;
  for (let n = 1; n < failures && span < pauseMsMax; n++) span *= 2;
  const half = Math.floor(Math.min(span, pauseMsMax) / 2);
  return half + (chance % (half + 1));
}
