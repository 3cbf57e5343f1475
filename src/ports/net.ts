/**
 * The net port.
 *
 * Clients are byte streams. Peers are frames: each is handed over whole or not at all, and may be
 * lost, repeated or overtaken; Raft and SWIM need no more (TCP gives more, the simulator less).
 * A frame names its sender, its store and its cluster itself (core/protocol, peer frames).
 *
 * Types only.
 */
import type { NodeId } from '../base/units.ts';

/** A client connection's number: never reused within a run of the node. */
export type ConnectionId = number;

export interface NetPort {
  /** Best effort, bounded: when the link's queue is full the frame is dropped and counted. */
  sendPeer(target: NodeId, frame: Uint8Array): void;
  /** A SWIM datagram to a node's gossip port. */
  sendGossip(target: NodeId, datagram: Uint8Array): void;
  /**
   * Whether bytes given to `send` are read until they have left, and so are frozen until then; else
   * `send` has copied them.
   */
  readonly keepsBytes: boolean;
  /** Appends to the connection's outgoing stream. */
  send(connection: ConnectionId, bytes: Uint8Array): void;
  /** Bytes accepted by `send` that the peer has not taken yet. */
  unsentBytes(connection: ConnectionId): number;
  /** Stops or resumes reading from the connection: back-pressure to the sender. */
  pause(connection: ConnectionId): void;
  resume(connection: ConnectionId): void;
  /** Sends what is queued, then closes. With `reset`, drops what is queued and closes at once. */
  close(connection: ConnectionId, reset: boolean): void;
}

export type NetEvent =
  | { readonly kind: 'connected'; readonly connection: ConnectionId; readonly address: string }
  /** The bytes are the port's: good until the turn that they came in for is over. */
  | { readonly kind: 'received'; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  /** The connection is gone; nothing more comes, nothing more can be sent. */
  | { readonly kind: 'closed'; readonly connection: ConnectionId }
  /** What was unsent has been taken. */
  | { readonly kind: 'drained'; readonly connection: ConnectionId }
  | { readonly kind: 'peer-frame'; readonly bytes: Uint8Array }
  /** The link to a peer came up or went down; a link may flap without any frame lost. */
  | { readonly kind: 'peer-link'; readonly peer: NodeId; readonly up: boolean }
  | { readonly kind: 'gossip'; readonly bytes: Uint8Array };
