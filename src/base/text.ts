/**
 * Text as bytes and back, where no TextEncoder is in scope.
 *
 * 1. UTF-8 as in RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
 * 2. Bad input never throws. Decoding gives one U+FFFD for each maximal part of an ill-formed
 *    sequence (Unicode 16, section 3.9, "U+FFFD Substitution of Maximal Subparts", which is also
 *    what the WHATWG decoder does); encoding gives U+FFFD for a lone surrogate.
 * 3. Keys and values are bytes, never text: nothing here is on their path. This is for messages,
 *    names and numbers.
 */
import { assert } from './assert.ts';

const REPLACEMENT = 0xfffd;

export function encodeUtf8(text: string): Uint8Array {
  return isAscii(text) ? asciiBytes(text) : encodeAny(text);
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) >= 0x80) return false;
  return true;
}

function encodeAny(text: string): Uint8Array {
  // A UTF-16 unit becomes at most three bytes; a pair of them becomes four.
  const bytes = new Uint8Array(text.length * 3);
  let size = 0;
  for (const character of text) {
    const point = character.codePointAt(0)!;
    size = putCodePoint(bytes, size, isSurrogate(point) ? REPLACEMENT : point);
  }
  return bytes.slice(0, size);
}

const isSurrogate = (point: number): boolean => point >= 0xd800 && point <= 0xdfff;

function putCodePoint(bytes: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    bytes[at] = point;
    return at + 1;
  }
  const tail = point < 0x800 ? 1 : point < 0x1_0000 ? 2 : 3;
  // As many leading ones as the sequence has bytes, then a zero.
  bytes[at] = ((0xff00 >>> (tail + 1)) & 0xff) | (point >>> (6 * tail));
  for (let left = tail - 1; left >= 0; left--) {
    bytes[at + tail - left] = 0x80 | ((point >>> (6 * left)) & 0x3f);
  }
  return at + tail + 1;
}

/** The text of bytes [from, to), with U+FFFD in place of what is not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let text = '';
  let at = from;
  while (at < to) {
    const size = sequenceSize(bytes, at, to);
    text += String.fromCodePoint(size > 0 ? codePointAt(bytes, at, size) : REPLACEMENT);
    at += Math.abs(size);
  }
  return text;
}

/** Whether bytes [from, to) are well-formed UTF-8. */
export function isUtf8(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
  let at = from;
  while (at < to) {
    const size = sequenceSize(bytes, at, to);
    if (size < 0) return false;
    at += size;
  }
  return true;
}

/**
 * Bytes of the well-formed sequence at `at`, or minus the bytes of the maximal ill-formed part.
 * Only the second byte has a range that depends on the first (RFC 3629, section 4).
 */
function sequenceSize(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return -1;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (at + 1 >= to || bytes[at + 1]! < low || bytes[at + 1]! > high) return -1;
  for (let tail = 2; tail < size; tail++) {
    if (at + tail >= to || (bytes[at + tail]! & 0xc0) !== 0x80) return -tail;
  }
  return size;
}

function codePointAt(bytes: Uint8Array, at: number, size: number): number {
  if (size === 1) return bytes[at]!;
  let point = bytes[at]! & (0x7f >>> size);
  for (let tail = 1; tail < size; tail++) point = (point << 6) | (bytes[at + tail]! & 0x3f);
  return point;
}

/** `text` must be ASCII: it is ours. */
export function asciiBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    assert(unit < 0x80, 'internal', 'not ASCII');
    bytes[at] = unit;
  }
  return bytes;
}

/** Whether bytes [from, to) are the ASCII letters of `upper`, in either case. `upper` is ours. */
export function equalsIgnoringCase(
  bytes: Uint8Array,
  from: number,
  to: number,
  upper: string,
): boolean {
  if (to - from !== upper.length) return false;
  for (let at = 0; at < upper.length; at++) {
    if (toUpperAscii(bytes[from + at]!) !== upper.charCodeAt(at)) return false;
  }
  return true;
}

/** An ASCII letter's capital; any other byte as it is. */
export function toUpperAscii(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
}

export const I64_MIN = -(2n ** 63n);
export const I64_MAX = 2n ** 63n - 1n;
/** Digits that a number holds exactly, whatever they are. */
const EXACT_DIGITS = 15;
/** Digits of the largest i64. */
const I64_DIGITS_MAX = 19;

/**
 * The i64 that bytes [from, to) spell in decimal, or null. Only the canonical form counts: no plus
 * sign, no space, no leading zero, no "-0"; so parsing and formatting undo each other.
 */
export function parseI64(bytes: Uint8Array, from: number, to: number): bigint | null {
  const negative = from < to && bytes[from] === 0x2d;
  const digitsAt = negative ? from + 1 : from;
  const digits = to - digitsAt;
  if (digits < 1 || digits > I64_DIGITS_MAX) return null;
  if (bytes[digitsAt] === 0x30 && (digits > 1 || negative)) return null;
  const split = Math.min(to, digitsAt + EXACT_DIGITS);
  const head = readDigits(bytes, digitsAt, split);
  const tail = readDigits(bytes, split, to);
  if (head < 0 || tail < 0) return null;
  let value = BigInt(head);
  if (split < to) value = value * 10n ** BigInt(to - split) + BigInt(tail);
  if (negative) value = -value;
  return value < I64_MIN || value > I64_MAX ? null : value;
}

/** The number that at most fifteen digits spell; -1 if one of them is no digit. */
function readDigits(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** `value` in decimal ASCII. It must be an i64. */
export function formatI64(value: bigint): Uint8Array {
  assert(value >= I64_MIN && value <= I64_MAX, 'internal', 'not an i64');
  return asciiBytes(value.toString());
}
