/**
 * Reading and writing integers in byte arrays.
 *
 * 1. Our own formats (WAL, peer frames, snapshots, entries) are little-endian: `get…`/`put…`.
 *    Client frames are big-endian: `get…BE`/`put…BE`.
 * 2. u64 values are numbers at or below 2^53 - 1; a larger one read from outside is reported by
 *    `isSafeU64` before it is used.
 * 3. No DataView and no BigInt: plain indexing is faster and allocates nothing.
 */
import { assert } from './assert.ts';

const TWO_32 = 0x1_0000_0000;

export function getU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function getU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

export function getU64(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at) + getU32(bytes, at + 4) * TWO_32;
}

/** Whether the u64 at `at` fits a number exactly; ask before trusting bytes from outside. */
export function isSafeU64(bytes: Uint8Array, at: number): boolean {
  return getU32(bytes, at + 4) < 0x20_0000;
}

export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function putU64(bytes: Uint8Array, at: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'internal', 'u64 out of range');
  putU32(bytes, at, value % TWO_32);
  putU32(bytes, at + 4, Math.floor(value / TWO_32));
}

export function getU16BE(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function getU32BE(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}

export function getU64BE(bytes: Uint8Array, at: number): number {
  return getU32BE(bytes, at) * TWO_32 + getU32BE(bytes, at + 4);
}

export function putU16BE(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function putU32BE(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function putU64BE(bytes: Uint8Array, at: number, value: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'internal', 'u64 out of range');
  putU32BE(bytes, at, Math.floor(value / TWO_32));
  putU32BE(bytes, at + 4, value % TWO_32);
}

/** The next multiple of 8 at or above `size`. Works beyond 2^31. */
export function align8(size: number): number {
  return size < 0x4000_0000 ? (size + 7) & ~7 : Math.ceil(size / 8) * 8;
}

/** Byte-wise order: negative, zero or positive; a prefix sorts before what it begins. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const difference = left[at]! - right[at]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.length;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const HEX = '0123456789abcdef';
const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => HEX[byte >>> 4]! + HEX[byte & 15]!);

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) text += HEX_PAIRS[bytes[at]!]!;
  return text;
}

/** `text` must be an even number of lower-case hex digits; anything else is our bug. */
export function fromHex(text: string): Uint8Array {
  assert(text.length % 2 === 0, 'internal', 'odd hex');
  const bytes = new Uint8Array(text.length / 2);
  putHex(bytes, 0, text);
  return bytes;
}

/** Writes what `fromHex` would answer to bytes from `at` on. */
export function putHex(bytes: Uint8Array, at: number, text: string): void {
  const size = text.length >>> 1;
  for (let n = 0; n < size; n++) {
    const high = digitOf(text.charCodeAt(n * 2));
    const low = digitOf(text.charCodeAt(n * 2 + 1));
    assert(high >= 0 && low >= 0, 'internal', 'not hex');
    bytes[at + n] = (high << 4) | low;
  }
}

/** -1 for what is no digit. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}
