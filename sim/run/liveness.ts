/** Whether a healed cluster has come to rest in agreement. */

import type { NodeId } from '../../src/base/units.ts';
import { isJoint } from '../../src/core/members.ts';
import { lastIndex } from '../../src/core/raft/log.ts';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import { earliestDeadline } from '../../src/core/store/state.ts';
import { type Group, isLeading } from '../../src/node/group.ts';
import { stampOf } from '../../src/node/reads.ts';
import type { NodeState } from '../../src/node/state.ts';
import type { Cluster } from './cluster.ts';

/** What is due so soon is waited for: nothing but its leader may have to remove it. */
const DUE_SOON_MS = 5_000;

/**
 * Whether a leader keeps a key whose time is over by its own account, or nearly so. After a step of
 * clocks the stamp may stand still for a minute: then only what is due already is waited for.
 */
function isKeyDue(node: NodeState, group: Group): boolean {
  if (!isLeading(group)) return false;
  const stamp = stampOf(node, group);
  const soonMs = stamp > group.store.logTime ? DUE_SOON_MS : 0;
  return earliestDeadline(group.store) < stamp + soonMs;
}

/**
 * Every node of the core serves; each group has one leader there, and all have its whole log,
 * applied and sound, and without a key that is due. What those outside believe is of no
 * interest.
 */
export function hasConverged(cluster: Cluster, core: readonly NodeId[]): boolean {
  const nodes = core.flatMap((id) => cluster.node(id) ?? []);
  if (nodes.length < core.length) return false;
  if (!nodes.every(({ state }) => state.phase === 'serving')) return false;
  const isDue = nodes.some(({ state }) => state.groups.some((group) => isKeyDue(state, group)));
  if (isDue) return false;
  for (let id = 0; id < cluster.config.node.settings.groupCount; id++) {
    const rafts = nodes.flatMap(({ state }) => {
      const group = state.groups.find((candidate) => candidate.id === id);
      return group === undefined || group.rebuild !== null ? [] : [group.raft];
    });
    const leaders = rafts.filter(({ role }) => role === 'leader');
    const leader = leaders[0];
    if (rafts.length < nodes.length || leaders.length !== 1 || leader === undefined) return false;
    if (isJoint(currentConfiguration(leader))) return false;
    const last = lastIndex(leader.log);
    if (!rafts.every((raft) => raft.appliedIndex === last && lastIndex(raft.log) === last)) {
      return false;
    }
  }
  return true;
}
