/** What the tests of this folder share: a connection as a plain object, rows as plain objects. */
import { fromHex, putU32BE, toHex } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { encodeUtf8 } from '../../base/text.ts';
import { millis } from '../../base/units.ts';
import { newCommandView, readCommand } from '../command.ts';
import { newRequestView, type RequestView, writeRequest } from './client.ts';
import { FrameWriter } from './frame-writer.ts';
import { ProtocolOut } from './requests.ts';
import { protocol } from './step.ts';

export interface PlainRow {
  readonly connection: number;
  readonly seq: number;
  readonly command: number;
  readonly flags: number;
  readonly operation: number;
  readonly error: string | null;
  /** The core command, or the payload of what the node answers itself; see `spell`. */
  readonly bytes: string;
  readonly key: string;
}

export interface Transcript {
  readonly rows: PlainRow[];
  readonly peerFrames: string[];
  readonly closes: string[];
  /** The size of the connection's buffer: the largest between two steps, and the last. */
  keptBytesMax: number;
  keptBytes: number;
  mode: string;
}

/** Bytes as hex; long ones as their length and CRC, so that comparing them stays cheap. */
export function spell(bytes: Uint8Array): string {
  if (bytes.length <= 4096) return toHex(bytes);
  return `${bytes.length} bytes, CRC ${crc32c(bytes, 0, bytes.length)}`;
}

/** Copies what stands in `out` into `transcript`. */
export function record(out: ProtocolOut, transcript: Transcript): void {
  const { requests } = out;
  for (let row = 0; row < requests.count; row++) {
    const at = requests.at[row]!;
    const keyAt = requests.keyAt[row]!;
    transcript.rows.push({
      connection: requests.connection[row]!,
      seq: requests.seq[row]!,
      command: requests.command[row]!,
      flags: requests.flags[row]!,
      operation: requests.operation[row]!,
      error: requests.error[row]!,
      bytes: spell(requests.commands.subarray(at, at + requests.bytes[row]!)),
      key: spell(requests.commands.subarray(keyAt, keyAt + requests.keyBytes[row]!)),
    });
  }
  for (const frame of out.peerFrames) transcript.peerFrames.push(spell(frame.bytes));
  for (const close of out.closes) transcript.closes.push(close.reason);
}

export const newTranscript = (): Transcript => ({
  rows: [],
  peerFrames: [],
  closes: [],
  keptBytesMax: 0,
  keptBytes: 0,
  mode: '',
});

/** Feeds a fresh connection the pieces, one step each, checking its invariants after every one. */
export function feed(
  pieces: Iterable<Uint8Array>,
  mode: 'unknown' | 'peer' = 'unknown',
): Transcript {
  const state = protocol.init({ connection: 7, mode });
  const out = new ProtocolOut();
  const transcript = newTranscript();
  for (const bytes of pieces) {
    out.clear();
    protocol.step(state, { kind: 'received', bytes }, millis(0), out);
    protocol.check(state);
    record(out, transcript);
    transcript.keptBytesMax = Math.max(transcript.keptBytesMax, state.tail.bytes.length);
  }
  transcript.keptBytes = state.tail.bytes.length;
  transcript.mode = state.mode;
  return transcript;
}

/** `bytes` cut at `cuts`, which ascend. */
export function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    pieces.push(bytes.slice(from, cut));
    from = cut;
  }
  return pieces;
}

export const splitEvery = (bytes: Uint8Array, size: number): Uint8Array[] =>
  split(
    bytes,
    Array.from({ length: Math.ceil(bytes.length / size) - 1 }, (_, n) => (n + 1) * size),
  );

/** A core command's parts, or null when it is malformed. */
export function partsOf(bytes: Uint8Array) {
  const view = newCommandView();
  if (!readCommand(bytes, 0, bytes.length, view)) return null;
  return {
    operation: view.operation,
    flags: view.flags,
    session: view.session,
    sequence: view.sequence,
    lowestUnacknowledged: view.lowestUnacknowledged,
    key: bytes.slice(view.keyAt, view.keyAt + view.keyBytes),
    value: bytes.slice(view.valueAt, view.valueAt + view.valueBytes),
  };
}

/** Hex with spaces, as the tables print it. */
export const hex = (text: string): Uint8Array => fromHex(text.replaceAll(/\s/g, ''));
export const text = encodeUtf8;

/** One request's frame. */
export function request(parts: Partial<RequestView>): Uint8Array {
  const writer = new FrameWriter(0);
  writeRequest(writer, { ...newRequestView(), ...parts });
  return writer.take();
}

/** A header whose payload is up to the test. */
export function header(command: number, payloadBytes: number, flags = 0): Uint8Array {
  const bytes = hex('a9ecbd10 00 00 0000 00000000 00000009');
  bytes[4] = command;
  bytes[5] = flags;
  putU32BE(bytes, 8, payloadBytes);
  return bytes;
}

/** The refusals of a fresh connection's rows, null for a row that passed. */
export const errorsOf = (pieces: Iterable<Uint8Array>) => feed(pieces).rows.map((row) => row.error);
