/**
 * The client's half, incoming: a stream of replies becomes rows in typed arrays.
 *
 * 1. Plain and typed replies give the same row: status, revision, value.
 * 2. Whatever is not a status (ERROR, FAILURE, REDIRECT, PONG, METRICS, WELCOME) has status
 *    NO_STATUS and its payload as value; the functions below read it.
 * 3. A server that breaks the rules breaks the stream: `broken` is set and nothing more is read.
 */
import { getU16BE, getU32BE, getU64BE } from '../../base/bytes.ts';
import { copyBytes } from '../../base/copy.ts';
import type { Outcome } from '../../base/errors.ts';
import { decodeUtf8 } from '../../base/text.ts';
import { STATUS } from '../types.ts';
import { emptyGather, gatherUpTo, newGather } from './gather.ts';
import { grown } from './requests.ts';
import { FRAME_HEADER_BYTES, FRAME_MAGIC, REPLY } from './wire.ts';
import {
  FAILURE_FIXED_BYTES,
  METRICS_BYTES,
  OUTCOME_BYTES,
  RESULT_BYTES,
  WELCOME_FIXED_BYTES,
  type WireMetrics,
} from './writer.ts';

export const NO_STATUS = 255;
/** A server sends no longer payload than a largest value and what a reply says about it. */
const REPLY_PAYLOAD_BYTES_MAX = 16 * 1024 * 1024;
const ROWS_FIRST = 64;

export class ReplyReader {
  /** The stream makes no sense; close the connection. */
  broken = false;
  count = 0;
  seq = new Uint32Array(ROWS_FIRST);
  /** The reply's command byte. */
  command = new Uint8Array(ROWS_FIRST);
  status = new Uint8Array(ROWS_FIRST);
  /** 0 in plain replies. */
  revision = new Float64Array(ROWS_FIRST);
  staleMs = new Uint32Array(ROWS_FIRST);
  valueAt = new Uint32Array(ROWS_FIRST);
  valueBytes = new Uint32Array(ROWS_FIRST);
  values = new Uint8Array(4096);
  #used = 0;
  readonly #tail = newGather();

  /** Forgets the rows, not what has come of the next reply. */
  clear(): void {
    this.count = 0;
    this.#used = 0;
  }

  /** A view; valid until `clear` or the next `receive`. */
  value(row: number): Uint8Array {
    const at = this.valueAt[row]!;
    return this.values.subarray(at, at + this.valueBytes[row]!);
  }

  /** Appends a row per reply that has come whole. */
  receive(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && !this.broken) {
      at = this.#tail.used > 0 ? this.#takeUp(bytes, at) : this.#takeHere(bytes, at);
    }
  }

  #takeHere(bytes: Uint8Array, at: number): number {
    const consumed = this.#read(bytes, at, bytes.length);
    if (consumed > 0 || this.broken) return at + consumed;
    return gatherUpTo(this.#tail, bytes.length - at, bytes, at);
  }

  #takeUp(bytes: Uint8Array, at: number): number {
    const tail = this.#tail;
    const wanted =
      tail.used < FRAME_HEADER_BYTES
        ? FRAME_HEADER_BYTES
        : FRAME_HEADER_BYTES + getU32BE(tail.bytes, 8);
    const next = gatherUpTo(tail, wanted, bytes, at);
    if (this.#read(tail.bytes, 0, tail.used) > 0) emptyGather(tail);
    return next;
  }

  /** Reads the reply at `at`; answers its length, 0 if it is not whole. */
  #read(bytes: Uint8Array, at: number, to: number): number {
    if (to - at < FRAME_HEADER_BYTES) return 0;
    const payloadBytes = getU32BE(bytes, at + 8);
    this.broken = getU32BE(bytes, at) !== FRAME_MAGIC || payloadBytes > REPLY_PAYLOAD_BYTES_MAX;
    const size = FRAME_HEADER_BYTES + payloadBytes;
    if (this.broken || to - at < size) return 0;
    this.broken = !this.#readPayload(bytes, at, at + size);
    return this.broken ? 0 : size;
  }

  #readPayload(bytes: Uint8Array, at: number, end: number): boolean {
    const row = this.#newRow(bytes, at);
    const payloadAt = at + FRAME_HEADER_BYTES;
    switch (bytes[at + 4]) {
      case REPLY.OK:
        this.status[row] = STATUS.OK;
        return payloadAt === end;
      case REPLY.NOT_FOUND:
        this.status[row] = STATUS.NOT_FOUND;
        return payloadAt === end;
      case REPLY.VALUE:
        this.status[row] = STATUS.VALUE;
        return this.#readString(row, bytes, payloadAt, end);
      case REPLY.RESULT:
        return this.#readResult(row, bytes, payloadAt, end);
      case REPLY.ERROR:
      case REPLY.REDIRECT:
        return this.#readString(row, bytes, payloadAt, end);
      default:
        this.#keepValue(row, bytes, payloadAt, end - payloadAt);
        return hasRightSize(bytes, at, end);
    }
  }

  #readResult(row: number, bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at < RESULT_BYTES || getU32BE(bytes, at + 8) >= 0x20_0000) return false;
    this.status[row] = bytes[at]!;
    this.staleMs[row] = getU32BE(bytes, at + 4);
    this.revision[row] = getU64BE(bytes, at + 8);
    return this.#readString(row, bytes, at + 16, end);
  }

  #readString(row: number, bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at < 4 || getU32BE(bytes, at) !== end - at - 4) return false;
    this.#keepValue(row, bytes, at + 4, end - at - 4);
    return true;
  }

  #keepValue(row: number, bytes: Uint8Array, at: number, length: number): void {
    const used = this.#used;
    this.#used += length;
    if (this.#used > this.values.length) {
      const values = new Uint8Array(Math.max(this.#used, this.values.length * 2));
      this.values = grown(this.values.subarray(0, used), values);
    }
    copyBytes(this.values, used, bytes, at, length);
    this.valueAt[row] = used;
    this.valueBytes[row] = length;
  }

  #newRow(bytes: Uint8Array, at: number): number {
    if (this.count === this.seq.length) this.#growRows();
    const row = this.count++;
    this.command[row] = bytes[at + 4]!;
    this.seq[row] = getU32BE(bytes, at + 12);
    this.status[row] = NO_STATUS;
    this.revision[row] = 0;
    this.staleMs[row] = 0;
    this.valueAt[row] = this.#used;
    this.valueBytes[row] = 0;
    return row;
  }

  #growRows(): void {
    const size = this.seq.length * 2;
    this.seq = grown(this.seq, new Uint32Array(size));
    this.command = grown(this.command, new Uint8Array(size));
    this.status = grown(this.status, new Uint8Array(size));
    this.revision = grown(this.revision, new Float64Array(size));
    this.staleMs = grown(this.staleMs, new Uint32Array(size));
    this.valueAt = grown(this.valueAt, new Uint32Array(size));
    this.valueBytes = grown(this.valueBytes, new Uint32Array(size));
  }
}

/** Of the replies whose payload is kept as it is: whether it can be read later. */
function hasRightSize(bytes: Uint8Array, at: number, end: number): boolean {
  const size = end - at - FRAME_HEADER_BYTES;
  switch (bytes[at + 4]) {
    case REPLY.PONG:
      return size === 0;
    case REPLY.METRICS:
      return size === METRICS_BYTES;
    case REPLY.WELCOME:
      return size >= WELCOME_FIXED_BYTES;
    case REPLY.FAILURE:
      return size >= FAILURE_FIXED_BYTES;
    default:
      return false;
  }
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** Plain errors do not say: null. */
  readonly outcome: Outcome | null;
  readonly retryAfterMs: number;
}

/** What an ERROR or FAILURE row says. */
export function readRefusal(reader: ReplyReader, row: number): Refusal {
  const bytes = reader.value(row);
  if (reader.command[row] === REPLY.ERROR) {
    const text = decodeUtf8(bytes);
    const space = text.indexOf(' ');
    const code = space < 0 ? text : text.slice(0, space);
    return { code, message: text.slice(code.length + 1), outcome: null, retryAfterMs: 0 };
  }
  const codeEnd = Math.min(bytes.length, 12 + getU32BE(bytes, 8));
  return {
    code: decodeUtf8(bytes, 12, codeEnd),
    message: decodeUtf8(bytes, Math.min(bytes.length, codeEnd + 4), bytes.length),
    outcome: OUTCOME_BYTES[bytes[0]!] ?? 'unknown',
    retryAfterMs: getU32BE(bytes, 4),
  };
}

export function readMetrics(reader: ReplyReader, row: number): WireMetrics {
  const bytes = reader.value(row);
  return {
    opsGet: getU64BE(bytes, 0),
    opsPut: getU64BE(bytes, 8),
    p99GetMicros: getU64BE(bytes, 16),
    p99PutMicros: getU64BE(bytes, 24),
  };
}

export interface Welcome {
  readonly version: number;
  readonly node: number;
  readonly features: number;
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  readonly sessionWindow: number;
  readonly server: string;
}

export function readWelcome(reader: ReplyReader, row: number): Welcome {
  const bytes = reader.value(row);
  return {
    version: bytes[0]!,
    node: getU16BE(bytes, 2),
    features: getU32BE(bytes, 4),
    keyBytesMax: getU32BE(bytes, 8),
    valueBytesMax: getU32BE(bytes, 12),
    sessionWindow: getU32BE(bytes, 16),
    server: decodeUtf8(bytes, 24, Math.min(bytes.length, 24 + getU32BE(bytes, 20))),
  };
}
