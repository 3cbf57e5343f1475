/** Where other nodes listen, and turning a socket's chunks into the core's plain bytes. */
import type { NodeId } from '../base/units.ts';

export interface PeerEndpoint {
  readonly id: NodeId;
  /** A name is resolved anew at each dial. */
  readonly host: string;
  /** Peers' TCP. */
  readonly port: number;
  readonly gossipPort: number;
}

/**
 * A Buffer's `slice` shares memory where a Uint8Array's copies; the core relies on the latter.
 * A view over the same bytes, no copy.
 */
export function plainBytes(chunk: Buffer): Uint8Array {
  return new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset, chunk.length);
}
