/** Invariants of mending. */
import { assert } from '../../base/assert.ts';
import type { MendingState } from './state.ts';

export function checkMending(state: MendingState): void {
  const { config, missing, rounds, fruitlessRounds } = state;
  assert(missing.length <= config.missing.length, 'internal', 'more is missing than at first');
  assert(fruitlessRounds <= rounds, 'internal', 'more fruitless rounds than rounds');
}
