/**
 * A record as it stands in the slab, from a 16-byte boundary on.
 *
 *   0  u32 bits 0…23 value bytes · 24…28 revision bits 48…52 · 29 key bytes bit 16
 *          · 30 has a deadline · 31 in use
 *   4  u16 key bytes bits 0…15
 *   6  u16 revision bits 32…47
 *   8  u32 revision bits 0…31
 *  12  u32 CRC32C of the value: what the digest covers, and what the scrub compares
 *  16  only with a deadline: u64 deadline, u32 place in the shard's expiry heap
 *   .  key, value
 *
 * 1. The hash is not kept: it is the key's, and the slot holds its upper half.
 * 2. In memory only. Snapshots have a layout of their own (docs/formats/snapshot.md).
 */
import { getU16, getU32, getU64, putU16, putU32, putU64 } from '../../base/bytes.ts';
import { UNIT_BYTES } from './blocks.ts';

const HEAD_BYTES = 16;
const DEADLINE_BYTES = 12;
const IN_USE = 0x80;
const HAS_DEADLINE = 0x40;
const KEY_BIT_16 = 0x20;
const REVISION_BITS = 0x1f;
const TWO_32 = 0x1_0000_0000;

/** A record's `deadline` when it has none: it never passes. */
export const NO_DEADLINE = Number.POSITIVE_INFINITY;

/** Whether a deadline has passed at a log time: only when the time is past it. */
export const hasPassed = (deadline: number, time: number): boolean => time > deadline;

/** Units that a record of this shape takes. */
export function recordUnits(keyBytes: number, valueBytes: number, deadline: number): number {
  const fixed = deadline === NO_DEADLINE ? HEAD_BYTES : HEAD_BYTES + DEADLINE_BYTES;
  return Math.ceil((fixed + keyBytes + valueBytes) / UNIT_BYTES);
}

/** Units of the record at `at`. */
export function unitsOfRecord(bytes: Uint8Array, at: number): number {
  const fixed = recordKeyAt(bytes, at) - at;
  const valueBytes = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  return Math.ceil((fixed + recordKeyBytes(bytes, at) + valueBytes) / UNIT_BYTES);
}

/** A decoded record; reused. `bytes` is the region, `…At` are offsets in it. */
export interface RecordView {
  bytes: Uint8Array;
  keyAt: number;
  keyBytes: number;
  valueAt: number;
  valueBytes: number;
  revision: number;
  deadline: number;
  /** CRC32C of the value. */
  valueCrc: number;
}

export function newRecordView(): RecordView {
  return {
    bytes: new Uint8Array(0),
    keyAt: 0,
    keyBytes: 0,
    valueAt: 0,
    valueBytes: 0,
    revision: 0,
    deadline: NO_DEADLINE,
    valueCrc: 0,
  };
}

export function readRecord(bytes: Uint8Array, at: number, view: RecordView): void {
  const top = bytes[at + 3]!;
  const hasDeadline = (top & HAS_DEADLINE) !== 0;
  view.bytes = bytes;
  view.keyBytes = recordKeyBytes(bytes, at);
  view.valueBytes = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  view.keyAt = recordKeyAt(bytes, at);
  view.valueAt = view.keyAt + view.keyBytes;
  view.revision =
    getU32(bytes, at + 8) + (getU16(bytes, at + 6) + (top & REVISION_BITS) * 0x1_0000) * TWO_32;
  view.valueCrc = getU32(bytes, at + 12);
  view.deadline = hasDeadline ? getU64(bytes, at + HEAD_BYTES) : NO_DEADLINE;
}

/** Writes all but key and value at `at`, and sets `view.keyAt`, `view.valueAt`, `view.bytes`. */
export function writeRecordHead(bytes: Uint8Array, at: number, view: RecordView): void {
  const hasDeadline = view.deadline !== NO_DEADLINE;
  const revisionHigh = Math.floor(view.revision / TWO_32);
  bytes[at] = view.valueBytes;
  bytes[at + 1] = view.valueBytes >>> 8;
  bytes[at + 2] = view.valueBytes >>> 16;
  bytes[at + 3] =
    IN_USE |
    (hasDeadline ? HAS_DEADLINE : 0) |
    (view.keyBytes > 0xffff ? KEY_BIT_16 : 0) |
    (revisionHigh >>> 16);
  putU16(bytes, at + 4, view.keyBytes);
  putU16(bytes, at + 6, revisionHigh);
  putU32(bytes, at + 8, view.revision >>> 0);
  putU32(bytes, at + 12, view.valueCrc);
  view.bytes = bytes;
  view.keyAt = at + HEAD_BYTES;
  if (hasDeadline) {
    putU64(bytes, at + HEAD_BYTES, view.deadline);
    view.keyAt += DEADLINE_BYTES;
  }
  view.valueAt = view.keyAt + view.keyBytes;
}

export function recordKeyBytes(bytes: Uint8Array, at: number): number {
  return getU16(bytes, at + 4) + ((bytes[at + 3]! & KEY_BIT_16) === 0 ? 0 : 0x1_0000);
}

export function recordKeyAt(bytes: Uint8Array, at: number): number {
  return at + ((bytes[at + 3]! & HAS_DEADLINE) === 0 ? HEAD_BYTES : HEAD_BYTES + DEADLINE_BYTES);
}

/** Where the record stands in its shard's expiry heap; only with a deadline. */
export const heapPlace = (bytes: Uint8Array, at: number): number =>
  getU32(bytes, at + HEAD_BYTES + 8);

export function setHeapPlace(bytes: Uint8Array, at: number, place: number): void {
  putU32(bytes, at + HEAD_BYTES + 8, place);
}
