/** Who has a seat, as the newest leaders know it: what the nemesis may do without destroying data. */
import type { NodeId } from '../../src/base/units.ts';
import { allMembers, isJoint } from '../../src/core/members.ts';
import { isFormed } from '../../src/core/raft/configurations.ts';
import { currentConfiguration, type RaftState } from '../../src/core/raft/state.ts';
import type { Cluster } from './cluster.ts';

/** The leader of the newest term in a group, or null. */
export function newestLeader(cluster: Cluster, group: number): RaftState | null {
  let newest: RaftState | null = null;
  for (const { state } of cluster.running()) {
    const raft = state.groups.find(({ id }) => id === group)?.raft;
    if (raft?.role !== 'leader') continue;
    if (newest === null || raft.currentTerm > newest.currentTerm) newest = raft;
  }
  return newest;
}

/** Every store that any group counts on is there: none was lost and not yet replaced. */
export function isWhole(cluster: Cluster): boolean {
  const nodes = cluster.running();
  if (nodes.length < cluster.config.nodes) return false;
  const stores = new Set(nodes.map(({ state }) => state.self?.store ?? 'none'));
  if (stores.has('none')) return false;
  for (let group = 0; group < cluster.config.node.settings.groupCount; group++) {
    const leader = newestLeader(cluster, group);
    if (leader === null || !isFormed(leader)) return false;
    const configuration = currentConfiguration(leader);
    if (isJoint(configuration)) return false;
    if (!allMembers(configuration).every(({ store }) => stores.has(store))) return false;
  }
  return true;
}

/** Whether `node` may lose its disk: everyone votes everywhere, and one may be missed. */
export function mayWipe(cluster: Cluster, _node: NodeId): boolean {
  if (cluster.config.nodes < 3 || !isWhole(cluster)) return false;
  for (let group = 0; group < cluster.config.node.settings.groupCount; group++) {
    const { voters } = currentConfiguration(newestLeader(cluster, group)!);
    if (voters.length < cluster.config.nodes) return false;
  }
  return true;
}
