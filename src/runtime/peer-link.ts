/**
 * The link over which we send frames to one other node. Dialled for as long as we run.
 *
 *   waiting ──dial──► dialling ──connected──► up ──lost, or recycled──► waiting (back-off, jitter)
 *
 * 1. Best effort: while the link is not up, or when its queue is full, a frame is dropped and
 *    counted. Raft repeats what matters; an old frame that waited is worth less than a new one.
 * 2. A partition does not break a TCP connection, it only slows its repetitions down, to minutes.
 *    So a link over which we send while nothing comes from that node is dialled anew.
 * 3. A name is resolved at each dial: a node may have moved.
 *
 * What carries the bytes is a `LinkSocket`, of Node (dial.ts) or of the native helper.
 */
import { PEER_FRAME_BYTES_MAX } from '../core/protocol/peer-frame.ts';
import type { PeerEndpoint } from './endpoints.ts';

/** Two frames of the largest size. */
const QUEUE_BYTES_MAX = 2 * PEER_FRAME_BYTES_MAX;
const DIAL_WITHIN_MS = 3000;
const SILENCE_MS_MAX = 4000;
const BACKOFF_MS_MIN = 50;
const BACKOFF_MS_MAX = 1000;

/** One attempt to reach the other node, and the connection if it succeeds. */
export interface LinkSocket {
  /** Bytes written that have not left yet. */
  readonly unsentBytes: number;
  write(bytes: Uint8Array): void;
  /** Sends what is queued, then ends. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
}

/** What becomes of an attempt; never told before `dial` has returned. */
export interface LinkNews {
  /** `address`: where it leads, without the port. */
  readonly connected: (address: string | null) => void;
  /** Comes once, last, whether it was connected or not. */
  readonly closed: () => void;
}

export type DialLink = (endpoint: PeerEndpoint, news: LinkNews) => LinkSocket;

export interface PeerLinkOptions {
  readonly endpoint: PeerEndpoint;
  /** What is said first on every connection. */
  readonly greeting: Uint8Array;
  readonly dial: DialLink;
  readonly changed: (up: boolean) => void;
}

export class PeerLink {
  readonly endpoint: PeerEndpoint;
  readonly #options: PeerLinkOptions;
  #socket: LinkSocket | null = null;
  #patience: NodeJS.Timeout | null = null;
  #redial: NodeJS.Timeout | null = null;
  #failures = 0;
  #isClosed = false;
  /** The first send that nothing has come from the node since; null: none. */
  #unansweredSince: number | null = null;
  isUp = false;
  framesSent = 0;
  framesDropped = 0;
  /** Where the last connection led; null before the first. */
  remoteAddress: string | null = null;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.endpoint = options.endpoint;
  }

  dial(): void {
    if (this.#isClosed) return;
    const socket = this.#options.dial(this.endpoint, {
      connected: (address) => this.#connected(socket, address),
      closed: () => this.#lost(),
    });
    this.#socket = socket;
    this.#patience = setTimeout(() => socket.destroy(), DIAL_WITHIN_MS);
  }

  send(frame: Uint8Array, now: number): void {
    const socket = this.#socket;
    if (socket === null || !this.isUp || socket.unsentBytes + frame.length > QUEUE_BYTES_MAX) {
      this.framesDropped++;
      return;
    }
    this.framesSent++;
    this.#unansweredSince ??= now;
    socket.write(frame);
  }

  heard(): void {
    this.#unansweredSince = null;
  }

  /** Called now and then: rule 2. */
  recycleIfSilent(now: number): void {
    if (this.#unansweredSince === null || now - this.#unansweredSince < SILENCE_MS_MAX) return;
    this.#unansweredSince = null;
    this.#socket?.destroy();
  }

  /** Sends what is queued, then ends; at once with `reset`. */
  close(reset: boolean): void {
    this.#isClosed = true;
    if (this.#redial !== null) clearTimeout(this.#redial);
    if (reset || !this.isUp) this.#socket?.destroy();
    else this.#socket?.end();
  }

  #connected(socket: LinkSocket, address: string | null): void {
    this.#endPatience();
    socket.write(this.#options.greeting);
    this.remoteAddress = address;
    this.#failures = 0;
    this.isUp = true;
    this.#options.changed(true);
  }

  #endPatience(): void {
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = null;
  }

  #lost(): void {
    this.#endPatience();
    this.#socket = null;
    this.#unansweredSince = null;
    if (this.isUp) this.#options.changed(false);
    this.isUp = false;
    if (this.#isClosed) return;
    this.#redial = setTimeout(() => this.dial(), backoffMs(this.#failures++));
  }
}

/** Doubles up to the bound; between half of it and all of it, so that nodes do not dial in step. */
function backoffMs(failures: number): number {
  const span = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures, 16));
  return span * (0.5 + Math.random() / 2);
}
