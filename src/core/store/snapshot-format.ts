/**
 * Snapshots as bytes. docs/formats/snapshot.md has the pictures.
 *
 * A snapshot is a sequence of blocks: HEAD, then any number of RECORDS and SESSIONS in any order,
 * then END. A block is a 32-byte header and a body whose length is a multiple of 8:
 *
 *    0  u32 magic "APXS"        16  u32 body bytes
 *    4  u8  format version (1)  20  u32 CRC32C of the body
 *    5  u8  kind                24  u32 zero
 *    6  u16 zero                28  u32 CRC32C of bytes 0…27
 *    8  u32 group               32  body
 *   12  u32 number of the block, from 0
 *
 * Whatever is missing, twice, out of order or short shows in a number, a length or a CRC.
 */
import { align8, getU32, getU64, isSafeU64, putU16, putU32, putU64 } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { GroupId, LogIndex, Term } from '../../base/units.ts';
import { decodeConfiguration, encodeConfiguration } from '../members.ts';
import { decodeSettings, encodeSettings, SETTINGS_BYTES } from '../settings.ts';
import type { Configuration, Settings, SnapshotMeta } from '../types.ts';

export const SNAPSHOT_VERSION = 1;
export const BLOCK_HEADER_BYTES = 32;
/** A block is sealed at a mebibyte and ends with a whole record of at most eight. */
export const BLOCK_BODY_BYTES_MAX = 16 * 1024 * 1024;
export const BLOCK_KIND = { HEAD: 1, RECORDS: 2, SESSIONS: 3, END: 4 } as const;

const MAGIC = 0x5358_5041;
const HEAD_BYTES = 80;

/** Why a snapshot is refused. */
export type SnapshotFault =
  /** It ended too early, or went on after its end. */
  | 'TRUNCATED'
  /** A CRC, a number or a layout is wrong. */
  | 'DAMAGED'
  /** Of another format version, or made under another bound of expiry per entry. */
  | 'INCOMPATIBLE'
  /** Of another group. */
  | 'WRONG_GROUP'
  /** Its content is not what its head says. */
  | 'WRONG_CONTENT';

export interface BlockHeader {
  readonly kind: number;
  readonly group: number;
  readonly number: number;
  readonly bodyBytes: number;
  readonly bodyCrc: number;
}

/** What everything but records and sessions comes to. */
export interface SnapshotHead {
  readonly meta: SnapshotMeta;
  readonly logTime: number;
  readonly revision: number;
  readonly chainLow: number;
  readonly chainHigh: number;
  readonly keys: number;
  readonly logicalBytes: number;
  readonly useCount: number;
  readonly sessions: number;
  readonly expiredPerEntryMax: number;
  readonly digestLow: number;
  readonly digestHigh: number;
  readonly settings: Settings;
}

/** Fills in the header of a block whose body stands at byte 32. */
export function sealBlock(
  bytes: Uint8Array,
  head: { kind: number; group: number; number: number },
): void {
  putU32(bytes, 0, MAGIC);
  bytes[4] = SNAPSHOT_VERSION;
  bytes[5] = head.kind;
  putU16(bytes, 6, 0);
  putU32(bytes, 8, head.group);
  putU32(bytes, 12, head.number);
  putU32(bytes, 16, bytes.length - BLOCK_HEADER_BYTES);
  putU32(bytes, 20, crc32c(bytes, BLOCK_HEADER_BYTES, bytes.length));
  putU32(bytes, 24, 0);
  putU32(bytes, 28, crc32c(bytes, 0, 28));
}

/** The header in the 32 bytes at `at`, or what is wrong with it. */
export function readBlockHeader(bytes: Uint8Array, at: number): BlockHeader | SnapshotFault {
  if (getU32(bytes, at) !== MAGIC) return 'DAMAGED';
  if (getU32(bytes, at + 28) !== crc32c(bytes, at, at + 28)) return 'DAMAGED';
  if (bytes[at + 4] !== SNAPSHOT_VERSION) return 'INCOMPATIBLE';
  const bodyBytes = getU32(bytes, at + 16);
  if (bodyBytes % 8 !== 0 || bodyBytes > BLOCK_BODY_BYTES_MAX) return 'DAMAGED';
  return {
    kind: bytes[at + 5]!,
    group: getU32(bytes, at + 8),
    number: getU32(bytes, at + 12),
    bodyBytes,
    bodyCrc: getU32(bytes, at + 20),
  };
}

/** The body of the HEAD block. */
export function encodeHead(head: SnapshotHead): Uint8Array {
  const configuration = encodeConfiguration(head.meta.configuration);
  const bytes = new Uint8Array(HEAD_BYTES + SETTINGS_BYTES + configuration.length);
  putU64(bytes, 0, head.meta.index);
  putU64(bytes, 8, head.meta.term);
  putU64(bytes, 16, head.logTime);
  putU64(bytes, 24, head.revision);
  putU32(bytes, 32, head.chainLow);
  putU32(bytes, 36, head.chainHigh);
  putU64(bytes, 40, head.keys);
  putU64(bytes, 48, head.logicalBytes);
  putU64(bytes, 56, head.useCount);
  putU32(bytes, 64, head.sessions);
  putU32(bytes, 68, head.expiredPerEntryMax);
  putU32(bytes, 72, head.digestLow);
  putU32(bytes, 76, head.digestHigh);
  bytes.set(encodeSettings(head.settings), HEAD_BYTES);
  bytes.set(configuration, HEAD_BYTES + SETTINGS_BYTES);
  return bytes;
}

/** The head in bytes [at, end), or null. */
export function decodeHead(
  bytes: Uint8Array,
  at: number,
  end: number,
  group: GroupId,
): SnapshotHead | null {
  if (end - at < HEAD_BYTES + SETTINGS_BYTES || !areSafe(bytes, at, [0, 8, 16, 24, 40, 48, 56])) {
    return null;
  }
  const settings = decodeSettings(bytes, at + HEAD_BYTES, end);
  const configuration = decodeConfiguration(bytes, at + HEAD_BYTES + SETTINGS_BYTES, end);
  if (settings === null || configuration === null) return null;
  return {
    meta: metaOf(bytes, at, group, configuration),
    logTime: getU64(bytes, at + 16),
    revision: getU64(bytes, at + 24),
    chainLow: getU32(bytes, at + 32),
    chainHigh: getU32(bytes, at + 36),
    keys: getU64(bytes, at + 40),
    logicalBytes: getU64(bytes, at + 48),
    useCount: getU64(bytes, at + 56),
    sessions: getU32(bytes, at + 64),
    expiredPerEntryMax: getU32(bytes, at + 68),
    digestLow: getU32(bytes, at + 72),
    digestHigh: getU32(bytes, at + 76),
    settings,
  };
}

function metaOf(
  bytes: Uint8Array,
  at: number,
  group: GroupId,
  configuration: Configuration,
): SnapshotMeta {
  return {
    group,
    index: getU64(bytes, at) as LogIndex,
    term: getU64(bytes, at + 8) as Term,
    configuration,
  };
}

/** Whether the u64 at each of the offsets fits a number. */
export function areSafe(bytes: Uint8Array, at: number, offsets: readonly number[]): boolean {
  return offsets.every((offset) => isSafeU64(bytes, at + offset));
}

/** A block under construction: room for the header, then the body. */
export class BlockSink {
  readonly kind: number;
  bytes = new Uint8Array(0);
  used = BLOCK_HEADER_BYTES;
  /** Of the block before: the next one is much like it. */
  #usedBefore = 0;

  constructor(kind: number) {
    this.kind = kind;
  }

  get bodyBytes(): number {
    return this.used - BLOCK_HEADER_BYTES;
  }

  /** Where `count` more bytes go, a multiple of 8 after rounding up; the padding is zero. */
  reserve(count: number): number {
    const at = this.used;
    this.used += align8(count);
    if (this.used > this.bytes.length) {
      const least = this.#usedBefore + (this.#usedBefore >>> 4);
      const larger = new Uint8Array(Math.max(this.used, this.bytes.length * 2, least, 4096));
      larger.set(this.bytes.subarray(0, at));
      this.bytes = larger;
    }
    return at;
  }

  /** The block, sealed; the sink is empty again and owns none of its bytes. */
  seal(group: number, number: number): Uint8Array {
    const block = this.bytes.subarray(0, this.used);
    sealBlock(block, { kind: this.kind, group, number });
    this.#usedBefore = this.used;
    this.bytes = new Uint8Array(0);
    this.used = BLOCK_HEADER_BYTES;
    return block;
  }
}
