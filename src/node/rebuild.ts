/**
 * Rebuilding a group's state from its leader's snapshot, while its log goes on.
 *
 * The state is lost (its snapshot cannot be read back) or wrong (it differs from a majority's). The
 * group stands back meanwhile: core/raft/quarantine.ts says what it still does, and why it may.
 * An older snapshot of our own is no way out: it is let go, and so is the log that would lead on
 * from it, as soon as the mark of the newer one is durable.
 */
import { type LogIndex, millis } from '../base/units.ts';
import { encodeIndex, REPAIR_TYPE } from '../core/mending/codec.ts';
import { CHANNEL } from '../core/protocol/peer-frame.ts';
import { newestInForce } from '../core/snapshots/state.ts';
import type { Member } from '../core/types.ts';
import { stepRaft } from './drain.ts';
import { type Group, isLeading, type Rebuild } from './group.ts';
import { refuse } from './owners.ts';
import type { NodeState } from './state.ts';

const ASK_MS = 500;

export function beginRebuild(
  node: NodeState,
  group: Group,
  code: Rebuild['code'],
  detail: string,
): void {
  group.rebuild = { code, detail, askAt: node.now };
  for (const { reads } of group.safe) refuse(node, reads.rows, 'UNAVAILABLE');
  group.safe = [];
  stepRaft(node, group, { kind: 'quarantine' });
}

export function tickRebuilds(node: NodeState): void {
  for (const group of node.groups) {
    const { rebuild } = group;
    if (rebuild === null || node.now < rebuild.askAt) continue;
    rebuild.askAt = millis(node.now + ASK_MS);
    const { leaderMember } = group.raft;
    if (leaderMember === null) continue;
    const head = { channel: CHANNEL.REPAIR, type: REPAIR_TYPE.SNAPSHOT, group: group.id };
    node.peers!.send(leaderMember, head, [encodeIndex(neededIndex(group))]);
  }
}

/**
 * An older snapshot is no use: the log begins behind this. One of our own that was about to have its
 * name when the rebuild began may still move it.
 */
export const neededIndex = ({ raft }: Group): LogIndex => raft.snapshotIndex;

export function rebuildDeadline(node: NodeState): number {
  let at = Number.POSITIVE_INFINITY;
  for (const { rebuild } of node.groups) at = Math.min(at, rebuild?.askAt ?? at);
  return at;
}

/** A member of our group has lost its state: our newest snapshot helps, or the next one will. */
export function giveSnapshot(group: Group, to: Member, minIndex: LogIndex): void {
  if (!isLeading(group)) return;
  const newest = newestInForce(group.files);
  if (newest !== null && newest.index >= minIndex) group.snapshotsWanted.push(to);
  else group.isSnapshotWanted = true;
}
