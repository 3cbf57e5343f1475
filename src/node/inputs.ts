/**
 * What came in since the last turn goes to whom it concerns.
 *
 * 1. A frame is judged by itself: who sent it, from which store, for which cluster and store.
 *    Frames of another cluster, or for a store we no longer are, change nothing and are counted.
 * 2. A node without a cluster takes the cluster of the first frame that is meant for its very
 *    store, once the disk holds that choice. Until then the frame is dropped; Raft repeats itself.
 * 3. When the WAL's queue is full, frames are dropped: peers slow down, nothing is lost.
 */

import { unreachable } from '../base/assert.ts';
import { clearList } from '../base/lists.ts';
import type { ClusterId, GroupId, NodeId, StoreId } from '../base/units.ts';
import type { DiskCompletion } from '../core/disk.ts';
import { decodeStatus } from '../core/formation/codec.ts';
import { allMembers } from '../core/members.ts';
import {
  CHANNEL,
  nextMessage,
  type PeerFrameView,
  peerFrameCluster,
  peerFrameFromStore,
  peerFrameToStore,
  readPeerFrame,
} from '../core/protocol/peer-frame.ts';
import { readMessage } from '../core/raft/codec.ts';
import type { Message } from '../core/raft/message.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import { GROUPS_MAX } from '../core/settings.ts';
import type { Member } from '../core/types.ts';
import { queueRoomBytes } from '../core/wal/state.ts';
import { obey } from './admin.ts';
import type { NodeEvent } from './contract.ts';
import { stepRaft } from './drain.ts';
import { joinCluster, stepFormation } from './forming.ts';
import { receiveForward } from './forwarding.ts';
import { stepGossip } from './gossip.ts';
import { ensureGroup } from './groups.ts';
import { receiveHash } from './hashes.ts';
import { stepIdentity } from './identify.ts';
import { hasLogRoom } from './log-room.ts';
import { stepWaitingWal, stepWal } from './persist.ts';
import { receiveRepair } from './repair.ts';
import { receiveSnapshotMessage, snapshotsCompleted } from './snapshots.ts';
import type { NodeState } from './state.ts';

const NO_ID = '0'.repeat(32);

export function takeInputs(node: NodeState): void {
  for (const event of node.inputs) {
    if (node.phase === 'failed' || node.phase === 'stopped') break;
    takeInput(node, event);
    if (node.walEvents.length > 0) stepWaitingWal(node);
  }
  clearList(node.inputs);
}

function takeInput(node: NodeState, event: NodeEvent): void {
  switch (event.kind) {
    case 'disk':
      diskCompleted(node, event.completion);
      break;
    case 'connected':
      node.connections.open(event.connection);
      break;
    case 'received':
      node.connections.receive(event.connection, event.bytes, node.now);
      break;
    case 'closed':
      node.connections.closed(event.connection);
      break;
    case 'drained':
      node.connections.drained(event.connection, node.now);
      break;
    case 'peer-frame':
      receiveFrame(node, event.bytes);
      break;
    case 'peer-link':
      if (event.up) peerConnected(node, event.peer);
      break;
    case 'gossip':
      stepGossip(node, { kind: 'datagram', bytes: event.bytes });
      break;
    case 'admin':
      obey(node, event.request);
      break;
    default:
      unreachable(event);
  }
}

function diskCompleted(node: NodeState, whole: DiskCompletion): void {
  const { user, group, completion } = node.desk.route(whole);
  switch (user) {
    case 'identity':
      stepIdentity(node, { kind: 'disk', completion });
      break;
    case 'wal':
      stepWal(node, { kind: 'disk', completion });
      break;
    case 'snapshots':
      snapshotsCompleted(node, group, completion);
      break;
  }
}

/** A link that came up anew may have lost what was in flight. */
function peerConnected(node: NodeState, peer: NodeId): void {
  for (const group of node.groups) {
    for (const member of allMembers(currentConfiguration(group.raft))) {
      if (member.id === peer) stepRaft(node, group, { kind: 'peer-connected', member });
    }
  }
}

function receiveFrame(node: NodeState, bytes: Uint8Array): void {
  if (node.phase !== 'serving' && node.phase !== 'mending') return;
  const view = node.frame;
  if (readPeerFrame(view, bytes) !== null || view.to !== node.config.id) {
    node.counters.badFrames++;
    return;
  }
  if (queueRoomBytes(node.wal!) < bytes.length) return;
  const cluster = peerFrameCluster(view);
  const toStore = peerFrameToStore(view);
  const from: Member = { id: view.from as NodeId, store: peerFrameFromStore(view) as StoreId };
  noteCluster(node, from.id, cluster as ClusterId);
  if (from.store === NO_ID) node.counters.badFrames++;
  else if (node.phase === 'mending') {
    const isForUs = toStore === NO_ID || toStore === node.self!.store;
    if (isForUs && cluster === node.cluster) receiveRepairs(node, view, from);
  } else if (cluster === NO_ID || toStore === NO_ID) receiveFormation(node, view, from);
  else if (toStore !== node.self!.store) node.counters.foreignFrames++;
  else if (node.cluster === null) joinCluster(node, cluster as ClusterId);
  else if (cluster !== node.cluster) node.counters.foreignFrames++;
  else receiveMessages(node, view, from);
}

/** Whoever speaks for another cluster is remembered, to be told to whoever asks what is wrong. */
function noteCluster(node: NodeState, from: NodeId, cluster: ClusterId): void {
  if (node.cluster === null || cluster === NO_ID || !node.config.ids.includes(from)) return;
  if (cluster === node.cluster) node.foreign.delete(from);
  else node.foreign.set(from, cluster);
}

/** A damaged node takes part in nothing but repair. */
function receiveRepairs(node: NodeState, view: PeerFrameView, from: Member): void {
  while (nextMessage(view)) if (view.channel === CHANNEL.REPAIR) receiveRepair(node, view, from);
}

/**
 * From or for a node that is no member yet: only its formation may speak. A damaged member of ours
 * asks without knowing our store.
 */
function receiveFormation(node: NodeState, view: PeerFrameView, from: Member): void {
  const isOurs = peerFrameCluster(view) === node.cluster;
  while (nextMessage(view)) {
    if (view.channel === CHANNEL.FORMATION) receiveStatus(node, view, from);
    else if (isOurs && view.channel === CHANNEL.REPAIR) receiveRepair(node, view, from);
    else node.counters.foreignFrames++;
  }
}

function receiveStatus(node: NodeState, view: PeerFrameView, from: Member): void {
  const status = decodeStatus(view.bytes.subarray(view.bodyAt, view.bodyAt + view.bodyBytes));
  if (status === null) node.counters.badFrames++;
  else stepFormation(node, { kind: 'status', from, status });
}

function receiveMessages(node: NodeState, view: PeerFrameView, from: Member): void {
  while (nextMessage(view)) {
    if (view.group >= GROUPS_MAX) {
      node.counters.badFrames++;
      continue;
    }
    switch (view.channel) {
      case CHANNEL.RAFT:
        receiveRaft(node, view, from);
        break;
      case CHANNEL.SNAPSHOT:
        receiveSnapshotMessage(node, ensureGroup(node, view.group as GroupId), view, from);
        break;
      case CHANNEL.FORWARD:
        receiveForward(node, view, from);
        break;
      case CHANNEL.FORMATION:
        receiveStatus(node, view, from);
        break;
      case CHANNEL.HASH:
        receiveHash(node, ensureGroup(node, view.group as GroupId), view, from);
        break;
      case CHANNEL.REPAIR:
        receiveRepair(node, view, from);
        break;
      default:
        node.counters.badFrames++;
    }
  }
}

function receiveRaft(node: NodeState, view: PeerFrameView, from: Member): void {
  const group = ensureGroup(node, view.group as GroupId);
  const source = { from, to: node.self!, group: group.id };
  const range = { at: view.bodyAt, end: view.bodyAt + view.bodyBytes };
  const message = readMessage(view.type, source, view.bytes, range);
  if (message === null) node.counters.badFrames++;
  else if (!isTooMuch(node, message)) {
    stepRaft(node, group, { kind: 'message', message, wall: node.wall });
  }
}

/**
 * What brings entries for which there is no room is as good as lost. Heartbeats bring none: they come
 * through, so nobody campaigns, and they set the pace at which the leader tries again. An answer to
 * each append would be answered with the next one at once.
 */
function isTooMuch(node: NodeState, message: Message): boolean {
  if (message.type !== 'append' || message.entries.length === 0) return false;
  if (node.room.level === 'exhausted') return true;
  let bytes = 0;
  for (const entry of message.entries) bytes += entry.length;
  return !hasLogRoom(node, bytes);
}
