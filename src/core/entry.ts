/**
 * A log entry as bytes: one group's commands of one turn. docs/formats/entry.md has the picture.
 *
 *   0  u8  format version (1)
 *   1  u8  kind: COMMANDS, CONFIGURATION, FORMATION
 *   2  u16 zero
 *   4  u32 group
 *   8  u64 term
 *  16  u64 index
 *  24  u64 leader stamp: log time, in milliseconds
 *  32  u32 command count
 *  36  u32 body bytes, a multiple of 8
 *  40  u32 CRC32C of the body
 *  44  u32 CRC32C of bytes 0…43
 *  48  body: commands back to back (command.ts), or a configuration (members.ts), or a formation (settings.ts)
 *
 * The same bytes travel between peers and lie in the WAL. The leader makes both CRCs once;
 * they are checked on receipt, on recovery and on apply. An entry with no command is a no-op.
 */
import { getU32, getU64, isSafeU64, putU32, putU64 } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import type { GroupId, LogIndex, Term } from '../base/units.ts';
import { ENTRY_BODY_BYTES_MAX } from './types.ts';

export const ENTRY_VERSION = 1;
export const ENTRY_HEADER_BYTES = 48;
export const ENTRY_KIND = { COMMANDS: 0, CONFIGURATION: 1, FORMATION: 2 } as const;
export type EntryKind = (typeof ENTRY_KIND)[keyof typeof ENTRY_KIND];

export interface EntryHeader {
  readonly kind: EntryKind;
  readonly group: GroupId;
  readonly term: Term;
  readonly index: LogIndex;
  /** Log time of this entry. */
  readonly stamp: number;
  readonly count: number;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
  readonly headerCrc: number;
}

/** An entry around `body`, whose length must be a multiple of 8. Copies `body` once. */
export function encodeEntry(
  head: Pick<EntryHeader, 'kind' | 'group' | 'term' | 'index' | 'stamp' | 'count'>,
  body: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(ENTRY_HEADER_BYTES + body.length);
  bytes.set(body, ENTRY_HEADER_BYTES);
  sealEntry(bytes, head);
  return bytes;
}

/** Fills in the header of an entry whose body already stands at byte 48. */
export function sealEntry(
  bytes: Uint8Array,
  head: Pick<EntryHeader, 'kind' | 'group' | 'term' | 'index' | 'stamp' | 'count'>,
): void {
  bytes[0] = ENTRY_VERSION;
  bytes[1] = head.kind;
  bytes[2] = 0;
  bytes[3] = 0;
  putU32(bytes, 4, head.group);
  putU64(bytes, 8, head.term);
  putU64(bytes, 16, head.index);
  putU64(bytes, 24, head.stamp);
  putU32(bytes, 32, head.count);
  putU32(bytes, 36, bytes.length - ENTRY_HEADER_BYTES);
  putU32(bytes, 40, crc32c(bytes, ENTRY_HEADER_BYTES, bytes.length));
  putU32(bytes, 44, crc32c(bytes, 0, 44));
}

/**
 * The header at `at`, or null when the bytes are not a whole, known header with a right CRC.
 * Says nothing of the body: see `isEntryBodyIntact`.
 */
export function readEntryHeader(bytes: Uint8Array, at: number, end: number): EntryHeader | null {
  if (end - at < ENTRY_HEADER_BYTES) return null;
  if (getU32(bytes, at + 44) !== crc32c(bytes, at, at + 44)) return null;
  const kind = bytes[at + 1]!;
  const bodyBytes = getU32(bytes, at + 36);
  if (bytes[at] !== ENTRY_VERSION || kind > ENTRY_KIND.FORMATION) return null;
  if (bodyBytes % 8 !== 0 || bodyBytes > ENTRY_BODY_BYTES_MAX) return null;
  if (!isSafeU64(bytes, at + 8) || !isSafeU64(bytes, at + 16) || !isSafeU64(bytes, at + 24)) {
    return null;
  }
  return {
    kind: kind as EntryKind,
    group: getU32(bytes, at + 4) as GroupId,
    term: getU64(bytes, at + 8) as Term,
    index: getU64(bytes, at + 16) as LogIndex,
    stamp: getU64(bytes, at + 24),
    count: getU32(bytes, at + 32),
    bodyBytes,
    bodyCrc: getU32(bytes, at + 40),
    headerCrc: getU32(bytes, at + 44),
  };
}

/** Whether the body of the entry at `at` lies within `end` and has the CRC that `header` names. */
export function isEntryBodyIntact(
  bytes: Uint8Array,
  at: number,
  end: number,
  header: EntryHeader,
): boolean {
  const bodyAt = at + ENTRY_HEADER_BYTES;
  if (header.bodyBytes > end - bodyAt) return false;
  return crc32c(bytes, bodyAt, bodyAt + header.bodyBytes) === header.bodyCrc;
}

export const entryTerm = (bytes: Uint8Array): Term => getU64(bytes, 8) as Term;
export const entryIndex = (bytes: Uint8Array): LogIndex => getU64(bytes, 16) as LogIndex;
export const entryStamp = (bytes: Uint8Array): number => getU64(bytes, 24);
export const entryKind = (bytes: Uint8Array): EntryKind => bytes[1] as EntryKind;
