/**
 * Replies as frames, appended to a FrameWriter that serves one connection after the other.
 *
 * 1. A request is answered in kind: plainly, byte for byte as the seed's servers did, or typed.
 *      status           plain                    typed
 *      OK               OK                       RESULT
 *      VALUE            VALUE str(value)         RESULT with the value
 *      NOT_FOUND        NOT_FOUND                RESULT
 *      CONDITION_FAILED ERROR                    RESULT with the current value, if any
 *      any other        ERROR "CODE sentence"    FAILURE: outcome, code, sentence
 * 2. RESULT:  u8 status · u24 zero · u32 stale ms · u64 revision · str(value)
 *    FAILURE: u8 outcome · u24 zero · u32 retry after ms · str(code) · str(sentence)
 * 3. Results cost no object. Failures, redirects and greetings are rare and may.
 */
import { assert } from '../../base/assert.ts';
import { putU16BE, putU32BE, putU64BE } from '../../base/bytes.ts';
import { type ErrorCode, errorRow, isErrorCode, type Outcome } from '../../base/errors.ts';
import { encodeUtf8 } from '../../base/text.ts';
import type { ResultLane, Room } from '../results.ts';
import { KEY_BYTES_MAX, SESSION_WINDOW, STATUS, VALUE_BYTES_MAX } from '../types.ts';
import type { FrameWriter } from './frame-writer.ts';
import { FLAG, FRAME_HEADER_BYTES, FRAME_MAGIC, isTyped, REPLY, WIRE_VERSION } from './wire.ts';

/** A RESULT's payload without its value's bytes. */
export const RESULT_BYTES = 20;
export const FAILURE_FIXED_BYTES = 16;
export const WELCOME_FIXED_BYTES = 24;
export const METRICS_BYTES = 32;

/** FAILURE's first byte. */
export const OUTCOME_BYTES: readonly Outcome[] = ['not-applied', 'unknown', 'applied'];

/** A result about to be written. Reused; `source` is where the value stands, not a copy. */
export interface ReplyView {
  seq: number;
  /** The request's command and flags: they decide the form. */
  command: number;
  flags: number;
  status: number;
  /** After the command; 0 where there is none. */
  revision: number;
  /** How long ago, at most, a stale answer was true. 0: linearizable. */
  staleMs: number;
  source: Uint8Array;
  valueAt: number;
  valueBytes: number;
}

export function newReplyView(): ReplyView {
  return {
    seq: 0,
    command: 0,
    flags: 0,
    status: 0,
    revision: 0,
    staleMs: 0,
    source: new Uint8Array(0),
    valueAt: 0,
    valueBytes: 0,
  };
}

/** Answers a command with what the store said. */
export function writeResult(writer: FrameWriter, reply: ReplyView): void {
  if (isAnswer(reply.status) && isTyped(reply.command, reply.flags)) writeTyped(writer, reply);
  else if (reply.status <= STATUS.NOT_FOUND) writePlain(writer, reply);
  else writeFailure(writer, reply, { code: statusCode(reply.status), detail: null });
}

const isAnswer = (status: number): boolean => status <= STATUS.CONDITION_FAILED;

function writePlain(writer: FrameWriter, reply: ReplyView): void {
  const { seq, status, valueBytes } = reply;
  if (status === STATUS.VALUE) {
    const at = writer.frame(REPLY.VALUE, 0, seq, 4 + valueBytes);
    writer.string(at, reply.source, reply.valueAt, valueBytes);
  } else {
    writer.frame(status === STATUS.OK ? REPLY.OK : REPLY.NOT_FOUND, 0, seq, 0);
  }
}

/** What a lane leaves free for plain replies: VALUE's header and length, or a header alone. */
export const PLAIN_ROOM: Room = { value: FRAME_HEADER_BYTES + 4, bare: FRAME_HEADER_BYTES };

/**
 * Makes a plain reply to a GET around the row's value, where it stands. Answers where the reply
 * begins; -1: the lane has no room for it, or the row asks for another form.
 */
export function framePlainResult(
  lane: ResultLane,
  row: number,
  seq: number,
  sender: number,
): number {
  const status = lane.status[row]!;
  const valueBytes = lane.valueBytes[row]!;
  const isValue = status === STATUS.VALUE && valueBytes > 0;
  const isNothing = status === STATUS.NOT_FOUND && valueBytes === 0;
  if (lane.room !== PLAIN_ROOM || !(isValue || isNothing)) return -1;
  const { values } = lane;
  const at = lane.valueAt[row]! - (isValue ? PLAIN_ROOM.value : PLAIN_ROOM.bare);
  putU32BE(values, at, FRAME_MAGIC);
  values[at + 4] = isValue ? REPLY.VALUE : REPLY.NOT_FOUND;
  values[at + 5] = 0;
  putU16BE(values, at + 6, sender);
  putU32BE(values, at + 8, isValue ? 4 + valueBytes : 0);
  putU32BE(values, at + 12, seq);
  if (isValue) putU32BE(values, at + FRAME_HEADER_BYTES, valueBytes);
  return at;
}

function writeTyped(writer: FrameWriter, reply: ReplyView): void {
  const { valueBytes } = reply;
  const at = writer.frame(REPLY.RESULT, FLAG.TYPED, reply.seq, RESULT_BYTES + valueBytes);
  const { bytes } = writer;
  putU32BE(bytes, at, reply.status * 0x100_0000);
  putU32BE(bytes, at + 4, reply.staleMs);
  putU64BE(bytes, at + 8, reply.revision);
  writer.string(at + 16, reply.source, reply.valueAt, valueBytes);
}

/** The code of each status that is no answer; statuses and codes share their names. */
const STATUS_CODES: readonly (ErrorCode | null)[] = Array.from({ length: 256 }, (_, status) => {
  const name = Object.entries(STATUS).find(([, value]) => value === status)?.[0] ?? '';
  return status >= STATUS.CONDITION_FAILED && isErrorCode(name) ? name : null;
});

export function statusCode(status: number): ErrorCode {
  const code = STATUS_CODES[status] ?? null;
  assert(code !== null, 'internal', 'a status without an error code');
  return code;
}

/** Which request is being answered: a row of the outbox, or a ReplyView. */
export interface Request {
  readonly seq: number;
  readonly command: number;
  readonly flags: number;
}

export interface WireFailure {
  readonly code: ErrorCode;
  /** Null: the table's own words. */
  readonly detail: string | null;
  /** A hint for OVERLOADED and its like; absent or 0: none. */
  readonly retryAfterMs?: number;
}

/** Answers any request with an error, in kind. */
export function writeFailure(writer: FrameWriter, request: Request, failure: WireFailure): void {
  const row = errorRow(failure.code);
  const detail = failure.detail ?? row.meaning;
  if (!isTyped(request.command, request.flags)) {
    writeText(writer, REPLY.ERROR, request.seq, `${failure.code} ${detail}`);
    return;
  }
  const code = encodeUtf8(failure.code);
  const text = encodeUtf8(detail);
  const size = FAILURE_FIXED_BYTES + code.length + text.length;
  const at = writer.frame(REPLY.FAILURE, FLAG.TYPED, request.seq, size);
  putU32BE(writer.bytes, at, OUTCOME_BYTES.indexOf(row.outcome) * 0x100_0000);
  putU32BE(writer.bytes, at + 4, failure.retryAfterMs ?? 0);
  const next = writer.string(at + 8, code, 0, code.length);
  writer.string(next, text, 0, text.length);
}

/** `address`: the leader's advertised client address, `host:port`. */
export function writeRedirect(writer: FrameWriter, seq: number, address: string): void {
  writeText(writer, REPLY.REDIRECT, seq, address);
}

function writeText(writer: FrameWriter, command: number, seq: number, text: string): void {
  const bytes = encodeUtf8(text);
  const at = writer.frame(command, 0, seq, 4 + bytes.length);
  writer.string(at, bytes, 0, bytes.length);
}

export function writePong(writer: FrameWriter, seq: number): void {
  writer.frame(REPLY.PONG, 0, seq, 0);
}

export interface WireMetrics {
  readonly opsGet: number;
  readonly opsPut: number;
  readonly p99GetMicros: number;
  readonly p99PutMicros: number;
}

export function writeMetrics(writer: FrameWriter, seq: number, metrics: WireMetrics): void {
  const at = writer.frame(REPLY.METRICS, 0, seq, METRICS_BYTES);
  putU64BE(writer.bytes, at, metrics.opsGet);
  putU64BE(writer.bytes, at + 8, metrics.opsPut);
  putU64BE(writer.bytes, at + 16, metrics.p99GetMicros);
  putU64BE(writer.bytes, at + 24, metrics.p99PutMicros);
}

/** Answers a client's HELLO. `features`: those granted. `server`: name and version, for people. */
export function writeWelcome(
  writer: FrameWriter,
  seq: number,
  welcome: { readonly features: number; readonly server: string },
): void {
  const server = encodeUtf8(welcome.server);
  const at = writer.frame(REPLY.WELCOME, FLAG.TYPED, seq, WELCOME_FIXED_BYTES + server.length);
  const { bytes } = writer;
  bytes[at] = WIRE_VERSION;
  bytes[at + 1] = 0;
  putU16BE(bytes, at + 2, writer.sender);
  putU32BE(bytes, at + 4, welcome.features);
  putU32BE(bytes, at + 8, KEY_BYTES_MAX);
  putU32BE(bytes, at + 12, VALUE_BYTES_MAX);
  putU32BE(bytes, at + 16, SESSION_WINDOW);
  writer.string(at + 20, server, 0, server.length);
}
