/**
 * Snapshots in the middle of a change of the members: what is in force then are two halves, and a
 * snapshot has to say so. They are over within milliseconds, so somebody has to wait for them.
 */
import type { GroupId } from '../../src/base/units.ts';
import { isJoint } from '../../src/core/members.ts';
import { configurationIndex, currentConfiguration } from '../../src/core/raft/state.ts';
import { eventKind } from '../world/trace.ts';
import type { Cluster } from './cluster.ts';

const LOOK_EVENT = eventKind('mid-change');
const LOOK_US = 300;
const LOOKS_MAX = 300;

/** Whoever has applied a joint configuration, and does not know that it is over, takes a snapshot. */
export function snapshotMidChange(cluster: Cluster, group: GroupId, looks = LOOKS_MAX): void {
  for (const { state } of cluster.running()) {
    const led = state.groups.find(({ id }) => id === group);
    if (led === undefined || !isJoint(currentConfiguration(led.raft))) continue;
    const isApplied = led.store.appliedIndex >= configurationIndex(led.raft);
    const isTaken = led.raft.snapshotIndex >= configurationIndex(led.raft);
    if (isApplied && !isTaken) cluster.admin(state.config.id, { kind: 'snapshot', group });
  }
  if (looks === 0) return;
  const again = (): void => snapshotMidChange(cluster, group, looks - 1);
  cluster.world.scheduler.after(LOOK_US, LOOK_EVENT, 0, again);
}
