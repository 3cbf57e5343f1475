/**
 * What leaves for other nodes: one frame per peer and turn, all groups and channels together.
 *
 * A frame is begun with its first message and sent when it is full or the turn ends. Messages of
 * one turn to one peer keep their order.
 */

import { fromHex } from '../base/bytes.ts';
import { clearList } from '../base/lists.ts';
import type { ClusterId, GroupId, NodeId, StoreId } from '../base/units.ts';
import {
  CHANNEL,
  type MessageHead,
  type PeerAddress,
  PeerFrameWriter,
} from '../core/protocol/peer-frame.ts';
import { encodeMessage, MESSAGE_TYPE } from '../core/raft/codec.ts';
import type { Message } from '../core/raft/message.ts';
import type { Member } from '../core/types.ts';
import type { NetPort } from '../ports/net.ts';

const NOBODY_YET = new Uint8Array(16);
/** The target's store where the sender does not know it: only formation messages may say so. */
export const ANY_STORE = '' as StoreId;

interface Outgoing {
  readonly to: NodeId;
  readonly store: StoreId;
  readonly address: PeerAddress;
  readonly writer: PeerFrameWriter;
  isOpen: boolean;
}

export class Peers {
  readonly #net: NetPort;
  readonly #self: Member;
  #cluster: Uint8Array = NOBODY_YET;
  /** One per target member, a handful: a replaced store is another addressee. */
  readonly #outgoing: Outgoing[] = [];
  framesSent = 0;
  messagesSent = 0;

  constructor(net: NetPort, self: Member) {
    this.#net = net;
    this.#self = self;
  }

  /** From now on frames name this cluster. */
  joinCluster(cluster: ClusterId): void {
    this.flush();
    this.#cluster = fromHex(cluster);
    clearList(this.#outgoing);
  }

  sendRaft(group: GroupId, message: Message): void {
    const head = { channel: CHANNEL.RAFT, type: MESSAGE_TYPE[message.type], group };
    this.send(message.to, head, encodeMessage(message));
  }

  send(to: Member, head: MessageHead, parts: readonly Uint8Array[]): void {
    const outgoing = this.#find(to);
    let bytes = 0;
    for (const part of parts) bytes += part.length;
    if (outgoing.isOpen && outgoing.writer.wouldExceed(bytes)) this.#finish(outgoing);
    if (!outgoing.isOpen) {
      outgoing.writer.begin(outgoing.address);
      outgoing.isOpen = true;
    }
    outgoing.writer.addMessage(head, parts);
    this.messagesSent++;
  }

  flush(): void {
    for (const outgoing of this.#outgoing) if (outgoing.isOpen) this.#finish(outgoing);
  }

  #finish(outgoing: Outgoing): void {
    outgoing.isOpen = false;
    this.framesSent++;
    this.#net.sendPeer(outgoing.to, outgoing.writer.finish());
  }

  #find(to: Member): Outgoing {
    for (const known of this.#outgoing) {
      if (known.to === to.id && known.store === to.store) return known;
    }
    const address = {
      from: this.#self.id,
      to: to.id,
      cluster: this.#cluster,
      fromStore: fromHex(this.#self.store),
      toStore: to.store === ANY_STORE ? NOBODY_YET : fromHex(to.store),
    };
    const writer = new PeerFrameWriter();
    const outgoing = { to: to.id, store: to.store, address, writer, isOpen: false };
    this.#outgoing.push(outgoing);
    return outgoing;
  }
}
