/**
 * HELLO: what a connection is, which versions its owner speaks, what it wishes. Big-endian:
 *
 *   0 u8 role · 1 u8 lowest version · 2 u8 highest version · 3 u8 zero · 4 u32 wished features
 *   8 role CLIENT: str(name)
 *     role PEER:   u16 node · u16 zero · 16 bytes cluster (zeros: none yet) · 16 bytes store
 *
 * A client speaks versions of the wire, a peer versions of the peer frame. A server that knows no
 * version of the range refuses; features that it does not know it does not grant.
 */
import { getU16BE, getU32BE, putU16BE, putU32BE } from '../../base/bytes.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { PEER_VERSION } from './peer-frame.ts';
import type { ProtocolState } from './state.ts';
import { FEATURE, FEATURES_KNOWN, FLAG, ROLE, WIRE_VERSION } from './wire.ts';

const FIXED_BYTES = 8;
const PEER_BYTES = FIXED_BYTES + 36;

export type Hello =
  | {
      readonly role: typeof ROLE.CLIENT;
      readonly versionMin: number;
      readonly versionMax: number;
      readonly features: number;
      readonly name: Uint8Array;
    }
  | {
      readonly role: typeof ROLE.PEER;
      readonly versionMin: number;
      readonly versionMax: number;
      readonly features: number;
      readonly node: number;
      readonly cluster: Uint8Array;
      readonly store: Uint8Array;
    };

/** The HELLO in `bytes` bytes at `at`, or why it is refused. Once a connection: it may allocate. */
export function readHello(source: Uint8Array, at: number, bytes: number): Hello | ErrorCode {
  const payload = source.slice(at, at + bytes);
  if (bytes < FIXED_BYTES || payload[3] !== 0) return 'MALFORMED';
  const hello = readRole(payload);
  if (hello === null) return 'MALFORMED';
  const version = hello.role === ROLE.PEER ? PEER_VERSION : WIRE_VERSION;
  const speaks = hello.versionMin <= version && version <= hello.versionMax;
  return speaks ? hello : 'WRONG_VERSION';
}

function readRole(payload: Uint8Array): Hello | null {
  const versionMin = payload[1]!;
  const versionMax = payload[2]!;
  const features = getU32BE(payload, 4);
  const common = { versionMin, versionMax, features };
  if (payload[0] === ROLE.CLIENT) {
    if (payload.length < FIXED_BYTES + 4) return null;
    if (getU32BE(payload, FIXED_BYTES) !== payload.length - FIXED_BYTES - 4) return null;
    return { role: ROLE.CLIENT, ...common, name: payload.subarray(FIXED_BYTES + 4) };
  }
  if (payload[0] !== ROLE.PEER || payload.length !== PEER_BYTES) return null;
  return {
    role: ROLE.PEER,
    ...common,
    node: getU16BE(payload, 8),
    cluster: payload.subarray(12, 28),
    store: payload.subarray(28, 44),
  };
}

export function encodeHello(hello: Hello): Uint8Array {
  const bytes = hello.role === ROLE.PEER ? PEER_BYTES : FIXED_BYTES + 4 + hello.name.length;
  const payload = new Uint8Array(bytes);
  payload[0] = hello.role;
  payload[1] = hello.versionMin;
  payload[2] = hello.versionMax;
  putU32BE(payload, 4, hello.features);
  if (hello.role === ROLE.PEER) {
    putU16BE(payload, 8, hello.node);
    payload.set(hello.cluster, 12);
    payload.set(hello.store, 28);
  } else {
    putU32BE(payload, 8, hello.name.length);
    payload.set(hello.name, 12);
  }
  return payload;
}

/** From the next frame on, the wishes count as if each request carried them. */
export function grantFeatures(state: ProtocolState, wished: number): void {
  state.features = wished & FEATURES_KNOWN;
  state.flags =
    ((wished & FEATURE.REDIRECT) !== 0 ? FLAG.REDIRECT : 0) |
    ((wished & FEATURE.TYPED) !== 0 ? FLAG.TYPED : 0);
}
