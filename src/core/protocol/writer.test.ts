import { describe, expect, test } from 'vitest';
import { fromHex, toHex } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { ERROR_CODES, errorRow } from '../../base/errors.ts';
import { encodeUtf8 } from '../../base/text.ts';
import { STATUS } from '../types.ts';
import { splitEvery } from './fixture.ts';
import { FrameWriter } from './frame-writer.ts';
import { NO_STATUS, ReplyReader, readMetrics, readRefusal, readWelcome } from './replies.ts';
import { FEATURE, FLAG, REPLY, REQUEST } from './wire.ts';
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

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(/\s/g, ''));
const GET = { seq: 7, command: REQUEST.GET, flags: 0 };
const TYPED_GET = { ...GET, flags: FLAG.TYPED };

function bytesOf(write: (writer: FrameWriter) => void): Uint8Array {
  const writer = new FrameWriter(2);
  write(writer);
  return writer.take();
}

function result(parts: Partial<ReplyView>, value = ''): Uint8Array {
  const source = encodeUtf8(`__${value}__`);
  const at = { source, valueAt: 2, valueBytes: source.length - 4 };
  return bytesOf((writer) => writeResult(writer, { ...newReplyView(), ...GET, ...at, ...parts }));
}

function read(bytes: Uint8Array, pieceBytes = bytes.length): ReplyReader {
  const reader = new ReplyReader();
  for (const piece of splitEvery(bytes, pieceBytes)) reader.receive(piece);
  return reader;
}

describe("plain replies, byte for byte the seed's", () => {
  test('OK, VALUE, NOT_FOUND', () => {
    const put = { command: REQUEST.PUT };
    expect(result({ ...put, status: STATUS.OK, revision: 9 })).toEqual(
      hex('a9ecbd10 10 00 0002 00000000 00000007'),
    );
    expect(result({ status: STATUS.VALUE, revision: 9 }, 'hi')).toEqual(
      hex('a9ecbd10 11 00 0002 00000006 00000007  00000002 6869'),
    );
    expect(result({ status: STATUS.VALUE }, '')).toEqual(
      hex('a9ecbd10 11 00 0002 00000004 00000007  00000000'),
    );
    expect(result({ status: STATUS.NOT_FOUND })).toEqual(
      hex('a9ecbd10 12 00 0002 00000000 00000007'),
    );
  });

  test('ERROR is "CODE sentence", REDIRECT an address', () => {
    const failure = { code: 'NO_LEADER', detail: 'wait' } as const;
    expect(bytesOf((writer) => writeFailure(writer, GET, failure))).toEqual(
      hex(`a9ecbd10 13 00 0002 00000012 00000007  0000000e ${toHex(encodeUtf8('NO_LEADER wait'))}`),
    );
    expect(bytesOf((writer) => writeRedirect(writer, 7, 'a:1'))).toEqual(
      hex('a9ecbd10 14 00 0002 00000007 00000007  00000003 613a31'),
    );
  });

  test('PONG and METRICS', () => {
    expect(bytesOf((writer) => writePong(writer, 1))).toEqual(
      hex('a9ecbd10 15 00 0002 00000000 00000001'),
    );
    const metrics = { opsGet: 1, opsPut: 2 ** 40, p99GetMicros: 3, p99PutMicros: 4 };
    expect(bytesOf((writer) => writeMetrics(writer, 1, metrics))).toEqual(
      hex(`a9ecbd10 16 00 0002 00000020 00000001
           0000000000000001 0000010000000000 0000000000000003 0000000000000004`),
    );
  });
});

describe('every status', () => {
  const statuses = Object.entries(STATUS);

  test.each(statuses)('%s has a plain reply', (name, status) => {
    const reader = read(result({ status }, status === STATUS.VALUE ? 'v' : ''));
    if (status <= STATUS.NOT_FOUND) expect(reader.status[0]).toBe(status);
    else expect(readRefusal(reader, 0)).toMatchObject({ code: name, outcome: null });
  });

  test.each(statuses)('%s has a typed reply', (name, status) => {
    const reader = read(result({ status, revision: 5, staleMs: 6, flags: FLAG.TYPED }, 'v'));
    expect(reader.seq[0]).toBe(7);
    if (status <= STATUS.CONDITION_FAILED) {
      expect(reader.command[0]).toBe(REPLY.RESULT);
      expect([reader.status[0], reader.revision[0], reader.staleMs[0]]).toEqual([status, 5, 6]);
      expect(reader.value(0)).toEqual(encodeUtf8('v'));
    } else {
      expect(reader.command[0]).toBe(REPLY.FAILURE);
      expect(readRefusal(reader, 0).code).toBe(name);
    }
  });
});

test('command bytes that the seed did not know are answered typed without asking', () => {
  const reader = read(
    result({ command: REQUEST.INCREMENT, status: STATUS.VALUE, revision: 3 }, '12'),
  );
  expect([reader.command[0], reader.revision[0]]).toEqual([REPLY.RESULT, 3]);
});

test.each(ERROR_CODES)('%s passes through both forms', (code) => {
  const failure = { code, detail: 'why not: ünïcode', retryAfterMs: 250 };
  const plain = read(bytesOf((writer) => writeFailure(writer, GET, failure)));
  expect(readRefusal(plain, 0)).toEqual({
    code,
    message: 'why not: ünïcode',
    outcome: null,
    retryAfterMs: 0,
  });
  const typed = read(bytesOf((writer) => writeFailure(writer, TYPED_GET, failure)));
  expect(readRefusal(typed, 0)).toEqual({
    code,
    message: 'why not: ünïcode',
    outcome: errorRow(code).outcome,
    retryAfterMs: 250,
  });
});

test("without a detail the error table's own words are sent", () => {
  const failure = { code: 'OVERLOADED', detail: null } as const;
  const reader = read(bytesOf((writer) => writeFailure(writer, GET, failure)));
  expect(readRefusal(reader, 0).message).toBe(errorRow('OVERLOADED').meaning);
});

test('WELCOME names version, node, features and limits', () => {
  const welcome = { features: FEATURE.TYPED, server: 'apex-kv 2.0' };
  const reader = read(bytesOf((writer) => writeWelcome(writer, 3, welcome)));
  expect(readWelcome(reader, 0)).toEqual({
    version: 2,
    node: 2,
    features: FEATURE.TYPED,
    keyBytesMax: 65_536,
    valueBytesMax: 8_388_608,
    sessionWindow: 1024,
    server: 'apex-kv 2.0',
  });
});

describe('the reply reader', () => {
  const metrics = { opsGet: 1, opsPut: 2, p99GetMicros: 3, p99PutMicros: 4 };
  const stream = bytesOf((writer) => {
    for (let seq = 0; seq < 100; seq++) {
      const view = { ...newReplyView(), seq, command: REQUEST.GET, status: STATUS.VALUE };
      const source = encodeUtf8('x'.repeat(seq * 3));
      writeResult(writer, { ...view, source, valueBytes: source.length });
    }
    writeMetrics(writer, 100, metrics);
    writeRedirect(writer, 101, 'host:1');
    writePong(writer, 102);
  });

  test.each([1, 2, 3, 16, 17, 1000, stream.length])('takes pieces of %i bytes', (pieceBytes) => {
    const reader = read(stream, pieceBytes);
    expect([reader.broken, reader.count]).toEqual([false, 103]);
    for (let seq = 0; seq < 100; seq++) {
      expect(reader.seq[seq]).toBe(seq);
      expect(reader.value(seq)).toEqual(encodeUtf8('x'.repeat(seq * 3)));
    }
    expect(readMetrics(reader, 100)).toEqual(metrics);
    expect(reader.value(101)).toEqual(encodeUtf8('host:1'));
    expect([...reader.status.subarray(100, 103)]).toEqual([NO_STATUS, NO_STATUS, NO_STATUS]);
  });

  test('keeps half a reply over clear', () => {
    const reader = new ReplyReader();
    reader.receive(stream.subarray(0, 25));
    expect(reader.count).toBe(1);
    reader.clear();
    reader.receive(stream.subarray(25));
    expect([reader.count, reader.seq[0]]).toEqual([102, 1]);
  });

  test.each([
    ['a wrong magic', 'a9ecbd11 15 00 0000 00000000 00000000'],
    ['a payload beyond all limits', 'a9ecbd10 11 00 0000 7fffffff 00000000'],
    ['an unknown reply', 'a9ecbd10 77 00 0000 00000000 00000000'],
    ['a string that does not fill its payload', 'a9ecbd10 11 00 0000 00000005 00000000 0000000000'],
    ['a payload on OK', 'a9ecbd10 10 00 0000 00000001 00000000 00'],
    ['a short RESULT', 'a9ecbd10 31 00 0000 00000004 00000000 00000000'],
    [
      'a revision beyond 2^53 - 1',
      'a9ecbd10 31 08 0000 00000014 00000000 00000000 00000000 0020000000000000 00000000',
    ],
  ])('is broken by %s', (_, frame) => {
    const reader = read(hex(frame));
    expect(reader.broken).toBe(true);
    reader.receive(stream);
    expect(reader.count).toBeLessThanOrEqual(1);
  });
});

describe('the frame writer', () => {
  test('hands over pieces that later frames leave alone', () => {
    const writer = new FrameWriter(1);
    const pieces: Uint8Array[] = [];
    const crcs: number[] = [];
    for (let seq = 0; seq < 2000; seq++) {
      writePong(writer, seq);
      const source = new Uint8Array(1000).fill(seq);
      const view = { ...newReplyView(), seq, command: REQUEST.GET, status: STATUS.VALUE };
      writeResult(writer, { ...view, source, valueBytes: 1000 });
      const piece = writer.take();
      pieces.push(piece);
      crcs.push(crc32c(piece, 0, piece.length));
    }
    expect(writer.pendingBytes).toBe(0);
    for (const [n, piece] of pieces.entries()) expect(crc32c(piece, 0, piece.length)).toBe(crcs[n]);
  });

  test('grows a piece beyond its slab without losing a byte', () => {
    const writer = new FrameWriter(1);
    writePong(writer, 1);
    writer.take();
    const source = new Uint8Array(700_000).fill(5);
    for (let seq = 0; seq < 3; seq++) {
      const view = { ...newReplyView(), seq, command: REQUEST.GET, status: STATUS.VALUE };
      writeResult(writer, { ...view, source, valueBytes: source.length });
    }
    const reader = read(writer.take());
    expect([...reader.seq.subarray(0, 3)]).toEqual([0, 1, 2]);
    for (let row = 0; row < 3; row++) {
      expect(reader.value(row).length).toBe(700_000);
      expect(reader.value(row).every((byte) => byte === 5)).toBe(true);
    }
  });
});
