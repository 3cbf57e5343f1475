/**
 * The identity of a data directory: which node, which store, which cluster. It decides nothing
 * else; who may vote is configuration's business (architecture, Identity).
 *
 *   format.ts   bytes          opening.ts   everything that happens
 */
import { unreachable } from '../../base/assert.ts';
import type { Millis } from '../../base/units.ts';
import { NEVER } from '../../base/units.ts';
import type { Core } from '../core.ts';
import { check } from './check.ts';
import { adopt, onCompletion, openIdentity, reformat } from './opening.ts';
import type { IdentityConfig, IdentityEvent, IdentityOut, IdentityState } from './state.ts';
import { initialState } from './state.ts';

export const identity: Core<IdentityConfig, IdentityState, IdentityEvent, IdentityOut> = {
  init: initialState,
  step,
  deadline: () => NEVER,
  check,
};

function step(state: IdentityState, event: IdentityEvent, _now: Millis, out: IdentityOut): void {
  switch (event.kind) {
    case 'open':
      openIdentity(state, event.storeWords, out);
      return;
    case 'disk':
      onCompletion(state, event.completion, out);
      return;
    case 'adopt':
      adopt(state, event.clusterId, out);
      return;
    case 'reformat':
      reformat(state, event.storeWords, out);
      return;
    default:
      unreachable(event);
  }
}
