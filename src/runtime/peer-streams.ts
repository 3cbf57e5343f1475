/**
 * Frames that come in from other nodes: each connection's bytes, cut where the frames say.
 *
 * 1. A frame is handed over whole. Nothing of it is judged here but its length; it names its sender,
 *    store and cluster itself, and its CRCs are checked by whoever reads it.
 * 2. A length that cannot be ends the connection: nothing after it can be told from noise.
 * 3. Incoming connections are only read; what we send goes over links of our own (peer-links.ts).
 *    So neither side has to agree on who dials, and a half-open connection harms one direction only.
 * 4. Of one node at most `STREAMS_PER_NODE_MAX` connections are kept, the newest: a node that comes
 *    back may leave a dead one behind until keep-alive finds out.
 */
import type { NodeId } from '../base/units.ts';
import {
  emptyGather,
  type Gather,
  gatherUpTo,
  newGather,
  takeGathered,
} from '../core/protocol/gather.ts';
import { PEER_HEADER_BYTES, peerFrameBytes } from '../core/protocol/peer-frame.ts';

const STREAMS_PER_NODE_MAX = 4;

/** Cuts one connection's bytes into frames. */
export class FrameCutter {
  readonly #tail: Gather = newGather();
  readonly #take: (frame: Uint8Array) => void;

  constructor(take: (frame: Uint8Array) => void) {
    this.#take = take;
  }

  /** False: the bytes are not frames, and nothing more can be made of the connection. */
  push(bytes: Uint8Array): boolean {
    let at = 0;
    while (at < bytes.length) {
      const next = this.#tail.used > 0 ? this.#takeUp(bytes, at) : this.#takeHere(bytes, at);
      if (next < 0) return false;
      at = next;
    }
    return true;
  }

  /** No frame is open: takes the next where it lies, or begins to gather it. */
  #takeHere(bytes: Uint8Array, at: number): number {
    const left = bytes.length - at;
    if (left < PEER_HEADER_BYTES) return gatherUpTo(this.#tail, left, bytes, at);
    const total = peerFrameBytes(bytes, at);
    if (total === 0) return -1;
    if (left < total) return gatherUpTo(this.#tail, total, bytes, at);
    this.#take(bytes.subarray(at, at + total));
    return at + total;
  }

  /** A frame is open: first its header is completed, then the whole of it. */
  #takeUp(bytes: Uint8Array, at: number): number {
    const tail = this.#tail;
    if (tail.used < PEER_HEADER_BYTES) return gatherUpTo(tail, PEER_HEADER_BYTES, bytes, at);
    const total = peerFrameBytes(tail.bytes, 0);
    if (total === 0) {
      emptyGather(tail);
      return -1;
    }
    const next = gatherUpTo(tail, total, bytes, at);
    if (tail.used === total) this.#take(takeGathered(tail));
    return next;
  }
}

/** A connection over which a node sends us frames. */
export interface PeerStream {
  readonly push: (bytes: Uint8Array) => void;
  /** The connection is gone. */
  readonly closed: () => void;
}

export interface PeerStreamsOptions {
  readonly deliver: (frame: Uint8Array) => void;
  /** Something came from `node`: it is there, and it reaches us. */
  readonly heard: (node: NodeId) => void;
  readonly reportNoise: (node: NodeId) => void;
}

export class PeerStreams {
  readonly #options: PeerStreamsOptions;
  /** How to end each connection of a node, oldest first. */
  readonly #ends = new Map<NodeId, (() => void)[]>();

  constructor(options: PeerStreamsOptions) {
    this.#options = options;
  }

  /** From now on a connection, which `end` ends, carries frames of `node`. */
  adopt(end: () => void, node: NodeId): PeerStream {
    const { deliver, heard, reportNoise } = this.#options;
    this.#keep(end, node);
    heard(node);
    const cutter = new FrameCutter(deliver);
    let isNoise = false;
    const push = (bytes: Uint8Array): void => {
      heard(node);
      if (isNoise || cutter.push(bytes)) return;
      isNoise = true;
      reportNoise(node);
      end();
    };
    return { push, closed: () => this.#forget(end, node) };
  }

  #keep(end: () => void, node: NodeId): void {
    const ends = this.#ends.get(node) ?? [];
    this.#ends.set(node, ends);
    ends.push(end);
    if (ends.length > STREAMS_PER_NODE_MAX) ends[0]!();
  }

  #forget(end: () => void, node: NodeId): void {
    const left = (this.#ends.get(node) ?? []).filter((other) => other !== end);
    if (left.length > 0) this.#ends.set(node, left);
    else this.#ends.delete(node);
  }
}
