/**
 * A snapshot file: a header of ours, then the content as it came (docs/formats/snapshot-transfer.md).
 *
 *    0  u32 magic "APXF"                  32  u64 content bytes
 *    4  u8  version (1), u8 zero, u16 zero 40  u32 CRC32C of the content
 *    8  u32 group                         44  u32 CRC32C of the header without these four bytes
 *   12  u32 header bytes                  48  configuration (members.ts), a multiple of 8
 *   16  u64 index
 *   24  u64 term                          header bytes: content
 *
 * 1. The header's CRC covers the content's, so it stands for every byte of the file: `fileCrc`.
 * 2. The header of a file in the making is written last: what lacks its end lacks its beginning.
 * 3. Content is opaque. Whether it is a state is for the store to say; whether it is whole is said
 *    here.
 */
import { getU16, getU32, getU64, isSafeU64, putU32, putU64 } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { GroupId, LogIndex, Term } from '../../base/units.ts';
import { decodeConfiguration, encodeConfiguration, MEMBER_BYTES, MEMBERS_MAX } from '../members.ts';
import type { SnapshotMeta } from '../types.ts';

export const FILE_VERSION = 1;
const MAGIC = 0x4658_5041;
const CRC_AT = 44;
const CONFIGURATION_AT = 48;
/** One voter at least. */
export const HEADER_BYTES_MIN = CONFIGURATION_AT + 8 + MEMBER_BYTES;
/** Three full lists of members. */
export const HEADER_BYTES_MAX = CONFIGURATION_AT + 8 + 3 * MEMBERS_MAX * MEMBER_BYTES;

export interface FileHeader {
  readonly meta: SnapshotMeta;
  readonly contentBytes: number;
  readonly contentCrc: number;
  /** Header and content. */
  readonly fileBytes: number;
  readonly fileCrc: number;
  /** The header itself, encoded. */
  readonly bytes: Uint8Array;
}

export type HeaderFault = 'damaged' | 'too-new';

export function headerBytesOf(meta: SnapshotMeta): number {
  return CONFIGURATION_AT + encodeConfiguration(meta.configuration).length;
}

export function makeHeader(
  meta: SnapshotMeta,
  content: { readonly bytes: number; readonly crc: number },
): FileHeader {
  const configuration = encodeConfiguration(meta.configuration);
  const bytes = new Uint8Array(CONFIGURATION_AT + configuration.length);
  putU32(bytes, 0, MAGIC);
  bytes[4] = FILE_VERSION;
  putU32(bytes, 8, meta.group);
  putU32(bytes, 12, bytes.length);
  putU64(bytes, 16, meta.index);
  putU64(bytes, 24, meta.term);
  putU64(bytes, 32, content.bytes);
  putU32(bytes, 40, content.crc);
  bytes.set(configuration, CONFIGURATION_AT);
  putU32(bytes, CRC_AT, headerCrc(bytes, bytes.length));
  return {
    meta,
    contentBytes: content.bytes,
    contentCrc: content.crc,
    fileBytes: bytes.length + content.bytes,
    fileCrc: getU32(bytes, CRC_AT),
    bytes,
  };
}

function headerCrc(bytes: Uint8Array, size: number): number {
  return crc32c(bytes, CONFIGURATION_AT, size, crc32c(bytes, 0, CRC_AT));
}

/** The header that `bytes` begin with; trusts nothing. */
export function readHeader(bytes: Uint8Array): FileHeader | HeaderFault {
  if (bytes.length < HEADER_BYTES_MIN || getU32(bytes, 0) !== MAGIC) return 'damaged';
  const size = getU32(bytes, 12);
  if (size < HEADER_BYTES_MIN || size > HEADER_BYTES_MAX || size > bytes.length) return 'damaged';
  if (getU32(bytes, CRC_AT) !== headerCrc(bytes, size)) return 'damaged';
  // Only now: a damaged version is damage, not a stranger.
  if (bytes[4] !== FILE_VERSION) return 'too-new';
  return readFields(bytes, size) ?? 'damaged';
}

function readFields(bytes: Uint8Array, size: number): FileHeader | null {
  if (bytes[5] !== 0 || getU16(bytes, 6) !== 0) return null;
  for (const at of [16, 24, 32]) if (!isSafeU64(bytes, at)) return null;
  const configuration = decodeConfiguration(bytes, CONFIGURATION_AT, size);
  const contentBytes = getU64(bytes, 32);
  const fileBytes = size + contentBytes;
  if (configuration === null || !Number.isSafeInteger(fileBytes)) return null;
  return {
    meta: {
      group: getU32(bytes, 8) as GroupId,
      index: getU64(bytes, 16) as LogIndex,
      term: getU64(bytes, 24) as Term,
      configuration,
    },
    contentBytes,
    contentCrc: getU32(bytes, 40),
    fileBytes,
    fileCrc: getU32(bytes, CRC_AT),
    bytes: bytes.slice(0, size),
  };
}
