/** What must hold in every state of the formation machine. */
import { assert } from '../../base/assert.ts';
import type { FormationState } from './state.ts';

export function checkFormation(state: FormationState): void {
  assert(state.heard.size < state.ids.length, 'queue-bound', 'more peers heard than listed');
  assert(state.ids.includes(state.config.self.id), 'internal', 'a list without oneself');
  assert(state.config.nonce > 0, 'internal', 'nonce 0 means never heard');
}
