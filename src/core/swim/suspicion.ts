/**
 * Suspicion (the paper's section 4.2): between "did not answer" and "dead" lies time to object.
 *
 * 1. An accusation that was news arms one timer for its (member, incarnation). The same accusation
 *    heard again is no news, so it neither restarts the timer nor spreads again.
 * 2. The least timeout is multiplier × bits(n) × period: word needs O(log n) periods to reach the
 *    accused, and its answer as long to come back.
 * 3. As long as one member alone accuses, the timeout is `suspicionStretch` times the least: the
 *    one that is slow may be the accuser. Each other accuser of the same incarnation confirms, and
 *    the timeout falls with the logarithm of their number (Lifeguard):
 *
 *      most - (most - least) × log(confirmations + 1) / log(wanted + 1)
 *
 *    The first accuser and repeats confirm nothing. A confirmation is news and spreads again.
 * 4. Confirmations wanted are `confirmationsMax`, but no more than half of the others: so a
 *    majority that lives can always bring the timeout down. Two members alone want none.
 * 5. A timer that runs out acts only if the accusation it was armed for still stands. It is not
 *    disarmed by a refutation: a stale word about the accused could then disarm it as well.
 */
import { assert } from '../../base/assert.ts';
import { NOBODY, type NodeId } from '../../base/units.ts';
import {
  CONFIRMATIONS_LIMIT,
  liveCount,
  type Suspicion,
  type SwimState,
  type Update,
} from './state.ts';

/** 1000 × log2 of 1, 2, 3 …: engines may differ in the last bit of a logarithm. */
const LOG2_MILLI = [0, 1000, 1585, 2000, 2322, 2585, 2807, 3000] as const;

/** Bits of `count`: the least b with count < 2^b. An integer stand-in for the logarithm. */
export function bitLength(count: number): number {
  let bits = 0;
  for (let rest = count; rest > 0; rest = Math.floor(rest / 2)) bits++;
  return bits;
}

/** Rule 2. */
export function suspicionTimeoutMsMin(state: SwimState): number {
  const { suspicionMultiplier, probePeriodMs } = state.config;
  return suspicionMultiplier * bitLength(liveCount(state)) * probePeriodMs;
}

/** Rule 4. */
export function confirmationsWanted(state: SwimState): number {
  const half = Math.floor((liveCount(state) - 1) / 2);
  return Math.min(state.config.confirmationsMax, half);
}

/** Rule 3, in whole milliseconds. */
export function suspicionTimeoutMs(suspicion: Suspicion, stretch: number): number {
  const { timeoutMsMin, confirmationsWanted: wanted, accusers } = suspicion;
  const confirmations = accusers.length - 1;
  assert(confirmations <= wanted, 'swim-bounds', 'more confirmations than wanted');
  assert(wanted <= CONFIRMATIONS_LIMIT, 'swim-bounds', 'no logarithm of so many');
  if (wanted === 0) return timeoutMsMin;
  const slackMs = timeoutMsMin * (stretch - 1);
  const share = (slackMs * LOG2_MILLI[confirmations]!) / LOG2_MILLI[wanted]!;
  return timeoutMsMin + slackMs - Math.floor(share);
}

/** Starts the timer of an accusation that has just been accepted. */
export function armSuspicion(state: SwimState, accusation: Update, now: number): void {
  const { id, incarnation, accuser } = accusation;
  assert(accuser !== NOBODY, 'internal', 'an accusation by nobody');
  const suspicion: Suspicion = {
    incarnation,
    armedAtMs: now,
    deadlineMs: now,
    timeoutMsMin: suspicionTimeoutMsMin(state),
    confirmationsWanted: confirmationsWanted(state),
    accusers: [accuser],
  };
  suspicion.deadlineMs += suspicionTimeoutMs(suspicion, state.config.suspicionStretch);
  state.suspicions.set(id, suspicion);
}

/** Whether the accusation confirms the one that stands; it has then shortened the timeout. */
export function confirmSuspicion(state: SwimState, accusation: Update, now: number): boolean {
  const suspicion = state.suspicions.get(accusation.id);
  if (suspicion === undefined || suspicion.incarnation !== accusation.incarnation) return false;
  const { accusers, armedAtMs } = suspicion;
  if (accusers.length > suspicion.confirmationsWanted) return false;
  if (accusers.includes(accusation.accuser)) return false;
  accusers.push(accusation.accuser);
  state.counters.confirmations++;
  const timeoutMs = suspicionTimeoutMs(suspicion, state.config.suspicionStretch);
  // Never in the past: a deadline long gone by looks as if we had stood still (step.ts).
  suspicion.deadlineMs = Math.max(now, armedAtMs + timeoutMs);
  return true;
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
    const { incarnation, address } = member;
    verdicts.push({ id, state: 'dead', incarnation, address, accuser: NOBODY });
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
  for (const suspicion of state.suspicions.values()) {
    suspicion.armedAtMs += stallMs;
    suspicion.deadlineMs += stallMs;
  }
}

export const ascending = (left: NodeId, right: NodeId): number => left - right;
