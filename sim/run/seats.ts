/** Who has a seat, as the newest leaders know it: what the nemesis may do without destroying data. */
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

/**
 * Every store that any group counts on is there, up or down: none was lost and not yet replaced.
 * `mayChange`: a change of members may be under way.
 */
export function isWhole(cluster: Cluster, mayChange = false): boolean {
  const { stores, config } = cluster;
  if (stores.size < config.nodes) return false;
  const present = new Set(stores.values());
  for (let group = 0; group < config.node.settings.groupCount; group++) {
    const leader = newestLeader(cluster, group);
    if (leader === null || !isFormed(leader)) return false;
    const configuration = currentConfiguration(leader);
    if (isJoint(configuration) && !mayChange) return false;
    if (!allMembers(configuration).every(({ store }) => present.has(store))) return false;
  }
  return true;
}

/** Everybody's log holds the same configuration: the end of a joint one is not its leader's secret. */
function isAgreed(cluster: Cluster, group: number): boolean {
  const held = cluster.running().map(({ state }) => {
    const raft = state.groups.find(({ id }) => id === group)?.raft;
    return raft?.configurations.at(-1)?.index ?? 0;
  });
  return held.every((index) => index === held[0]);
}

/** Somebody has been asked for another configuration, and has not had the time to take it up. */
const isChangeAsked = (cluster: Cluster): boolean =>
  cluster
    .running()
    .some(({ state }) =>
      state.inputs.some((event) => event.kind === 'admin' && event.request.kind === 'reconfigure'),
    );

/** Whether a node may lose its disk: all are up, everyone votes everywhere, one may be missed. */
export function mayWipe(cluster: Cluster): boolean {
  const { config } = cluster;
  if (config.nodes < 3 || cluster.running().length < config.nodes) return false;
  if (!isWhole(cluster) || isChangeAsked(cluster)) return false;
  for (let group = 0; group < config.node.settings.groupCount; group++) {
    const { voters } = currentConfiguration(newestLeader(cluster, group)!);
    if (voters.length < config.nodes || !isAgreed(cluster, group)) return false;
  }
  return true;
}
