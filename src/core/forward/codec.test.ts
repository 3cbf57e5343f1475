import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, putU32, toHex } from '../../base/bytes.ts';
import {
  encodeRequestHead,
  FORWARD_TYPE,
  type ForwardReply,
  type ForwardRequest,
  REPLY_HEAD_BYTES,
  REQUEST_HEAD_BYTES,
  type ReplyRow,
  ROW_HEAD_BYTES,
  ROW_KIND,
  readReplyHead,
  readReplyRow,
  readRequestHead,
  replyRowBytes,
  writeReplyHead,
  writeReplyRow,
} from './codec.ts';

const u64 = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const newRow = (): ReplyRow => ({ kind: 0, status: 0, revision: 0, at: 0, bytes: 0 });

describe('a forwarded request', () => {
  const requests: fc.Arbitrary<ForwardRequest> = fc.record({
    nonce: u64,
    term: u64,
    sequence: u64,
    lowestUnanswered: u64,
    count: u32,
  });

  test('is read as it was written', () => {
    const check = (request: ForwardRequest): void => {
      const head = encodeRequestHead(request);
      expect(head.length).toBe(REQUEST_HEAD_BYTES);
      expect(readRequestHead(head, 0, head.length)).toEqual(request);
      expect(readRequestHead(head, 0, head.length - 1)).toBe(null);
    };
    fc.assert(fc.property(requests, check), { seed: 1, numRuns: 500 });
  });

  test('has these bytes', () => {
    const request = { nonce: 1, term: 2, sequence: 3, lowestUnanswered: 2, count: 7 };
    const words = ['01', '02', '03', '02', '07'].map((byte) => byte.padEnd(16, '0'));
    expect(toHex(encodeRequestHead(request))).toBe(words.join(''));
  });

  test('with a number beyond 2^53 - 1 is none', () => {
    for (let word = 0; word < 4; word++) {
      const head = new Uint8Array(REQUEST_HEAD_BYTES);
      putU32(head, word * 8 + 4, 0x20_0000);
      expect(readRequestHead(head, 0, head.length)).toBe(null);
    }
  });
});

describe('an answer', () => {
  const rows = fc.array(
    fc.record({
      kind: fc.constantFrom(...Object.values(ROW_KIND)),
      status: fc.integer({ min: 0, max: 255 }),
      revision: u64,
      value: fc.uint8Array({ maxLength: 40 }),
    }),
    { maxLength: 6 },
  );

  test('is read as it was written, row by row', () => {
    const check = (
      reply: Omit<ForwardReply, 'count'>,
      written: typeof rows extends fc.Arbitrary<infer R> ? R : never,
    ): void => {
      const size = written.reduce((sum, { value }) => sum + replyRowBytes(value.length), 0);
      const bytes = new Uint8Array(REPLY_HEAD_BYTES + size);
      writeReplyHead(bytes, { ...reply, count: written.length });
      let at = REPLY_HEAD_BYTES;
      for (const { value, ...row } of written) at = writeReplyRow(bytes, at, row, value);
      expect(at).toBe(bytes.length);
      expect(at % 8).toBe(0);
      const head = readReplyHead(bytes, 0, bytes.length);
      expect(head).toEqual({ ...reply, count: written.length });
      let cursor = REPLY_HEAD_BYTES;
      for (const { kind, status, revision, value } of written) {
        const row = newRow();
        cursor = readReplyRow(bytes, cursor, bytes.length, row);
        expect(row).toMatchObject({ kind, status, revision, bytes: value.length });
        expect(bytes.subarray(row.at, row.at + row.bytes)).toEqual(value);
      }
      expect(cursor).toBe(bytes.length);
    };
    const heads = fc.record({ nonce: u64, term: u64, sequence: u64 });
    fc.assert(fc.property(heads, rows, check), { seed: 2, numRuns: 300 });
  });

  test('has these bytes', () => {
    const bytes = new Uint8Array(REPLY_HEAD_BYTES + replyRowBytes(3));
    writeReplyHead(bytes, { nonce: 1, term: 2, sequence: 3, count: 1 });
    const row = { kind: ROW_KIND.RESULT, status: 1, revision: 9 };
    writeReplyRow(bytes, REPLY_HEAD_BYTES, row, fromHex('616263'));
    const head = ['01', '02', '03', '01'].map((byte) => byte.padEnd(16, '0')).join('');
    expect(toHex(bytes)).toBe(`${head}0001000003000000${'09'.padEnd(16, '0')}6162630000000000`);
  });

  test('a row is refused that does not end, is of no kind, or has too large a revision', () => {
    const row = { kind: ROW_KIND.REFUSED, status: 0, revision: 1 };
    const bytes = new Uint8Array(replyRowBytes(5));
    expect(writeReplyRow(bytes, 0, row, new Uint8Array(5))).toBe(24);
    expect(readReplyRow(bytes, 0, bytes.length, newRow())).toBe(24);
    expect(readReplyRow(bytes, 0, bytes.length - 1, newRow())).toBe(-1);
    expect(readReplyRow(bytes, 0, ROW_HEAD_BYTES - 1, newRow())).toBe(-1);
    const strange = bytes.slice();
    strange[0] = 3;
    expect(readReplyRow(strange, 0, strange.length, newRow())).toBe(-1);
    const large = bytes.slice();
    putU32(large, 12, 0x20_0000);
    expect(readReplyRow(large, 0, large.length, newRow())).toBe(-1);
    const long = bytes.slice();
    putU32(long, 4, 0xffff_ffff);
    expect(readReplyRow(long, 0, long.length, newRow())).toBe(-1);
  });

  test('noise never throws', () => {
    const check = (bytes: Uint8Array): void => {
      readRequestHead(bytes, 0, bytes.length);
      readReplyHead(bytes, 0, bytes.length);
      let at = 0;
      for (let n = 0; n < 10 && at >= 0; n++) at = readReplyRow(bytes, at, bytes.length, newRow());
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), check), { seed: 3, numRuns: 2000 });
  });

  test('requests and answers have types of their own', () => {
    expect(FORWARD_TYPE.REQUEST).not.toBe(FORWARD_TYPE.REPLY);
  });
});
