/**
 * What a node with damage and its peers say to each other: bodies of messages on the REPAIR
 * channel. Little-endian; docs/protocol/repair.md has the rules and worked bytes.
 *
 *   1 WANT      0 u32 count · 4 u32 zero · 8 rows of 24 bytes:
 *               u32 group · u32 CRC of the body · u64 index · u64 term
 *   2 ENTRY     an entry as in entry.ts
 *   3 PLEA      0 u32 nonce of this boot · 4 u32 zero
 *   4 LEAVE     0 u32 nonce of the plea · 4 u32 groups of the cluster; the message names the group
 *   5 SNAPSHOT  0 u64 least index that helps; the message names the group
 *   6 SHORT     0 u64 zero
 *
 * Decoding trusts nothing and answers null.
 */
import { getU32, getU64, isSafeU64, putU32, putU64 } from '../../base/bytes.ts';
import type { GroupId, LogIndex, Term } from '../../base/units.ts';
import type { MissingEntry } from '../types.ts';

export const REPAIR_TYPE = { WANT: 1, ENTRY: 2, PLEA: 3, LEAVE: 4, SNAPSHOT: 5, SHORT: 6 } as const;
/** Rows of one WANT. */
export const WANTED_MAX = 512;
const HEAD_BYTES = 8;
const ROW_BYTES = 24;

export function encodeWant(wanted: readonly MissingEntry[]): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + wanted.length * ROW_BYTES);
  putU32(bytes, 0, wanted.length);
  wanted.forEach(({ group, bodyCrc, index, term }, row) => {
    const at = HEAD_BYTES + row * ROW_BYTES;
    putU32(bytes, at, group);
    putU32(bytes, at + 4, bodyCrc);
    putU64(bytes, at + 8, index);
    putU64(bytes, at + 16, term);
  });
  return bytes;
}

export function decodeWant(bytes: Uint8Array): MissingEntry[] | null {
  if (bytes.length < HEAD_BYTES) return null;
  const count = getU32(bytes, 0);
  if (count > WANTED_MAX || bytes.length !== HEAD_BYTES + count * ROW_BYTES) return null;
  const wanted: MissingEntry[] = [];
  for (let at = HEAD_BYTES; at < bytes.length; at += ROW_BYTES) {
    if (!isSafeU64(bytes, at + 8) || !isSafeU64(bytes, at + 16)) return null;
    wanted.push({
      group: getU32(bytes, at) as GroupId,
      bodyCrc: getU32(bytes, at + 4),
      index: getU64(bytes, at + 8) as LogIndex,
      term: getU64(bytes, at + 16) as Term,
    });
  }
  return wanted;
}

/** A plea carries 0 as its second word. */
export interface Leave {
  readonly nonce: number;
  readonly groupCount: number;
}

export function encodeLeave({ nonce, groupCount }: Leave): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES);
  putU32(bytes, 0, nonce);
  putU32(bytes, 4, groupCount);
  return bytes;
}

export function decodeLeave(bytes: Uint8Array): Leave | null {
  if (bytes.length !== HEAD_BYTES) return null;
  return { nonce: getU32(bytes, 0), groupCount: getU32(bytes, 4) };
}

export function encodeIndex(index: LogIndex): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES);
  putU64(bytes, 0, index);
  return bytes;
}

export function decodeIndex(bytes: Uint8Array): LogIndex | null {
  return bytes.length === HEAD_BYTES && isSafeU64(bytes, 0) ? (getU64(bytes, 0) as LogIndex) : null;
}
