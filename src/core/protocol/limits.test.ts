import { describe, expect, test } from 'vitest';
import { concatBytes, getU32BE } from '../../base/bytes.ts';
import { encodeCommand } from '../command.ts';
import { KEY_BYTES_MAX, OPERATION, VALUE_BYTES_MAX } from '../types.ts';
import { errorsOf, feed, header, hex, request, spell, splitEvery, text } from './fixture.ts';
import { FLAG, REQUEST } from './wire.ts';

describe('limits', () => {
  test('a largest key and a largest value pass', () => {
    const key = new Uint8Array(KEY_BYTES_MAX).fill(1);
    const value = new Uint8Array(VALUE_BYTES_MAX).fill(2);
    const frame = request({ command: REQUEST.PUT, key, value });
    const [row] = feed(splitEvery(frame, 65_536)).rows;
    const command = encodeCommand({ operation: OPERATION.PUT, key, value });
    expect(row).toMatchObject({ error: null, bytes: spell(command), key: spell(key) });
  });

  test.each([
    ['KEY_TOO_LARGE', header(REQUEST.GET, 4 + KEY_BYTES_MAX + 1), '00010001'],
    ['KEY_TOO_LARGE', header(REQUEST.PUT, 30_000_000), '00ffffff'],
    ['VALUE_TOO_LARGE', header(REQUEST.PUT, 20_000_000), '00000001 6b 00800001'],
    ['VALUE_TOO_LARGE', header(REQUEST.COMPARE_AND_SWAP, 20_000_000), '00000001 6b 00800001'],
    ['UNKNOWN_COMMAND', header(0x99, 60_000_000), ''],
  ])('%s is answered in order, and its payload is skipped, not kept', (code, head, start) => {
    const payloadBytes = getU32BE(head, 8);
    const first = hex(start);
    const filler = new Uint8Array(1_000_000);
    function* pieces() {
      yield head;
      yield first;
      for (let left = payloadBytes - first.length; left > 0; left -= filler.length) {
        yield filler.subarray(0, Math.min(left, filler.length));
      }
      yield request({ command: REQUEST.PING, seq: 10 });
    }
    const { rows, keptBytesMax, closes } = feed(pieces());
    expect(rows.map((row) => [row.error, row.seq])).toEqual([
      [code, 9],
      [null, 10],
    ]);
    expect(keptBytesMax).toBeLessThan(100_000);
    expect(closes).toEqual([]);
  });

  test('a swap too large for one log entry is refused before its bytes have come', () => {
    const key = new Uint8Array(KEY_BYTES_MAX);
    const eight = new Uint8Array(VALUE_BYTES_MAX);
    const frame = request({
      command: REQUEST.COMPARE_AND_SWAP,
      key,
      expected: eight,
      value: eight,
    });
    expect(errorsOf([frame])).toEqual(['VALUE_TOO_LARGE']);
    const small = request({
      command: REQUEST.COMPARE_AND_SWAP,
      expected: eight,
      value: eight.subarray(64),
    });
    expect(errorsOf([small])).toEqual([null]);
  });

  test('an announced length costs no memory before its bytes have come', () => {
    const head = concatBytes([header(REQUEST.PUT, 8_000_100), hex('00000001 6b 007a1200')]);
    expect(feed([head]).keptBytesMax).toBeLessThan(10_000);
    expect(feed([head, new Uint8Array(100)]).keptBytesMax).toBeLessThan(10_000);
    expect(feed(splitEvery(head, 1)).keptBytesMax).toBeLessThan(10_000);
  });

  test('a frame that comes in many pieces is copied a bounded number of times', () => {
    const frame = request({ command: REQUEST.PUT, value: new Uint8Array(2_000_000) });
    const { keptBytesMax, rows } = feed(splitEvery(frame, 1000));
    expect(rows).toHaveLength(1);
    expect(keptBytesMax).toBe(frame.length);
  });

  test('a large buffer goes with its frame, a small one stays for the next', () => {
    const large = request({ command: REQUEST.PUT, value: new Uint8Array(200_000) });
    expect(feed(splitEvery(large, 1000)).keptBytes).toBe(0);
    const small = request({ command: REQUEST.PUT, value: new Uint8Array(200) });
    expect(feed(splitEvery(small, 10)).keptBytes).toBeGreaterThan(small.length);
  });

  test('session numbers beyond 2^53 - 1 are malformed, not rounded', () => {
    const frame = request({ command: REQUEST.DEL, flags: FLAG.SESSION, session: 2 ** 53 - 1 });
    expect(errorsOf([frame])).toEqual([null]);
    frame[17] = 0x20;
    expect(errorsOf([frame])).toEqual(['MALFORMED']);
  });
});

describe('what is no frame', () => {
  test('a first byte other than 0xa9 closes the connection without a reply', () => {
    for (const first of ['*1\r\n$4\r\nPING\r\n', 'PING\r\n', 'GET / HTTP/1.1\r\n', '\0']) {
      const { rows, closes, mode } = feed([text(first), request({})]);
      expect(rows).toEqual([]);
      expect(closes).toEqual(['BAD_FRAME']);
      expect(mode).toBe('closed');
    }
  });

  test('a broken magic is answered, then the connection closes and hears nothing more', () => {
    const broken = hex('a9ecbd11 01 0f 0000 00000000 00000005');
    const { rows, closes } = feed([request({ seq: 4 }), broken, request({ seq: 6 })]);
    expect(rows.map((row) => [row.error, row.seq, row.command, row.flags])).toEqual([
      [null, 4, REQUEST.PING, 0],
      ['BAD_FRAME', 0, 0, 0],
    ]);
    expect(closes).toEqual(['BAD_FRAME']);
  });

  test('an absurd length closes too, answering the seq it came with', () => {
    const { rows, closes } = feed([header(REQUEST.PUT, 64 * 1024 * 1024 + 1), request({})]);
    expect(rows.map((row) => [row.error, row.seq])).toEqual([['BAD_FRAME', 9]]);
    expect(closes).toEqual(['BAD_FRAME']);
  });

  test.each([
    ['a string longer than its payload', header(REQUEST.GET, 5), '00000002 6b'],
    ['a payload longer than its strings', header(REQUEST.GET, 6), '00000001 6b 00'],
    ['a payload too short for a length', header(REQUEST.GET, 3), '000000'],
    ['a missing value', header(REQUEST.PUT, 5), '00000001 6b'],
    ['a missing session prefix', header(REQUEST.DEL, 5, FLAG.SESSION), '00000001 6b'],
    ['a payload where none belongs', header(REQUEST.PING, 1), '00'],
  ])('%s is malformed, and the next frame is read', (_, head, payload) => {
    const ping = request({ seq: 3 });
    expect(errorsOf([concatBytes([head, hex(payload), ping])])).toEqual(['MALFORMED', null]);
  });
});
