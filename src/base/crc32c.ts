/**
 * CRC-32C (Castagnoli; RFC 3720, section 12.1): the checksum of every format of ours.
 *
 * 1. Reflected polynomial 0x82f63b78, initial value and final XOR 0xffffffff.
 * 2. Slicing-by-16 (Kounavis and Berry, "A Systematic Approach to Building High Performance,
 *    Software-Based, CRC Generators"): sixteen tables, one look-up a byte, sixteen bytes a round,
 *    so that the look-ups of a round do not wait for each other.
 * 3. The tables are constants: filled while the module loads, never written again.
 *
 * The bytes must be checkable wherever a machine runs, so this page is complete by itself. A process
 * may have longer runs of bytes done by the processor's own instruction (`hastenCrc32c`), which gives
 * the same numbers four times as fast. It finds accidents, not attackers.
 */
import { assert } from './assert.ts';

const POLYNOMIAL = 0x82f6_3b78;
const SLICES = 16;
/** From here on words are read through a view, which is a third faster once there is one. */
const LONG_BYTES = 512;
/** From here on a call across the border costs less than it gives. */
const HASTENED_BYTES = 256;

/** `crc32c` by other means. */
export type Crc32c = (bytes: Uint8Array, from: number, to: number, seed: number) => number;

let hastened: Crc32c | null = null;

/** Row k (256 words): the CRC of a byte that is followed by k zero bytes. */
const TABLE = buildTable();

function buildTable(): Int32Array {
  const table = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let word = byte;
    for (let bit = 0; bit < 8; bit++) word = (word >>> 1) ^ (POLYNOMIAL & -(word & 1));
    table[byte] = word;
  }
  for (let at = 256; at < table.length; at++) {
    const before = table[at - 256]!;
    table[at] = (before >>> 8) ^ table[before & 255]!;
  }
  return table;
}

/**
 * The CRC of bytes [from, to), as an unsigned 32-bit number. `seed` is the CRC of what goes before:
 * `crc32c(b, m, n, crc32c(b, 0, m)) === crc32c(b, 0, n)`.
 */
export function crc32c(bytes: Uint8Array, from: number, to: number, seed = 0): number {
  assert(from >= 0 && from <= to && to <= bytes.length, 'internal', 'crc32c out of bounds');
  if (hastened !== null && to - from >= HASTENED_BYTES) return hastened(bytes, from, to, seed);
  const longEnd = to - from < LONG_BYTES ? from : to - ((to - from) % SLICES);
  let crc = ~seed;
  if (longEnd > from) crc = crcOfLong(bytes, from, longEnd, crc);
  return ~crcOfShort(bytes, longEnd, to, crc) >>> 0;
}

/**
 * Has long runs of bytes done by `other` from now on, in the whole process; null: no more. What does
 * not give our numbers is our own bug.
 */
export function hastenCrc32c(other: Crc32c | null): void {
  hastened = null;
  if (other === null) return;
  const probe = Uint8Array.from({ length: 1_024 }, (_, at) => (at * 31) ^ (at >>> 3));
  const isSame = other(probe, 1, 1_000, 7) === crc32c(probe, 1, 1_000, 7);
  assert(isSame, 'internal', 'another CRC-32C than ours');
  hastened = other;
}

/** By bytes: no view to be made. */
function crcOfShort(bytes: Uint8Array, from: number, to: number, before: number): number {
  // A local: the optimiser then keeps the table's base address in a register.
  const table = TABLE;
  const wideEnd = to - SLICES;
  let crc = before;
  let at = from;
  for (; at <= wideEnd; at += SLICES) {
    crc =
      table[3840 + ((crc ^ bytes[at]!) & 255)]! ^
      table[3584 + (((crc >>> 8) ^ bytes[at + 1]!) & 255)]! ^
      table[3328 + (((crc >>> 16) ^ bytes[at + 2]!) & 255)]! ^
      table[3072 + ((crc >>> 24) ^ bytes[at + 3]!)]! ^
      table[2816 + bytes[at + 4]!]! ^
      table[2560 + bytes[at + 5]!]! ^
      table[2304 + bytes[at + 6]!]! ^
      table[2048 + bytes[at + 7]!]! ^
      table[1792 + bytes[at + 8]!]! ^
      table[1536 + bytes[at + 9]!]! ^
      table[1280 + bytes[at + 10]!]! ^
      table[1024 + bytes[at + 11]!]! ^
      table[768 + bytes[at + 12]!]! ^
      table[512 + bytes[at + 13]!]! ^
      table[256 + bytes[at + 14]!]! ^
      table[bytes[at + 15]!]!;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ table[(crc ^ bytes[at]!) & 255]!;
  return crc;
}

/** By words; [from, to) is whole rounds. */
function crcOfLong(bytes: Uint8Array, from: number, to: number, before: number): number {
  const table = TABLE;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = before;
  for (let at = from; at < to; at += SLICES) {
    const first = crc ^ words.getInt32(at, true);
    const second = words.getInt32(at + 4, true);
    const third = words.getInt32(at + 8, true);
    const fourth = words.getInt32(at + 12, true);
    crc =
      table[3840 + (first & 255)]! ^
      table[3584 + ((first >>> 8) & 255)]! ^
      table[3328 + ((first >>> 16) & 255)]! ^
      table[3072 + (first >>> 24)]! ^
      table[2816 + (second & 255)]! ^
      table[2560 + ((second >>> 8) & 255)]! ^
      table[2304 + ((second >>> 16) & 255)]! ^
      table[2048 + (second >>> 24)]! ^
      table[1792 + (third & 255)]! ^
      table[1536 + ((third >>> 8) & 255)]! ^
      table[1280 + ((third >>> 16) & 255)]! ^
      table[1024 + (third >>> 24)]! ^
      table[768 + (fourth & 255)]! ^
      table[512 + ((fourth >>> 8) & 255)]! ^
      table[256 + ((fourth >>> 16) & 255)]! ^
      table[fourth >>> 24]!;
  }
  return crc;
}
