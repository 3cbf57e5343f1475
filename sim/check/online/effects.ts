/**
 * What leaves a node must be true of its disk (effect-order): frames are read as they leave, with
 * the decoders that their receivers use.
 *
 * 1. A granted vote is saved, and is the only one of its term.
 * 2. An acknowledgement covers only what is durable.
 */

import type { GroupId, NodeId, StoreId } from '../../../src/base/units.ts';
import {
  CHANNEL,
  nextMessage,
  type PeerFrameView,
  peerFrameFromStore,
  peerFrameToStore,
  readPeerFrame,
} from '../../../src/core/protocol/peer-frame.ts';
import { MESSAGE_TYPE, readMessage } from '../../../src/core/raft/codec.ts';
import type { Append, AppendReply, Message, VoteReply } from '../../../src/core/raft/message.ts';
import { checkToldVote } from './elections.ts';
import { nameOf, type Scene } from './records.ts';
import { type AppendHead, appendHeadOf } from './requests.ts';
import { violate } from './violate.ts';

export type Said = Exclude<Message, Append> | AppendHead;

/** What Raft says in `frame`, seen through `view`: of appends the heads. */
export function* saidIn(
  view: PeerFrameView,
  frame: Uint8Array,
): Generator<{ group: GroupId; message: Said }> {
  if (readPeerFrame(view, frame) !== null) return;
  while (nextMessage(view)) {
    if (view.channel !== CHANNEL.RAFT) continue;
    if (view.type === MESSAGE_TYPE.append) {
      yield { group: view.group as GroupId, message: appendHeadOf(view) };
      continue;
    }
    const from = { id: view.from as NodeId, store: peerFrameFromStore(view) as StoreId };
    const to = { id: view.to as NodeId, store: peerFrameToStore(view) as StoreId };
    const group = view.group as GroupId;
    const range = { at: view.bodyAt, end: view.bodyAt + view.bodyBytes };
    const message = readMessage(view.type, { from, to, group }, view.bytes, range);
    if (message !== null && message.type !== 'append') yield { group, message };
  }
}

/** Whether the message promises anything, which then is true. */
export function checkPromise(scene: Scene, message: VoteReply | AppendReply): boolean {
  if (message.type === 'vote-reply') {
    if (message.granted) checkToldVote(scene, message.term, nameOf(message.to));
    return message.granted;
  }
  if (!message.accepted) return false;
  noteAcknowledged(scene, message);
  checkAcknowledged(scene, message);
  return true;
}

function noteAcknowledged({ group, store }: Scene, { term, to, matchIndex }: AppendReply): void {
  const key = `${term} ${nameOf(to)} ${store.name}`;
  const before = group.acknowledged.get(key) ?? 0;
  if (matchIndex > before) group.acknowledged.set(key, matchIndex);
}

function checkAcknowledged({ raft }: Scene, { term, matchIndex, durability }: AppendReply): void {
  if (durability === 'unsafe' || matchIndex <= raft.durableIndex) return;
  // A later term came in the same turn, and may have taken away what was durable.
  if (term < raft.currentTerm) return;
  const state = `${matchIndex} is acknowledged, ${raft.durableIndex} is durable`;
  violate('effect-order', state);
}
