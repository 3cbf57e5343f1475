/**
 * A flush as bytes: what the log writes and syncs at once. docs/formats/wal.md has worked bytes.
 *
 *   0  8 bytes "APEXWAL\n"
 *   8  u32 format version (1)
 *  12  u32 record count
 *  16  16 bytes store id
 *  32  u64 segment sequence
 *  40  u64 position in the segment, a multiple of 4096
 *  48  u64 + u64 end of the previous flush: sequence, offset
 *  64  u64 + u64 durable through: sequence, offset
 *  80  u64 lowest sequence that still holds something live
 *  88  u64 ordinal of the first record: how many records the store logged before it
 *  96  u32 payload bytes, a multiple of 8
 * 100  u32 groups known to the store
 * 104  u32 CRC32C of bytes 0…103 and the payload without the bodies of entries
 * 108  u32 CRC32C of bytes 0…107
 * 112  payload: records back to back (record.ts), then zeros up to a multiple of 4096
 *
 * 1. Sequence, position and store id make a misdirected write or read show, whatever its CRC.
 * 2. The end of the previous flush chains the log together across segments: a blank block is the
 *    end of a segment only if the next segment says so.
 * 3. "Durable through" is what recovery tells damage from a torn tail by.
 * 4. Bodies of entries have a CRC which the leader made; a second pass over them would buy nothing.
 */
import { getU32, getU64, isSafeU64, putHex, putU32, putU64 } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { StoreId } from '../../base/units.ts';

export const WAL_VERSION = 1;
export const BLOCK_BYTES = 4096;
export const FLUSH_HEADER_BYTES = 112;
const MAGIC = [0x41, 0x50, 0x45, 0x58, 0x57, 0x41, 0x4c, 0x0a];
const PAYLOAD_CRC_AT = 104;
const HEADER_CRC_AT = 108;

/** A place in the log. Sequences order segments; they are never used twice. */
export interface Position {
  readonly sequence: number;
  readonly offset: number;
}

/** Before the first segment of all. */
export const LOG_START: Position = { sequence: 0, offset: 0 };

/** Negative, zero or positive, as `left` comes before, at or after `right`. */
export function comparePositions(left: Position, right: Position): number {
  return left.sequence !== right.sequence
    ? left.sequence - right.sequence
    : left.offset - right.offset;
}

export interface FlushHeader {
  readonly count: number;
  readonly position: Position;
  readonly previousEnd: Position;
  readonly durableThrough: Position;
  readonly firstLive: number;
  readonly ordinal: number;
  readonly payloadBytes: number;
  readonly groupCount: number;
  readonly payloadCrc: number;
}

/** The bytes a flush with this payload takes on disk. */
export function flushBytes(payloadBytes: number): number {
  return Math.ceil((FLUSH_HEADER_BYTES + payloadBytes) / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Seeds the CRCs of all records of one segment, so that no other segment's pass for its own. */
export function segmentSalt(storeId: StoreId, sequence: number): number {
  const bytes = new Uint8Array(24);
  putHex(bytes, 0, storeId);
  putU64(bytes, 16, sequence);
  return crc32c(bytes, 0, 24);
}

/**
 * Writes the header at byte 0 of `bytes` but for its CRCs, and answers the CRC so far: the caller
 * runs it over the payload and then calls `sealFlushHeader`.
 */
export function writeFlushHeader(
  bytes: Uint8Array,
  storeId: StoreId,
  header: Omit<FlushHeader, 'payloadCrc'>,
): number {
  bytes.set(MAGIC);
  putU32(bytes, 8, WAL_VERSION);
  putU32(bytes, 12, header.count);
  putHex(bytes, 16, storeId);
  putU64(bytes, 32, header.position.sequence);
  putU64(bytes, 40, header.position.offset);
  putU64(bytes, 48, header.previousEnd.sequence);
  putU64(bytes, 56, header.previousEnd.offset);
  putU64(bytes, 64, header.durableThrough.sequence);
  putU64(bytes, 72, header.durableThrough.offset);
  putU64(bytes, 80, header.firstLive);
  putU64(bytes, 88, header.ordinal);
  putU32(bytes, 96, header.payloadBytes);
  putU32(bytes, 100, header.groupCount);
  return crc32c(bytes, 0, PAYLOAD_CRC_AT);
}

export function sealFlushHeader(bytes: Uint8Array, payloadCrc: number): void {
  putU32(bytes, PAYLOAD_CRC_AT, payloadCrc);
  putU32(bytes, HEADER_CRC_AT, crc32c(bytes, 0, HEADER_CRC_AT));
}

/** The CRC of the header at `at` that the payload's CRC goes on from. */
export function payloadSeed(bytes: Uint8Array, at: number): number {
  return crc32c(bytes, at, at + PAYLOAD_CRC_AT);
}

/**
 * The flush header at `at` of segment `sequence` of this store, or null. Says nothing of the
 * payload, which may be torn, damaged or cut off by the end of the file.
 */
export function readFlushHeader(
  bytes: Uint8Array,
  at: number,
  storeId: Uint8Array,
  sequence: number,
): FlushHeader | null {
  if (bytes.length - at < FLUSH_HEADER_BYTES || !hasPrefix(bytes, at, storeId)) return null;
  if (getU32(bytes, at + HEADER_CRC_AT) !== crc32c(bytes, at, at + HEADER_CRC_AT)) return null;
  for (let field = 32; field < 96; field += 8) if (!isSafeU64(bytes, at + field)) return null;
  const position = readPosition(bytes, at + 32);
  if (position.sequence !== sequence || position.offset !== at) return null;
  return {
    count: getU32(bytes, at + 12),
    position,
    previousEnd: readPosition(bytes, at + 48),
    durableThrough: readPosition(bytes, at + 64),
    firstLive: getU64(bytes, at + 80),
    ordinal: getU64(bytes, at + 88),
    payloadBytes: getU32(bytes, at + 96),
    groupCount: getU32(bytes, at + 100),
    payloadCrc: getU32(bytes, at + PAYLOAD_CRC_AT),
  };
}

/** Magic, version and store id. */
function hasPrefix(bytes: Uint8Array, at: number, storeId: Uint8Array): boolean {
  for (let byte = 0; byte < 8; byte++) if (bytes[at + byte] !== MAGIC[byte]) return false;
  if (getU32(bytes, at + 8) !== WAL_VERSION) return false;
  for (let byte = 0; byte < 16; byte++) if (bytes[at + 16 + byte] !== storeId[byte]) return false;
  return true;
}

function readPosition(bytes: Uint8Array, at: number): Position {
  return { sequence: getU64(bytes, at), offset: getU64(bytes, at + 8) };
}

/**
 * Whether `bytes[from…to)` holds nothing but zeros. By words: at every start it goes over whole
 * segments of zeros, which by bytes took longer than to read them.
 */
export function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  const head = from + (-(bytes.byteOffset + from) & 3);
  if (head >= to) return isBlankByBytes(bytes, from, to);
  const count = (to - head) >>> 2;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + head, count);
  for (let word = 0; word < count; word++) if (words[word] !== 0) return false;
  return isBlankByBytes(bytes, from, head) && isBlankByBytes(bytes, head + 4 * count, to);
}

function isBlankByBytes(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
