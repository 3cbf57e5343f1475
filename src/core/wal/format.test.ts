/** The bytes of the log. testdata/flush.txt is what docs/formats/wal.md explains. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex } from '../../base/bytes.ts';
import type { StoreId } from '../../base/units.ts';
import { logIndex, ticket } from '../../base/units.ts';
import type { WalRecord } from '../types.ts';
import { flushBytes, isBlank, readFlushHeader, segmentSalt } from './flush.ts';
import { encodeFlush, readFlushRecords, salvageRecords } from './payload.ts';
import type { LoggedRecord } from './record.ts';
import { recordBytes } from './record.ts';
import { entry, hardState, STORE, snapshot, truncate } from './testing/bench.ts';

const STORE_BYTES = fromHex(STORE);

function logged(record: WalRecord, copied = false): LoggedRecord {
  const bytes = recordBytes(record);
  const lastIndex = logIndex(record.kind === 'snapshot' ? 9 : 0);
  return { record, copied, intact: true, bytes, lastIndex, ticket: ticket(0) };
}

const RECORDS = [
  logged(hardState(0, 3, 2)),
  logged(entry(0, 7, 3, 16)),
  logged(truncate(1, 5, 4)),
  logged(snapshot(1, 4, 2), true),
];

function headerOf(records: readonly LoggedRecord[], offset: number) {
  return {
    count: records.length,
    position: { sequence: 5, offset },
    previousEnd: { sequence: 5, offset },
    durableThrough: { sequence: 4, offset: 12288 },
    firstLive: 3,
    ordinal: 1000,
    payloadBytes: records.reduce((sum, it) => sum + it.bytes, 0),
    groupCount: 2,
  };
}

/** A segment that holds one flush at `offset`. */
function segment(records: readonly LoggedRecord[], offset: number): Uint8Array {
  const header = headerOf(records, offset);
  const bytes = new Uint8Array(offset + flushBytes(header.payloadBytes));
  let at = offset;
  for (const part of encodeFlush(STORE, header, records)) {
    bytes.set(part, at);
    at += part.length;
  }
  expect(at).toBe(bytes.length);
  return bytes;
}

function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    if (row.every((byte) => byte === 0)) continue;
    const text = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    lines.push(`${at.toString(16).padStart(4, '0')}  ${text}`);
  }
  return `${lines.join('\n')}\n`;
}

test('a flush is these bytes', async () => {
  const bytes = segment(RECORDS, 4096).subarray(4096);
  await expect(hexDump(bytes)).toMatchFileSnapshot('testdata/flush.txt');
});

test('what is written is read', () => {
  const bytes = segment(RECORDS, 4096);
  const header = readFlushHeader(bytes, 4096, STORE_BYTES, 5)!;
  expect(header).toMatchObject(headerOf(RECORDS, 4096));
  expect(readFlushRecords(bytes, header, segmentSalt(STORE, 5))).toEqual(RECORDS);
});

test('a header counts only at its own place, in its own segment, of its own store', () => {
  const bytes = segment(RECORDS, 4096);
  const moved = new Uint8Array(12288);
  moved.set(bytes.subarray(4096), 8192);
  const stranger = fromHex('f'.repeat(32) as StoreId);
  expect(readFlushHeader(moved, 8192, STORE_BYTES, 5)).toBe(null);
  expect(readFlushHeader(bytes, 4096, STORE_BYTES, 6)).toBe(null);
  expect(readFlushHeader(bytes, 4096, stranger, 5)).toBe(null);
});

test('no flipped bit of header or payload goes unseen', () => {
  const whole = segment(RECORDS, 0);
  const usedBytes = 112 + headerOf(RECORDS, 0).payloadBytes;
  for (let bit = 0; bit < usedBytes * 8; bit++) {
    const bytes = whole.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const header = readFlushHeader(bytes, 0, STORE_BYTES, 5);
    const records = header === null ? null : readFlushRecords(bytes, header, segmentSalt(STORE, 5));
    expect(records).toBe(null);
  }
});

test('records are salvaged without the header, and only at their own position', () => {
  const bytes = segment(RECORDS, 0).fill(0, 0, 112);
  const salt = segmentSalt(STORE, 5);
  expect(salvageRecords(bytes, 0, bytes.length, salt)).toEqual(RECORDS);
  const moved = new Uint8Array(bytes.length + 8);
  moved.set(bytes, 8);
  expect(salvageRecords(moved, 0, moved.length, salt)).toEqual([]);
  expect(salvageRecords(bytes, 0, bytes.length, segmentSalt(STORE, 6))).toEqual([]);
});

test('an entry that lost its body still says which one it was', () => {
  const bytes = segment([logged(entry(3, 8, 2, 64))], 0);
  bytes.fill(0, 112 + 16 + 48, 112 + 16 + 48 + 64);
  const [found] = salvageRecords(bytes, 112, bytes.length, segmentSalt(STORE, 5));
  expect(found).toMatchObject({ intact: false, record: { group: 3, index: 8, term: 2 } });
});

test('garbage is never a header, a record or an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 300 }), (bytes) => {
      expect(readFlushHeader(bytes, 0, STORE_BYTES, 5)).toBe(null);
      expect(salvageRecords(bytes, 0, bytes.length, segmentSalt(STORE, 5))).toEqual([]);
    }),
    { seed: 20261122, numRuns: 300 },
  );
});

test('blank is what has no byte other than zero in it, wherever it begins and ends', () => {
  for (let offset = 0; offset < 5; offset++) {
    for (let size = 0; size < 14; size++) {
      const bytes = new Uint8Array(new ArrayBuffer(32), offset, 20).fill(0xff);
      bytes.fill(0, 3, 3 + size);
      expect(isBlank(bytes, 3, 3 + size)).toBe(true);
      for (let at = 3; at < 3 + size; at++) {
        bytes[at] = 1;
        expect(isBlank(bytes, 3, 3 + size)).toBe(false);
        bytes[at] = 0;
      }
      if (size > 0) expect(isBlank(bytes, 2, 3 + size)).toBe(false);
    }
  }
});
