/**
 * Looks into one client frame, of which perhaps only the beginning has come.
 *
 * 1. Nothing is copied: a Frame holds offsets into `source`.
 * 2. The verdict on a whole frame does not depend on how its bytes were split: fields are judged
 *    in order, and `'MORE'` is said only where a judgement needs a byte that has not come.
 * 3. A refusal comes as early as its reason is visible, so that a payload that will be refused is
 *    skipped and not kept.
 */
import { getU32BE } from '../../base/bytes.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { ABSENT } from '../command.ts';
import { ENTRY_BODY_BYTES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../types.ts';
import {
  type CommandRow,
  commandRow,
  FIELD,
  FLAG,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  HELLO_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  SESSION_PREFIX_BYTES,
} from './wire.ts';

export type Verdict = ErrorCode | 'MORE' | null;

/** Reused. `source`, `at` and `to` are inputs: the frame begins at `at`, what has come ends at `to`. */
export interface Frame {
  source: Uint8Array;
  at: number;
  to: number;
  command: number;
  flags: number;
  seq: number;
  payloadBytes: number;
  /** Of the session prefix; valid only with FLAG.SESSION. */
  sessionAt: number;
  keyAt: number;
  keyBytes: number;
  expectedAt: number;
  /** ABSENT: the key must not exist. */
  expectedBytes: number;
  valueAt: number;
  valueBytes: number;
  /** Where decoding stands. */
  cursor: number;
}

export function newFrame(): Frame {
  return {
    source: new Uint8Array(0),
    at: 0,
    to: 0,
    command: 0,
    flags: 0,
    seq: 0,
    payloadBytes: 0,
    sessionAt: 0,
    keyAt: 0,
    keyBytes: 0,
    expectedAt: 0,
    expectedBytes: 0,
    valueAt: 0,
    valueBytes: 0,
    cursor: 0,
  };
}

/** Decodes the header, which must have come. False: this is not a frame of ours. */
export function readFrameHeader(frame: Frame): boolean {
  const { source, at } = frame;
  frame.command = source[at + 4]!;
  frame.flags = source[at + 5]!;
  frame.payloadBytes = getU32BE(source, at + 8);
  frame.seq = getU32BE(source, at + 12);
  return getU32BE(source, at) === FRAME_MAGIC;
}

/** Judges the payload; null: the frame is whole and its fields are set. */
export function readPayload(frame: Frame): Verdict {
  const row = commandRow(frame.command);
  if (row === null) return 'UNKNOWN_COMMAND';
  if ((frame.flags & ~row.flagsAllowed) !== 0) return 'MALFORMED';
  if ((frame.flags & row.flagsNeeded) !== row.flagsNeeded) return 'MALFORMED';
  frame.cursor = frame.at + FRAME_HEADER_BYTES;
  const verdict = readFields(frame, row);
  if (verdict !== null) return verdict;
  const end = payloadEnd(frame);
  if (frame.cursor !== end) return 'MALFORMED';
  return end <= frame.to ? null : 'MORE';
}

function readFields(frame: Frame, row: CommandRow): Verdict {
  const { fields } = row;
  frame.keyBytes = 0;
  frame.valueBytes = 0;
  let verdict: Verdict = null;
  if ((frame.flags & FLAG.SESSION) !== 0) verdict = readSession(frame);
  if (verdict === null && (fields & FIELD.KEY) !== 0) verdict = readKey(frame);
  if (verdict === null && (fields & FIELD.EXPECTED) !== 0) verdict = readExpected(frame);
  if (verdict === null && (fields & FIELD.VALUE) !== 0) verdict = readValue(frame, row);
  if (verdict === null && (fields & FIELD.RAW) !== 0) verdict = readRaw(frame);
  return verdict;
}

function readSession(frame: Frame): Verdict {
  const { source, cursor } = frame;
  const end = cursor + SESSION_PREFIX_BYTES;
  if (end > payloadEnd(frame)) return 'MALFORMED';
  if (end > frame.to) return 'MORE';
  for (let at = cursor; at < end; at += 8) {
    // Ours are numbers up to 2^53 - 1; what is above was never handed out.
    if (getU32BE(source, at) >= 0x20_0000) return 'MALFORMED';
  }
  frame.sessionAt = cursor;
  frame.cursor = end;
  return null;
}

function readKey(frame: Frame): Verdict {
  if (frame.cursor + 4 > payloadEnd(frame)) return 'MALFORMED';
  if (frame.cursor + 4 > frame.to) return 'MORE';
  const bytes = getU32BE(frame.source, frame.cursor);
  if (bytes > KEY_BYTES_MAX) return 'KEY_TOO_LARGE';
  frame.keyAt = frame.cursor + 4;
  frame.keyBytes = bytes;
  frame.cursor = frame.keyAt + bytes;
  return frame.cursor > payloadEnd(frame) ? 'MALFORMED' : null;
}

function readExpected(frame: Frame): Verdict {
  if (frame.cursor + 4 > payloadEnd(frame)) return 'MALFORMED';
  if (frame.cursor + 4 > frame.to) return 'MORE';
  const bytes = getU32BE(frame.source, frame.cursor);
  if (bytes > VALUE_BYTES_MAX && bytes !== ABSENT) return 'VALUE_TOO_LARGE';
  frame.expectedAt = frame.cursor + 4;
  frame.expectedBytes = bytes;
  frame.cursor = frame.expectedAt + (bytes === ABSENT ? 0 : bytes);
  return frame.cursor > payloadEnd(frame) ? 'MALFORMED' : null;
}

function readValue(frame: Frame, row: CommandRow): Verdict {
  if (frame.cursor + 4 > payloadEnd(frame)) return 'MALFORMED';
  if (frame.cursor + 4 > frame.to) return 'MORE';
  const bytes = getU32BE(frame.source, frame.cursor);
  if (bytes > VALUE_BYTES_MAX) return 'VALUE_TOO_LARGE';
  if ((row.fields & FIELD.EXPECTED) !== 0 && !fitsAnEntry(frame, bytes)) return 'VALUE_TOO_LARGE';
  frame.valueAt = frame.cursor + 4;
  frame.valueBytes = bytes;
  frame.cursor = frame.valueAt + bytes;
  return frame.cursor > payloadEnd(frame) ? 'MALFORMED' : null;
}

/** Key, expected and new value are each within bounds and may still be too much together. */
function fitsAnEntry(frame: Frame, valueBytes: number): boolean {
  const expectedBytes = frame.expectedBytes === ABSENT ? 0 : frame.expectedBytes;
  return frame.keyBytes + expectedBytes + valueBytes <= SWAP_BYTES_MAX;
}

/** Leaves room for the fixed parts of a command around a swap's key and values. */
export const SWAP_BYTES_MAX = ENTRY_BODY_BYTES_MAX - 64;

function readRaw(frame: Frame): Verdict {
  if (frame.payloadBytes > HELLO_BYTES_MAX) return 'MALFORMED';
  frame.valueAt = frame.cursor;
  frame.valueBytes = payloadEnd(frame) - frame.cursor;
  frame.cursor = payloadEnd(frame);
  return null;
}

function payloadEnd(frame: Frame): number {
  return frame.at + FRAME_HEADER_BYTES + frame.payloadBytes;
}

export const isAbsurd = (payloadBytes: number): boolean => payloadBytes > PAYLOAD_BYTES_MAX;
