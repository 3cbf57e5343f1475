/**
 * The REPAIR channel: what nodes with damage ask, and what they are answered.
 *
 * 1. An entry is given to whoever names its header: by any node, whatever its role or state.
 * 2. Leave to give a store up is a leader's to give, and only if every committed entry of its group
 *    is durable on a quorum without that store, all of whom it has just heard from: the group is
 *    then no worse off than after the loss of one disk (docs/protocol/repair.md).
 */
import type { GroupId, NodeId } from '../base/units.ts';
import {
  decodeIndex,
  decodeLeave,
  decodeWant,
  encodeLeave,
  REPAIR_TYPE,
} from '../core/mending/codec.ts';
import { CHANNEL, type PeerFrameView } from '../core/protocol/peer-frame.ts';
import { matchOf } from '../core/raft/commit.ts';
import { isFormed } from '../core/raft/configurations.ts';
import { findProgress } from '../core/raft/progress.ts';
import { hasQuorum } from '../core/raft/quorum.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import type { Member } from '../core/types.ts';
import { heldEntry } from '../core/wal/repair.ts';
import { type Group, isLeading } from './group.ts';
import { supply, takeLeave } from './mending.ts';
import { giveSnapshot } from './rebuild.ts';
import { noteShort } from './room.ts';
import { findGroup, type NodeState } from './state.ts';

/** Of the entries that one question is answered with. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

export function receiveRepair(node: NodeState, view: PeerFrameView, from: Member): void {
  const body = view.bytes.subarray(view.bodyAt, view.bodyAt + view.bodyBytes);
  switch (view.type) {
    case REPAIR_TYPE.WANT:
      giveEntries(node, from, body);
      break;
    case REPAIR_TYPE.ENTRY:
      // A copy: the rest of the frame is not kept alive, nor trusted to stay.
      supply(node, [body.slice()]);
      break;
    case REPAIR_TYPE.PLEA:
      giveLeave(node, from, body);
      break;
    case REPAIR_TYPE.LEAVE: {
      const leave = decodeLeave(body);
      if (leave === null) node.counters.badFrames++;
      else takeLeave(node, view.group as GroupId, leave);
      break;
    }
    case REPAIR_TYPE.SNAPSHOT: {
      const group = findGroup(node, view.group as GroupId);
      const index = decodeIndex(body);
      if (index === null) node.counters.badFrames++;
      else if (group !== null && node.phase === 'serving') giveSnapshot(group, from, index);
      break;
    }
    case REPAIR_TYPE.SHORT:
      noteShort(node, from);
      break;
    default:
      node.counters.badFrames++;
  }
}

function giveEntries(node: NodeState, from: Member, body: Uint8Array): void {
  const wanted = decodeWant(body);
  if (wanted === null) {
    node.counters.badFrames++;
    return;
  }
  let bytes = 0;
  for (const missing of wanted) {
    const entry = heldEntry(node.wal!, missing);
    if (entry === null) continue;
    bytes += entry.length;
    const head = { channel: CHANNEL.REPAIR, type: REPAIR_TYPE.ENTRY, group: missing.group };
    node.peers!.send(from, head, [entry]);
    if (bytes >= ANSWER_BYTES_MAX) return;
  }
}

function giveLeave(node: NodeState, from: Member, body: Uint8Array): void {
  const plea = decodeLeave(body);
  if (plea === null) node.counters.badFrames++;
  for (const group of node.groups) {
    const groupCount = group.store.settings?.groupCount ?? 0;
    if (plea === null || groupCount === 0 || !isExpendable(node, group, from.id)) continue;
    const head = { channel: CHANNEL.REPAIR, type: REPAIR_TYPE.LEAVE, group: group.id };
    node.peers!.send(from, head, [encodeLeave({ nonce: plea.nonce, groupCount })]);
  }
}

/** Whether all that the group has committed is safe without whatever store `id` has. */
function isExpendable(node: NodeState, group: Group, id: NodeId): boolean {
  const { raft } = group;
  const { leading } = raft;
  if (!isLeading(group) || leading === null || !isFormed(raft)) return false;
  return hasQuorum(currentConfiguration(raft), (member) => {
    if (member.id === id) return false;
    if (matchOf(raft, leading, member) < raft.commitIndex) return false;
    if (member.id === node.config.id) return true;
    const heardAt = findProgress(leading, member)?.lastContact ?? 0;
    return node.now - heardAt <= node.config.electionTimeoutMs;
  });
}
