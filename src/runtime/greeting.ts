/**
 * Who is calling: the first bytes of an accepted connection tell a peer from a client.
 *
 * A peer's first frame is a HELLO of role PEER (core/protocol/hello.ts). Everything else, a peer's
 * HELLO that no version of ours can answer included, is a client's, and the node answers it.
 */
import { getU32BE } from '../base/bytes.ts';
import type { NodeId } from '../base/units.ts';
import { writeHello } from '../core/protocol/client.ts';
import { FrameWriter } from '../core/protocol/frame-writer.ts';
import { readHello } from '../core/protocol/hello.ts';
import { PEER_VERSION } from '../core/protocol/peer-frame.ts';
import {
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  HELLO_BYTES_MAX,
  REQUEST,
  ROLE,
} from '../core/protocol/wire.ts';

export type Greeting =
  /** Too little has come to tell. */
  | { readonly kind: 'more' }
  | { readonly kind: 'client' }
  /** Frames follow after `bytes` bytes. */
  | { readonly kind: 'peer'; readonly node: NodeId; readonly bytes: number };

const MORE: Greeting = { kind: 'more' };
const CLIENT: Greeting = { kind: 'client' };

/** More than this is never looked at, so no more is ever kept. */
export const GREETING_BYTES_MAX = FRAME_HEADER_BYTES + HELLO_BYTES_MAX;

export function readGreeting(bytes: Uint8Array): Greeting {
  if (!mayBeHello(bytes)) return CLIENT;
  if (bytes.length <= FRAME_HEADER_BYTES) return MORE;
  const payloadBytes = getU32BE(bytes, 8);
  if (payloadBytes > HELLO_BYTES_MAX || bytes[FRAME_HEADER_BYTES] !== ROLE.PEER) return CLIENT;
  const size = FRAME_HEADER_BYTES + payloadBytes;
  if (bytes.length < size) return MORE;
  const hello = readHello(bytes, FRAME_HEADER_BYTES, payloadBytes);
  if (typeof hello === 'string' || hello.role !== ROLE.PEER) return CLIENT;
  return { kind: 'peer', node: hello.node as NodeId, bytes: size };
}

/** Whether what has come of the header is that of a HELLO with a payload. */
function mayBeHello(bytes: Uint8Array): boolean {
  const known = Math.min(4, bytes.length);
  for (let at = 0; at < known; at++) {
    if (bytes[at] !== ((FRAME_MAGIC >>> (24 - at * 8)) & 0xff)) return false;
  }
  if (bytes.length > 4 && bytes[4] !== REQUEST.HELLO) return false;
  return bytes.length < FRAME_HEADER_BYTES || getU32BE(bytes, 8) > 0;
}

/** What a dialling node says first. Its frames name cluster and store themselves. */
export function peerGreeting(self: NodeId): Uint8Array {
  const writer = new FrameWriter(self);
  writeHello(writer, 0, {
    role: ROLE.PEER,
    versionMin: PEER_VERSION,
    versionMax: PEER_VERSION,
    features: 0,
    node: self,
    cluster: new Uint8Array(16),
    store: new Uint8Array(16),
  });
  return writer.take();
}
