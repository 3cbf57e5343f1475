/**
 * A status as bytes: the body of a message on the FORMATION channel. Little-endian:
 *   0 u32 nonce · 4 u32 echo · 8 u8 is empty · 9 u8 is seeking · 10 u16 id count · 12 u16 ids, padded to 8
 */
import { align8, getU16, getU32, putU16, putU32 } from '../../base/bytes.ts';
import type { NodeId } from '../../base/units.ts';
import type { Status } from './state.ts';

export const STATUS_TYPE = 1;
export const IDS_MAX = 64;

export function encodeStatus(status: Status): Uint8Array {
  const bytes = new Uint8Array(align8(12 + status.ids.length * 2));
  putU32(bytes, 0, status.nonce);
  putU32(bytes, 4, status.echo);
  bytes[8] = Number(status.isEmpty);
  bytes[9] = Number(status.isSeeking);
  putU16(bytes, 10, status.ids.length);
  for (let n = 0; n < status.ids.length; n++) putU16(bytes, 12 + n * 2, status.ids[n]!);
  return bytes;
}

/** Null: malformed. Ids must be rising, so that equal lists have equal bytes. */
export function decodeStatus(bytes: Uint8Array): Status | null {
  if (bytes.length < 16) return null;
  const count = getU16(bytes, 10);
  if (count === 0 || count > IDS_MAX || align8(12 + count * 2) !== bytes.length) return null;
  const ids: NodeId[] = [];
  for (let n = 0; n < count; n++) ids.push(getU16(bytes, 12 + n * 2) as NodeId);
  const isRising = ids.every((id, n) => id > (ids[n - 1] ?? 0));
  if (!isRising || bytes[8]! > 1 || bytes[9]! > 1) return null;
  return {
    nonce: getU32(bytes, 0),
    echo: getU32(bytes, 4),
    isEmpty: bytes[8] === 1,
    isSeeking: bytes[9] === 1,
    ids,
  };
}
