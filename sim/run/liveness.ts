/** Whether a healed cluster has come to rest in agreement. */

import { isJoint } from '../../src/core/members.ts';
import { lastIndex } from '../../src/core/raft/log.ts';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import type { Cluster } from './cluster.ts';

/** Every node serves; each group has one leader, and all have its whole log, applied and sound. */
export function hasConverged(cluster: Cluster): boolean {
  const nodes = cluster.running();
  if (nodes.length < cluster.config.nodes) return false;
  if (!nodes.every(({ state }) => state.phase === 'serving')) return false;
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
