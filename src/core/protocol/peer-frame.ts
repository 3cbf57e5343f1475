/**
 * Frames between nodes: many messages of many groups, from one node to one other.
 * docs/formats/peer-frame.md has the picture.
 *
 *   0  u32 magic                      24  16 bytes cluster id
 *   4  u8  version (1)                40  16 bytes store of the sender
 *   5  u8  kind (1: messages)         56  16 bytes store of the receiver, zeros if not known
 *   6  u16 zero                       72  u32 CRC32C of bytes 0…71
 *   8  u32 bytes of the whole frame   76  u32 CRC32C of bytes 80…
 *  12  u32 message count              80  messages, back to back
 *  16  u16 from node
 *  18  u16 to node                    a message:
 *  20  u32 zero                         0 u32 size, this head included, a multiple of 8
 *                                       4 u8 channel · 5 u8 type · 6 u16 zero
 *                                       8 u32 group · 12 u32 zero · 16 body, zero-padded to 8
 *
 * 1. Little-endian, everything 8-byte aligned from the frame's start.
 * 2. Every frame names its sender, its store and its cluster: a frame is judged by itself,
 *    whatever connection or simulated link it came by.
 * 3. The count has 32 bits: a frame full of the smallest messages is still counted right.
 * 4. Bodies are self-delimiting or multiples of 8 bytes long; padding is not told from body.
 *
 * It knows no message body, and does not split: who fills a frame asks `wouldExceed` first.
 */
import { assert } from '../../base/assert.ts';
import { align8, getU16, getU32, putU16, putU32 } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { ID_BYTES, IdTexts } from '../../base/id-texts.ts';
import { ENTRY_BODY_BYTES_MAX } from '../types.ts';
import { Arena } from './arena.ts';

/** On the wire: a9 50 45 52. Shares the client frames' first byte, nothing after it. */
export const PEER_MAGIC = 0x5245_50a9;
export const PEER_VERSION = 1;
export const PEER_KIND = { MESSAGES: 1 } as const;
export const PEER_HEADER_BYTES = 80;
export const MESSAGE_HEAD_BYTES = 16;
/** One largest entry with what a message says about it. */
export const PEER_FRAME_BYTES_MAX = ENTRY_BODY_BYTES_MAX + 64 * 1024;

export const CHANNEL = {
  RAFT: 1,
  SNAPSHOT: 2,
  FORWARD: 3,
  FORMATION: 4,
  HASH: 5,
  REPAIR: 6,
} as const;

const CLUSTER_AT = 24;
const FROM_STORE_AT = 40;
const TO_STORE_AT = 56;

/** Who sends to whom. The ids are 16 bytes each; zeros where not known. Prepared once per peer. */
export interface PeerAddress {
  readonly from: number;
  readonly to: number;
  readonly cluster: Uint8Array;
  readonly fromStore: Uint8Array;
  readonly toStore: Uint8Array;
}

export interface MessageHead {
  readonly channel: number;
  readonly type: number;
  readonly group: number;
}

export class PeerFrameWriter {
  readonly #arena = new Arena();
  #count = 0;

  /** Whether a message with `bodyBytes` of body has no room left in the frame begun. */
  wouldExceed(bodyBytes: number): boolean {
    const size = align8(MESSAGE_HEAD_BYTES + bodyBytes);
    return this.#arena.pendingBytes + size > PEER_FRAME_BYTES_MAX;
  }

  get count(): number {
    return this.#count;
  }

  /** Begins a frame. The one before must have been finished. */
  begin(address: PeerAddress): void {
    assert(this.#arena.pendingBytes === 0, 'internal', 'a peer frame is open');
    this.#count = 0;
    const at = this.#arena.reserve(PEER_HEADER_BYTES);
    const { bytes } = this.#arena;
    bytes.fill(0, at, at + PEER_HEADER_BYTES);
    putU32(bytes, at, PEER_MAGIC);
    bytes[at + 4] = PEER_VERSION;
    bytes[at + 5] = PEER_KIND.MESSAGES;
    putU16(bytes, at + 16, address.from);
    putU16(bytes, at + 18, address.to);
    putId(bytes, at + CLUSTER_AT, address.cluster);
    putId(bytes, at + FROM_STORE_AT, address.fromStore);
    putId(bytes, at + TO_STORE_AT, address.toStore);
  }

  /** Appends a message whose body is `parts` back to back. */
  addMessage(head: MessageHead, parts: readonly Uint8Array[]): void {
    let bodyBytes = 0;
    for (const part of parts) bodyBytes += part.length;
    assert(this.#arena.pendingBytes > 0, 'internal', 'no peer frame is open');
    assert(!this.wouldExceed(bodyBytes), 'queue-bound', 'a peer frame is full');
    const size = align8(MESSAGE_HEAD_BYTES + bodyBytes);
    const at = this.#arena.reserve(size);
    const { bytes } = this.#arena;
    putU32(bytes, at, size);
    bytes[at + 4] = head.channel;
    bytes[at + 5] = head.type;
    putU16(bytes, at + 6, 0);
    putU32(bytes, at + 8, head.group);
    putU32(bytes, at + 12, 0);
    let cursor = at + MESSAGE_HEAD_BYTES;
    for (const part of parts) {
      bytes.set(part, cursor);
      cursor += part.length;
    }
    bytes.fill(0, cursor, at + size);
    this.#count++;
  }

  /** The whole frame, frozen from now on. */
  finish(): Uint8Array {
    assert(this.#arena.pendingBytes > 0, 'internal', 'no peer frame is open');
    const frame = this.#arena.take();
    putU32(frame, 8, frame.length);
    putU32(frame, 12, this.#count);
    putU32(frame, 72, crc32c(frame, 0, 72));
    putU32(frame, 76, crc32c(frame, PEER_HEADER_BYTES, frame.length));
    return frame;
  }
}

function putId(bytes: Uint8Array, at: number, id: Uint8Array): void {
  assert(id.length === ID_BYTES, 'internal', 'an id has 16 bytes');
  bytes.set(id, at);
}

/** A frame being read, and its current message. Reused; holds offsets into `bytes`. */
export interface PeerFrameView {
  readonly ids: IdTexts;
  bytes: Uint8Array;
  count: number;
  from: number;
  to: number;
  /** The current message; set by `nextMessage`. The body includes its padding. */
  channel: number;
  type: number;
  group: number;
  bodyAt: number;
  bodyBytes: number;
  /** Where the next message begins. */
  cursor: number;
}

/** How many messages a frame says that it has; the frame must be a whole one. */
export const peerFrameCount = (frame: Uint8Array): number => getU32(frame, 12);

export function newPeerFrameView(): PeerFrameView {
  return {
    ids: new IdTexts(),
    bytes: new Uint8Array(0),
    count: 0,
    from: 0,
    to: 0,
    channel: 0,
    type: 0,
    group: 0,
    bodyAt: 0,
    bodyBytes: 0,
    cursor: 0,
  };
}

/**
 * How long the frame at `at` says it is, or 0 when this is no peer frame. 16 bytes must be there.
 * All that delimiting needs; the length is not yet proved by the CRC, only bounded.
 */
export function peerFrameBytes(bytes: Uint8Array, at: number): number {
  const total = getU32(bytes, at + 8);
  const possible =
    getU32(bytes, at) === PEER_MAGIC &&
    total % 8 === 0 &&
    total >= PEER_HEADER_BYTES &&
    total <= PEER_FRAME_BYTES_MAX;
  return possible ? total : 0;
}

/**
 * Verifies `bytes`, exactly one frame, and points `view` before its first message. Null: right.
 * BAD_FRAME: not a frame, or damaged on the way. WRONG_VERSION: whole, but from another time.
 */
export function readPeerFrame(view: PeerFrameView, bytes: Uint8Array): ErrorCode | null {
  if (bytes.length < PEER_HEADER_BYTES) return 'BAD_FRAME';
  if (peerFrameBytes(bytes, 0) !== bytes.length) return 'BAD_FRAME';
  if (getU32(bytes, 72) !== crc32c(bytes, 0, 72)) return 'BAD_FRAME';
  if (bytes[4] !== PEER_VERSION || bytes[5] !== PEER_KIND.MESSAGES) return 'WRONG_VERSION';
  if (getU32(bytes, 76) !== crc32c(bytes, PEER_HEADER_BYTES, bytes.length)) return 'BAD_FRAME';
  view.bytes = bytes;
  view.count = getU32(bytes, 12);
  view.from = getU16(bytes, 16);
  view.to = getU16(bytes, 18);
  view.cursor = PEER_HEADER_BYTES;
  return countMessages(bytes) === view.count ? null : 'BAD_FRAME';
}

/** -1 when the sizes do not add up to the frame. */
function countMessages(bytes: Uint8Array): number {
  let count = 0;
  let at = PEER_HEADER_BYTES;
  while (at < bytes.length) {
    // The frame's length is a multiple of 8 and so is every size: 8 bytes may be left, too few.
    if (bytes.length - at < MESSAGE_HEAD_BYTES) return -1;
    const size = getU32(bytes, at);
    if (size < MESSAGE_HEAD_BYTES || size % 8 !== 0 || size > bytes.length - at) return -1;
    at += size;
    count++;
  }
  return count;
}

/** Steps to the next message of a frame that `readPeerFrame` found right. False: there is none. */
export function nextMessage(view: PeerFrameView): boolean {
  const { bytes, cursor } = view;
  if (cursor >= bytes.length) return false;
  const size = getU32(bytes, cursor);
  view.channel = bytes[cursor + 4]!;
  view.type = bytes[cursor + 5]!;
  view.group = getU32(bytes, cursor + 8);
  view.bodyAt = cursor + MESSAGE_HEAD_BYTES;
  view.bodyBytes = size - MESSAGE_HEAD_BYTES;
  view.cursor = cursor + size;
  return true;
}

/** Ids as hex texts; all zeros where the sender knew none. */
export const peerFrameCluster = (view: PeerFrameView): string => idAt(view, CLUSTER_AT);
export const peerFrameFromStore = (view: PeerFrameView): string => idAt(view, FROM_STORE_AT);
export const peerFrameToStore = (view: PeerFrameView): string => idAt(view, TO_STORE_AT);

const idAt = ({ ids, bytes }: PeerFrameView, at: number): string => ids.textOf(bytes, at);
