/**
 * The corpus that every client library is tested against, made here and kept in
 * clients/conformance/. A difference is a change of the wire: `vitest run PATH -u` rewrites the
 * files, and the diff is reviewed like code.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../base/bytes.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { encodeUtf8 } from '../../base/text.ts';
import { STATUS } from '../types.ts';
import { newRequestView, type RequestView, writeHello, writeRequest } from './client.ts';
import { feed, splitEvery } from './fixture.ts';
import { FrameWriter } from './frame-writer.ts';
import { NO_STATUS, ReplyReader, readMetrics, readRefusal, readWelcome } from './replies.ts';
import { COMMAND_ROWS, commandRow, FEATURE, FIELD, FLAG, REPLY, REQUEST, ROLE } from './wire.ts';
import {
  newReplyView,
  type ReplyView,
  writeFailure,
  writeMetrics,
  writePong,
  writeRedirect,
  writeResult,
  writeWelcome,
} from './writer.ts';

const FOLDER = new URL('../../../clients/conformance/', import.meta.url);
const fileOf = (name: string): string => new URL(name, FOLDER).pathname;
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const text = encodeUtf8;

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const IN_SESSION = { session: 41, sequence: 7, lowestUnacknowledged: 5 };
const AT_THE_EDGE = {
  session: Number.MAX_SAFE_INTEGER,
  sequence: Number.MAX_SAFE_INTEGER,
  lowestUnacknowledged: 2 ** 32,
};

const REQUESTS: readonly [string, Partial<RequestView>][] = [
  ['GET', { command: REQUEST.GET, key: text('greeting') }],
  ['GET, empty key', { command: REQUEST.GET }],
  ['GET, key of every byte', { command: REQUEST.GET, key: EVERY_BYTE }],
  ['GET, stale', { command: REQUEST.GET, flags: FLAG.STALE, key: text('k') }],
  ['GET, redirect', { command: REQUEST.GET, flags: FLAG.REDIRECT, key: text('k') }],
  [
    'GET, typed and stale',
    { command: REQUEST.GET, flags: FLAG.TYPED | FLAG.STALE, key: text('k') },
  ],
  ['GET, largest seq', { command: REQUEST.GET, seq: 0xffff_ffff, key: text('k') }],
  ['PUT', { command: REQUEST.PUT, key: text('greeting'), value: text('hello') }],
  ['PUT, empty value', { command: REQUEST.PUT, key: text('k') }],
  ['PUT, value of every byte', { command: REQUEST.PUT, key: text('k'), value: EVERY_BYTE }],
  ['PUT, text that is not ASCII', { command: REQUEST.PUT, key: text('ключ'), value: text('值 €') }],
  [
    'PUT, in a session',
    { command: REQUEST.PUT, flags: FLAG.SESSION, ...IN_SESSION, key: text('k'), value: text('v') },
  ],
  ['DEL', { command: REQUEST.DEL, key: text('greeting') }],
  [
    'DEL, in a session, typed, largest numbers',
    { command: REQUEST.DEL, flags: FLAG.SESSION | FLAG.TYPED, ...AT_THE_EDGE, key: text('k') },
  ],
  ['PING', { command: REQUEST.PING }],
  ['METRICS', { command: REQUEST.METRICS }],
  ['OPEN_SESSION', { command: REQUEST.OPEN_SESSION }],
  ['CLOSE_SESSION', { command: REQUEST.CLOSE_SESSION, flags: FLAG.SESSION, ...IN_SESSION }],
  [
    'COMPARE_AND_SWAP, absent',
    { command: REQUEST.COMPARE_AND_SWAP, key: text('k'), value: text('new') },
  ],
  [
    'COMPARE_AND_SWAP, empty value expected',
    { command: REQUEST.COMPARE_AND_SWAP, key: text('k'), expected: text(''), value: text('new') },
  ],
  [
    'COMPARE_AND_SWAP, in a session',
    {
      command: REQUEST.COMPARE_AND_SWAP,
      flags: FLAG.SESSION,
      ...IN_SESSION,
      key: text('k'),
      expected: text('old'),
      value: text(''),
    },
  ],
  ['INCREMENT', { command: REQUEST.INCREMENT, key: text('n'), value: text('1') }],
  [
    'INCREMENT, down',
    { command: REQUEST.INCREMENT, key: text('n'), value: text('-9223372036854775808') },
  ],
  ['APPEND', { command: REQUEST.APPEND, key: text('log'), value: text('line\n') }],
];

function requestVector([name, parts]: readonly [string, Partial<RequestView>], n: number) {
  const writer = new FrameWriter(0);
  const request = { ...newRequestView(), seq: n + 1, ...parts };
  writeRequest(writer, request);
  const row = commandRow(request.command)!;
  const { session, sequence, lowestUnacknowledged } = request;
  const inSession = (request.flags & FLAG.SESSION) !== 0;
  return {
    name,
    command: row.name,
    flags: request.flags,
    seq: request.seq,
    ...(inSession ? { session, sequence, lowestUnacknowledged } : {}),
    ...((row.fields & FIELD.KEY) !== 0 ? { key: toHex(request.key) } : {}),
    ...((row.fields & FIELD.EXPECTED) !== 0
      ? { expected: request.expected === null ? null : toHex(request.expected) }
      : {}),
    ...((row.fields & FIELD.VALUE) !== 0 ? { value: toHex(request.value) } : {}),
    frame: toHex(writer.take()),
  };
}

function helloVector(name: string, features: number) {
  const writer = new FrameWriter(0);
  const hello = { role: ROLE.CLIENT, versionMin: 2, versionMax: 2, features, name: text(name) };
  writeHello(writer, 1, hello);
  const versions = { versionMin: 2, versionMax: 2 };
  return {
    name: `HELLO, features ${features}`,
    command: 'HELLO',
    flags: 0,
    seq: 1,
    ...versions,
    features,
    client: name,
    frame: toHex(writer.take()),
  };
}

const WISHES = FEATURE.COMPLETION_ORDER | FEATURE.REDIRECT | FEATURE.TYPED;
const requestVectors = [
  ...REQUESTS.map(requestVector),
  helloVector('', 0),
  helloVector('conformance', WISHES),
];

describe('requests.json', () => {
  test('holds what the client half writes', async () => {
    await expect(json(requestVectors)).toMatchFileSnapshot(fileOf('requests.json'));
  });

  test('covers every command', () => {
    const covered = new Set(requestVectors.map((vector) => vector.command));
    expect([...covered].sort()).toEqual(COMMAND_ROWS.map((row) => row.name).sort());
  });

  test('is accepted by the server half, frame by frame', () => {
    const file = JSON.parse(readFileSync(fileOf('requests.json'), 'utf8')) as typeof requestVectors;
    for (const vector of file) {
      const [row] = feed(splitEvery(fromHex(vector.frame), 5)).rows;
      expect(row).toMatchObject({ error: null, seq: vector.seq });
      expect(commandRow(row!.command)!.name).toBe(vector.command);
    }
  });
});

const REFUSED: readonly [string, string, boolean][] = [
  ['unknown command', 'a9ecbd10 06 00 0000 00000000 00000001', false],
  ['unknown flag', 'a9ecbd10 04 40 0000 00000000 00000001', false],
  ['session prefix on a read', 'a9ecbd10 01 01 0000 00000005 00000001 00000001 6b', false],
  ['stale write', 'a9ecbd10 03 02 0000 00000005 00000001 00000001 6b', false],
  ['string beyond its payload', 'a9ecbd10 01 00 0000 00000005 00000001 00000002 6b', false],
  ['bytes after the last string', 'a9ecbd10 01 00 0000 00000006 00000001 00000001 6b6b', false],
  ['key too large', 'a9ecbd10 01 00 0000 00010005 00000001 00010001', false],
  ['value too large', 'a9ecbd10 02 00 0000 0080000a 00000001 00000001 6b 00800001', false],
  ['no common version', 'a9ecbd10 20 00 0000 0000000c 00000001 0003ff00 00000000 00000000', false],
  ['payload beyond 64 MiB', 'a9ecbd10 02 00 0000 04000001 00000001', true],
  ['wrong magic', 'a9ecbd11 04 00 0000 00000000 00000001', true],
  ['another protocol', '474554202f20485454502f312e310d0a', true],
];

test('refused.json: beginnings of frames, the code they are answered with, and who closes', async () => {
  const vectors = REFUSED.map(([name, bytes, closes]) => {
    const frame = bytes.replaceAll(' ', '');
    const transcript = feed([fromHex(frame)]);
    expect(transcript.closes.length > 0).toBe(closes);
    const [row] = transcript.rows;
    return { name, code: row?.error ?? null, seq: row?.seq ?? null, closes, begins: frame };
  });
  expect(vectors.map((vector) => vector.code)).toEqual([
    'UNKNOWN_COMMAND',
    'MALFORMED',
    'MALFORMED',
    'MALFORMED',
    'MALFORMED',
    'MALFORMED',
    'KEY_TOO_LARGE',
    'VALUE_TOO_LARGE',
    'WRONG_VERSION',
    'BAD_FRAME',
    'BAD_FRAME',
    null,
  ]);
  await expect(json(vectors)).toMatchFileSnapshot(fileOf('refused.json'));
});

const NODE = 3;

function replyBytes(write: (writer: FrameWriter) => void): Uint8Array {
  const writer = new FrameWriter(NODE);
  write(writer);
  return writer.take();
}

function result(parts: Partial<ReplyView>, value: Uint8Array = new Uint8Array(0)): Uint8Array {
  const source = { source: value, valueBytes: value.length };
  return replyBytes((writer) => writeResult(writer, { ...newReplyView(), ...parts, ...source }));
}

function failed(code: ErrorCode, flags: number, retryAfterMs = 0): Uint8Array {
  const request = { seq: 1, command: REQUEST.PUT, flags };
  const failure = { code, detail: 'a sentence', retryAfterMs };
  return replyBytes((writer) => writeFailure(writer, request, failure));
}

const PLAIN = { seq: 1, command: REQUEST.GET, flags: 0 };
const TYPED = { seq: 2, command: REQUEST.GET, flags: FLAG.TYPED };
const METRICS = { opsGet: 1, opsPut: 2 ** 32, p99GetMicros: 3, p99PutMicros: 2 ** 53 - 1 };
const LARGEST = { revision: Number.MAX_SAFE_INTEGER, staleMs: 0xffff_ffff };

const REPLIES: readonly [string, Uint8Array][] = [
  ['OK', result({ ...PLAIN, command: REQUEST.PUT, status: STATUS.OK })],
  ['VALUE', result({ ...PLAIN, status: STATUS.VALUE }, text('hello'))],
  ['VALUE, empty', result({ ...PLAIN, status: STATUS.VALUE })],
  ['VALUE, every byte', result({ ...PLAIN, seq: 0xffff_ffff, status: STATUS.VALUE }, EVERY_BYTE)],
  ['NOT_FOUND', result({ ...PLAIN, status: STATUS.NOT_FOUND })],
  ['ERROR', failed('NO_LEADER', 0)],
  ['REDIRECT', replyBytes((writer) => writeRedirect(writer, 1, '127.0.0.1:7001'))],
  ['PONG', replyBytes((writer) => writePong(writer, 1))],
  ['METRICS', replyBytes((writer) => writeMetrics(writer, 1, METRICS))],
  [
    'WELCOME',
    replyBytes((writer) => writeWelcome(writer, 1, { features: WISHES, server: 'apex-kv' })),
  ],
  ['RESULT, OK', result({ ...TYPED, status: STATUS.OK, revision: 12 })],
  ['RESULT, value', result({ ...TYPED, status: STATUS.VALUE, revision: 12 }, text('hello'))],
  ['RESULT, stale', result({ ...TYPED, status: STATUS.VALUE, ...LARGEST }, text('hello'))],
  ['RESULT, not found', result({ ...TYPED, status: STATUS.NOT_FOUND, revision: 12 })],
  [
    'RESULT, condition failed',
    result(
      { ...TYPED, command: REQUEST.COMPARE_AND_SWAP, status: STATUS.CONDITION_FAILED },
      text('x'),
    ),
  ],
  ['FAILURE, not applied', failed('OVERLOADED', FLAG.TYPED, 250)],
  ['FAILURE, unknown', failed('UNCERTAIN', FLAG.TYPED)],
  ['FAILURE, applied', failed('APPLIED_RESULT_DROPPED', FLAG.TYPED)],
];

const STATUS_NAMES = ['OK', 'VALUE', 'NOT_FOUND', 'CONDITION_FAILED'];

/** What a client should make of the frame. */
function replyVector([name, frame]: readonly [string, Uint8Array]) {
  const reader = new ReplyReader();
  for (const piece of splitEvery(frame, 3)) reader.receive(piece);
  expect([reader.broken, reader.count]).toEqual([false, 1]);
  const head = { name, seq: reader.seq[0]!, sender: NODE };
  return { ...head, ...meaningOf(reader), frame: toHex(frame) };
}

function meaningOf(reader: ReplyReader): object {
  const reply = Object.entries(REPLY).find(([, command]) => command === reader.command[0])![0];
  const status = reader.status[0]!;
  if (status !== NO_STATUS) {
    const typed = { revision: reader.revision[0]!, staleMs: reader.staleMs[0]! };
    const value = toHex(reader.value(0));
    return { reply, status: STATUS_NAMES[status], ...(reply === 'RESULT' ? typed : {}), value };
  }
  switch (reader.command[0]) {
    case REPLY.ERROR:
    case REPLY.FAILURE:
      return { reply, ...readRefusal(reader, 0) };
    case REPLY.METRICS:
      return { reply, ...readMetrics(reader, 0) };
    case REPLY.WELCOME:
      return { reply, ...readWelcome(reader, 0) };
    case REPLY.REDIRECT:
      return { reply, address: new TextDecoder().decode(reader.value(0)) };
    default:
      return { reply };
  }
}

describe('replies.json', () => {
  const vectors = REPLIES.map(replyVector);

  test('holds what the server half writes and the client half understands', async () => {
    await expect(json(vectors)).toMatchFileSnapshot(fileOf('replies.json'));
  });

  test('covers every reply', () => {
    const covered = new Set(REPLIES.map(([, frame]) => frame[4]!));
    expect([...covered].sort()).toEqual(Object.values(REPLY).sort());
  });
});
