/**
 * Suspicion (the paper's section 4.2): between "did not answer" and "dead" lies time to object.
 *
 * 1. An accusation that was news arms one timer for its (member, incarnation). The same accusation
 *    heard again is no news, so it neither restarts the timer nor spreads again.
 * 2. The timeout is multiplier × bits(n) × period: word needs O(log n) periods to reach the
 *    accused, and its answer as long to come back.
 * 3. A timer that runs out acts only if the accusation it was armed for still stands. It is not
 *    disarmed by a refutation: a stale word about the accused could then disarm it as well.
 *
 * Deliberately not here: confirmations that shorten the timeout, and a local health score.
 */
import type { NodeId } from '../../base/units.ts';
import { liveCount, recordOf, type SwimState, type Update } from './state.ts';

/** Bits of `count`: the least b with count < 2^b. An integer stand-in for the logarithm. */
export function bitLength(count: number): number {
  let bits = 0;
  for (let rest = count; rest > 0; rest = Math.floor(rest / 2)) bits++;
  return bits;
}

export function suspicionTimeoutMs(state: SwimState): number {
  const { suspicionMultiplier, probePeriodMs } = state.config;
  return suspicionMultiplier * bitLength(liveCount(state)) * probePeriodMs;
}

/** Starts the timer of an accusation that has just been accepted. */
export function armSuspicion(state: SwimState, accusation: Update, now: number): void {
  const { id, incarnation } = accusation;
  const deadlineMs = now + suspicionTimeoutMs(state);
  state.suspicions.set(id, { incarnation, deadlineMs });
}

/** Takes out the timers that have run out and returns the verdicts, by id. */
export function takeVerdicts(state: SwimState, now: number): Update[] {
  const due: NodeId[] = [];
  for (const [id, { deadlineMs }] of state.suspicions) if (deadlineMs <= now) due.push(id);
  const verdicts: Update[] = [];
  for (const id of due.sort(ascending)) {
    const suspicion = state.suspicions.get(id)!;
    state.suspicions.delete(id);
    const member = state.members.get(id);
    if (member === undefined) continue;
    if (member.state !== 'suspect' || member.incarnation !== suspicion.incarnation) continue;
    verdicts.push({ ...recordOf(member), state: 'dead' });
  }
  return verdicts;
}

export function earliestSuspicionMs(state: SwimState): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { deadlineMs } of state.suspicions.values()) {
    if (deadlineMs < earliest) earliest = deadlineMs;
  }
  return earliest;
}

/** Time in which we ourselves stood still is not held against the accused. */
export function postponeSuspicions(state: SwimState, stallMs: number): void {
  for (const suspicion of state.suspicions.values()) suspicion.deadlineMs += stallMs;
}

export const ascending = (left: NodeId, right: NodeId): number => left - right;
