/**
 * The client's half, outgoing: requests as frames. Pure, so that the simulator's clients, the
 * benchmark and the command line send the same bytes.
 *
 * A RequestView is filled in and reused; `writeRequest` appends its frame to a FrameWriter.
 */
import { putU32BE, putU64BE } from '../../base/bytes.ts';
import { ABSENT } from '../command.ts';
import type { FrameWriter } from './frame-writer.ts';
import { encodeHello, type Hello } from './hello.ts';
import { commandRow, FIELD, FLAG, REQUEST, SESSION_PREFIX_BYTES } from './wire.ts';

export interface RequestView {
  /** REQUEST, without HELLO; an unknown byte gets an empty payload. */
  command: number;
  flags: number;
  seq: number;
  /** These three count with FLAG.SESSION. */
  session: number;
  sequence: number;
  lowestUnacknowledged: number;
  key: Uint8Array;
  /** Of COMPARE_AND_SWAP; null: the key must not exist. */
  expected: Uint8Array | null;
  /** INCREMENT: the difference in decimal ASCII. */
  value: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

export function newRequestView(): RequestView {
  return {
    command: REQUEST.PING,
    flags: 0,
    seq: 0,
    session: 0,
    sequence: 0,
    lowestUnacknowledged: 0,
    key: NO_BYTES,
    expected: null,
    value: NO_BYTES,
  };
}

export function writeRequest(writer: FrameWriter, request: RequestView): void {
  const fields = commandRow(request.command)?.fields ?? 0;
  const bytes = payloadBytes(request, fields);
  let at = writer.frame(request.command, request.flags, request.seq, bytes);
  if ((request.flags & FLAG.SESSION) !== 0) {
    putU64BE(writer.bytes, at, request.session);
    putU64BE(writer.bytes, at + 8, request.sequence);
    putU64BE(writer.bytes, at + 16, request.lowestUnacknowledged);
    at += SESSION_PREFIX_BYTES;
  }
  const { key, value } = request;
  if ((fields & FIELD.KEY) !== 0) at = writer.string(at, key, 0, key.length);
  if ((fields & FIELD.EXPECTED) !== 0) at = writeExpected(writer, at, request.expected);
  if ((fields & FIELD.VALUE) !== 0) writer.string(at, value, 0, value.length);
}

function payloadBytes(request: RequestView, fields: number): number {
  const expectedBytes = request.expected === null ? 0 : request.expected.length;
  return (
    ((request.flags & FLAG.SESSION) !== 0 ? SESSION_PREFIX_BYTES : 0) +
    ((fields & FIELD.KEY) !== 0 ? 4 + request.key.length : 0) +
    ((fields & FIELD.EXPECTED) !== 0 ? 4 + expectedBytes : 0) +
    ((fields & FIELD.VALUE) !== 0 ? 4 + request.value.length : 0)
  );
}

function writeExpected(writer: FrameWriter, at: number, expected: Uint8Array | null): number {
  if (expected !== null) return writer.string(at, expected, 0, expected.length);
  putU32BE(writer.bytes, at, ABSENT);
  return at + 4;
}

/** HELLO, which must be a connection's first frame. */
export function writeHello(writer: FrameWriter, seq: number, hello: Hello): void {
  const payload = encodeHello(hello);
  const at = writer.frame(REQUEST.HELLO, 0, seq, payload.length);
  writer.bytes.set(payload, at);
}
