/**
 * Memory that nothing refers to is given back, and what is held is looked at, a slice at a time.
 *
 *   a table is swapped out (FLUSH_ALL, a snapshot was loaded)  ─▶ a slice every turn until it is freed
 *   else, every `reclaimMs`                                    ─▶ a slice: records moved together,
 *                                                                 a shard shrunk, values scrubbed
 *
 * The last page of a turn: a record may move here, and no result of this turn may point to it.
 */
import { type Millis, millis } from '../base/units.ts';
import { store } from '../core/store/step.ts';
import type { Group } from './group.ts';
import type { NodeState } from './state.ts';

export function reclaimMemory(node: NodeState): void {
  if (node.phase !== 'serving') return;
  const isDue = node.now >= node.nextReclaim;
  if (isDue) node.nextReclaim = millis(node.now + node.config.reclaimMs);
  for (const group of node.groups) {
    if (isDue || isUrgent(node, group)) reclaimSlice(node, group);
  }
}

function reclaimSlice(node: NodeState, group: Group): void {
  const budget = node.config.reclaimRecords;
  store.step(group.store, { kind: 'background', budget }, node.now, node.storeOut);
}

const isUrgent = (node: NodeState, group: Group): boolean =>
  store.deadline(group.store) <= node.now;

/** An idle node has nothing to move; what it holds is scrubbed when something happens. */
export function reclaimDeadline(node: NodeState): Millis {
  for (const group of node.groups) if (isUrgent(node, group)) return node.now;
  return Number.POSITIVE_INFINITY as Millis;
}
