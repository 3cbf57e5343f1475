/**
 * What the protocol machine knows of one connection, and what may happen to it.
 *
 *   unknown ──first byte 0xA9──► frames ──HELLO of role peer──► peer
 *      │                           │                             │
 *      └──any other byte──► closed ◄──broken header──────────────┘
 *
 * A connection never goes back, and `closed` ignores whatever still comes.
 */
import type { Gather } from './gather.ts';
import { newGather } from './gather.ts';

export interface ProtocolConfig {
  /** The connection's number, as the net port calls it; rows of the outbox carry it. */
  readonly connection: number;
  /** `unknown` for a connection that was accepted; `peer` for one that this node dialled. */
  readonly mode: 'unknown' | 'peer';
}

export type Mode = 'unknown' | 'frames' | 'peer' | 'closed';

export interface ProtocolState {
  readonly connection: number;
  mode: Mode;
  /** Whether a client frame has been consumed; HELLO is welcome only before. */
  greeted: boolean;
  /** FEATURE bits granted by HELLO. */
  features: number;
  /** FLAG bits that those features add to each request. */
  flags: number;
  /** Bytes of a refused payload that have not come yet. */
  skipBytes: number;
  readonly tail: Gather;
}

/** Bytes of the connection's incoming stream, cut anywhere. */
export interface ProtocolEvent {
  readonly kind: 'received';
  readonly bytes: Uint8Array;
}

export function initProtocol(config: ProtocolConfig): ProtocolState {
  return {
    connection: config.connection,
    mode: config.mode,
    greeted: false,
    features: 0,
    flags: 0,
    skipBytes: 0,
    tail: newGather(),
  };
}
