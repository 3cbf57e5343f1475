/** Invariants of a data directory's identity. */
import { assert } from '../../base/assert.ts';
import type { IdentityState } from './state.ts';

export function check(state: IdentityState): void {
  const { identity, draft, config } = state;
  for (const held of [identity, draft]) {
    assert(held === null || held.nodeId === config.nodeId, 'internal', 'identity of another node');
  }
  if (identity === null || draft === null) return;
  assert(draft.storeId === identity.storeId, 'leader-completeness', 'a store changed its id');
  const isKept = identity.clusterId === null || draft.clusterId === identity.clusterId;
  assert(isKept, 'leader-completeness', 'a store changed its cluster');
}
