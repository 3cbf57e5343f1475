/**
 * Our own health, as our probes show it (Lifeguard's local health awareness).
 *
 * Whoever reads its mail late sees silence everywhere and would accuse everybody. A score from 0 to
 * `healthMax` counts the signs that the fault is ours, and makes us wait longer before we accuse:
 *
 * 1. A probe that was answered, by whatever way: -1.
 * 2. A probe that failed: +1 for each helper that we asked and that said neither "it answered" nor
 *    "it did not" (a nack). Helpers that did tell us that we are heard: the silence is the target's
 *    own, and nothing is held against us. Where there was nobody to ask: +1 for the missed ack.
 * 3. An accusation of ourselves that we had to refute: +1. Others find us slow.
 * 4. The time that a target has, directly and by helpers, is (score + 1) times the configured one.
 *    An answer ends a period that was made longer at its usual end: a member gets well as fast as
 *    its probes are answered.
 */
import { assert } from '../../base/assert.ts';
import type { SwimState } from './state.ts';

export function worsenHealth(state: SwimState, by: number): void {
  assert(by >= 0, 'internal', 'worse is not better');
  state.health = Math.min(state.config.healthMax, state.health + by);
}

export function improveHealth(state: SwimState): void {
  state.health = Math.max(0, state.health - 1);
}

/** Rule 4. */
export const patient = (state: SwimState, timeoutMs: number): number =>
  timeoutMs * (state.health + 1);
