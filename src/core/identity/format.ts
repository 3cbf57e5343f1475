/**
 * The file `identity` as bytes: one sector, replaced as a whole. See docs/formats/wal.md.
 *
 *   0  8 bytes "APEXNODE"
 *   8  u32 format version (1)
 *  12  u32 node id
 *  16  16 bytes store id
 *  32  16 bytes cluster id; zeros: none yet
 *  48  zeros
 * 508  u32 CRC32C of bytes 0…507: at the same place in every version
 */
import { fromHex, getU32, putU32, toHex } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { ClusterId, NodeId, StoreId } from '../../base/units.ts';
import type { Identity } from './state.ts';

export const IDENTITY_VERSION = 1;
export const IDENTITY_BYTES = 512;
const CRC_AT = 508;
const MAGIC = [0x41, 0x50, 0x45, 0x58, 0x4e, 0x4f, 0x44, 0x45];
const NO_CLUSTER = '0'.repeat(32);

export function encodeIdentity(identity: Identity): Uint8Array {
  const bytes = new Uint8Array(IDENTITY_BYTES);
  bytes.set(MAGIC);
  putU32(bytes, 8, IDENTITY_VERSION);
  putU32(bytes, 12, identity.nodeId);
  bytes.set(fromHex(identity.storeId), 16);
  bytes.set(fromHex(identity.clusterId ?? NO_CLUSTER), 32);
  putU32(bytes, CRC_AT, crc32c(bytes, 0, CRC_AT));
  return bytes;
}

export type IdentityReading =
  | { readonly kind: 'identity'; readonly identity: Identity }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'newer'; readonly version: number };

export function decodeIdentity(bytes: Uint8Array): IdentityReading {
  if (bytes.length !== IDENTITY_BYTES) return { kind: 'damaged' };
  for (let at = 0; at < MAGIC.length; at++) if (bytes[at] !== MAGIC[at]) return { kind: 'damaged' };
  if (getU32(bytes, CRC_AT) !== crc32c(bytes, 0, CRC_AT)) return { kind: 'damaged' };
  const version = getU32(bytes, 8);
  if (version > IDENTITY_VERSION) return { kind: 'newer', version };
  const clusterId = toHex(bytes.subarray(32, 48));
  const identity = {
    nodeId: getU32(bytes, 12) as NodeId,
    storeId: toHex(bytes.subarray(16, 32)) as StoreId,
    clusterId: clusterId === NO_CLUSTER ? null : (clusterId as ClusterId),
  };
  return { kind: 'identity', identity };
}
