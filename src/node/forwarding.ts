/**
 * Passing requests on to the leader, in one ordered stream per group.
 *
 * 1. A stream belongs to one leader and term. When that is over, what has no answer ends unknown:
 *    it is never sent to another leader, so nothing is executed twice.
 * 2. Within a stream messages may be lost or repeated: they are sent again until answered, and the
 *    leader executes each sequence once, in order (served.ts).
 * 3. Bounded: batches without an answer; beyond it requests are refused.
 */
import { type ErrorCode, isErrorCode } from '../base/errors.ts';
import { decodeUtf8 } from '../base/text.ts';
import { NOBODY } from '../base/units.ts';
import {
  encodeRequestHead,
  FORWARD_ROWS_MAX,
  FORWARD_TYPE,
  type ReplyRow,
  ROW_KIND,
  readReplyHead,
  readReplyRow,
} from '../core/forward/codec.ts';
import { sameMember } from '../core/members.ts';
import { CHANNEL, type PeerFrameView } from '../core/protocol/peer-frame.ts';
import { ENTRY_BODY_BYTES_MAX, type Member } from '../core/types.ts';
import type { ReadRows } from './batch.ts';
import { type ForwardStream, newStream, type Outstanding, windowOf } from './forward-stream.ts';
import type { Routed } from './gather.ts';
import type { Group } from './group.ts';
import { endUnknown, markForwarded, refuseOne } from './owners.ts';
import { receiveRequest } from './served.ts';
import { findGroup, type NodeState } from './state.ts';

const RESEND_HEARTBEATS = 2;

export function forward(node: NodeState, group: Group, request: Routed): void {
  const leader = group.raft.leaderMember;
  if (leader === null) {
    refuseOne(node, request.owner, request.slot, 'UNAVAILABLE');
    return;
  }
  group.stream ??= newStream(leader, group.raft.currentTerm, nextNonce(node));
  const { stream } = group;
  if (windowOf(stream) >= node.config.forwardsMax) {
    refuseOne(node, request.owner, request.slot, 'OVERLOADED');
    return;
  }
  const isFull = stream.gathered.rows.count >= FORWARD_ROWS_MAX;
  const bytes = stream.gatheredBytes + request.bytes;
  if (isFull || bytes > ENTRY_BODY_BYTES_MAX) sendGathered(node, group);
  stream.gathered.append(request.source, request.at, request.bytes, 0);
  stream.gathered.rows.push(request.owner, request.slot);
  stream.gatheredBytes += request.bytes;
}

/** Streams of one boot differ by the low bits, boots by the random rest. */
function nextNonce(node: NodeState): number {
  return node.nonce * 0x10_0000 + node.streams++;
}

/** Ends streams whose leader or term is over; called before a turn's requests are routed. */
export function endStaleStreams(node: NodeState): void {
  for (const group of node.groups) {
    const { stream, raft } = group;
    if (stream === null) continue;
    const isSameLeader = raft.leaderMember !== null && sameMember(raft.leaderMember, stream.leader);
    if (isSameLeader && raft.currentTerm === stream.term && raft.leader !== NOBODY) continue;
    group.stream = null;
    for (const { requests } of stream.outstanding) endUnknown(node, requests.rows);
  }
}

/** Sends what the turn gathered, and again what has had no answer for long. */
export function sendForwards(node: NodeState): void {
  for (const group of node.groups) {
    if (group.stream === null) continue;
    if (group.stream.gathered.rows.count > 0) sendGathered(node, group);
    resend(node, group, group.stream);
  }
}

function sendGathered(node: NodeState, group: Group): void {
  const stream = group.stream!;
  const requests = stream.gathered.take();
  stream.gatheredBytes = 0;
  markForwarded(node, requests.rows);
  const sequence = stream.nextSequence++;
  const batch = { sequence, since: node.now, sentAt: node.now, requests };
  stream.outstanding.push(batch);
  sendBatch(node, group, stream, batch);
}

function sendBatch(node: NodeState, group: Group, stream: ForwardStream, batch: Outstanding): void {
  batch.sentAt = node.now;
  const head = encodeRequestHead({
    nonce: stream.nonce,
    term: stream.term,
    sequence: batch.sequence,
    lowestUnanswered: stream.outstanding[0]!.sequence,
    count: batch.requests.batch.count,
  });
  const message = { channel: CHANNEL.FORWARD, type: FORWARD_TYPE.REQUEST, group: group.id };
  node.peers!.send(stream.leader, message, [head, batch.requests.batch.bytes]);
}

function resend(node: NodeState, group: Group, stream: ForwardStream): void {
  const before = node.now - RESEND_HEARTBEATS * node.config.heartbeatMs;
  for (const batch of stream.outstanding) {
    if (batch.sentAt <= before) sendBatch(node, group, stream, batch);
  }
}

/** When something of this node must be sent again at the latest. */
export function forwardDeadline(node: NodeState): number {
  let deadline = Number.POSITIVE_INFINITY;
  for (const { stream } of node.groups) {
    for (const { sentAt } of stream?.outstanding ?? []) {
      deadline = Math.min(deadline, sentAt + RESEND_HEARTBEATS * node.config.heartbeatMs);
    }
  }
  return deadline;
}

export function receiveForward(node: NodeState, view: PeerFrameView, from: Member): void {
  const group = findGroup(node, view.group as Group['id']);
  if (group === null) return;
  if (view.type === FORWARD_TYPE.REQUEST) receiveRequest(node, group, view, from);
  else if (view.type === FORWARD_TYPE.REPLY) receiveReply(node, group, view, from);
  else node.counters.badFrames++;
}

function receiveReply(node: NodeState, group: Group, view: PeerFrameView, from: Member): void {
  const { stream } = group;
  const end = view.bodyAt + view.bodyBytes;
  const reply = readReplyHead(view.bytes, view.bodyAt, end);
  if (stream === null || reply === null || !sameMember(from, stream.leader)) return;
  if (reply.nonce !== stream.nonce || reply.term !== stream.term) return;
  const at = stream.outstanding.findIndex(({ sequence }) => sequence === reply.sequence);
  if (at < 0 || stream.outstanding[at]!.requests.rows.count !== reply.count) return;
  const [{ requests }] = stream.outstanding.splice(at, 1) as [Outstanding];
  const row: ReplyRow = { kind: 0, status: 0, revision: 0, at: 0, bytes: 0 };
  let cursor = view.bodyAt + 32;
  for (let n = 0; n < reply.count && cursor >= 0; n++) {
    cursor = readReplyRow(view.bytes, cursor, end, row);
    if (cursor >= 0) takeRow(node, requests, n, { row, bytes: view.bytes });
  }
}

function takeRow(
  node: NodeState,
  { rows }: ReadRows,
  n: number,
  { row, bytes }: { readonly row: ReplyRow; readonly bytes: Uint8Array },
): void {
  const owner = rows.owner[n]!;
  const slot = rows.slot[n]!;
  switch (row.kind) {
    case ROW_KIND.RESULT: {
      const lane = node.forwarded;
      lane.push(row.status, row.revision, bytes, row.at, row.bytes);
      node.connections.complete(owner, slot, lane, lane.count - 1);
      break;
    }
    case ROW_KIND.REFUSED:
      refuseOne(node, owner, slot, codeIn(bytes.subarray(row.at, row.at + row.bytes)));
      break;
    default:
      node.connections.endUnknown(owner, slot);
  }
}

function codeIn(bytes: Uint8Array): ErrorCode {
  const text = decodeUtf8(bytes);
  return isErrorCode(text) ? text : 'UNAVAILABLE';
}

/** Requests passed on too long ago end unknown, and with them their stream's later ones. */
export function expireForwards(node: NodeState, before: number): void {
  for (const group of node.groups) {
    const { stream } = group;
    if (stream === null || (stream.outstanding[0]?.since ?? node.now) >= before) continue;
    for (const { requests } of stream.outstanding) endUnknown(node, requests.rows);
    // The leader may still execute them. Its numbers may have a gap now: another stream begins.
    group.stream = null;
  }
}
