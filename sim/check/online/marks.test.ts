import { expect, test } from 'vitest';
import type { StoreId } from '../../../src/base/units.ts';
import {
  BLOCK_BYTES,
  LOG_START,
  sealFlushHeader,
  writeFlushHeader,
} from '../../../src/core/wal/flush.ts';
import type { WalState } from '../../../src/core/wal/state.ts';
import { MarkCheck } from './marks.ts';

const STORE = 'ab'.repeat(16) as StoreId;
const IDLE_MARK_MS = 200;
const NAME = 'wal-1';

/** A segment with one flush for each count of records. */
function fileOf(counts: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES * 4);
  counts.forEach((count, at) => {
    const header = bytes.subarray(at * BLOCK_BYTES);
    const position = { sequence: 1, offset: at * BLOCK_BYTES };
    const ends = { position, previousEnd: LOG_START, durableThrough: LOG_START };
    const told = { firstLive: 1, ordinal: 0, payloadBytes: 0, groupCount: 1 };
    sealFlushHeader(header, writeFlushHeader(header, STORE, { count, ...ends, ...told }));
  });
  return bytes;
}

/** A log of which no more is real than the judge looks at. */
const logOf = (counts: readonly number[]): WalState =>
  ({
    phase: 'ready',
    flushes: [],
    isMarkWaiting: false,
    config: { idleMarkMs: IDLE_MARK_MS, storeId: STORE },
    end: { sequence: 1, offset: counts.length * BLOCK_BYTES },
    segments: [{ sequence: 1, file: NAME, bytes: BLOCK_BYTES * 4 }],
  }) as unknown as WalState;

function look(counts: readonly number[], times: readonly number[]): void {
  const check = new MarkCheck();
  const files = () => [{ name: NAME, bytes: fileOf(counts) }];
  for (const now of times) check.afterTurn(logOf(counts), now, files);
}

test('a log that ends with a mark may stay so', () => {
  expect(() => look([2, 0], [0, 5_000])).not.toThrow();
});

test('one that ends with records gets its mark in time, or is found out', () => {
  expect(() => look([2, 0, 3], [0, 700])).not.toThrow();
  expect(() => look([2, 0, 3], [0, 701])).toThrow('vouched for by nobody');
});

test('what is under way is waited for', () => {
  const check = new MarkCheck();
  const busy = { ...logOf([1]), flushes: [{}] } as unknown as WalState;
  const files = () => [{ name: NAME, bytes: fileOf([1]) }];
  for (const now of [0, 1_000, 2_000]) check.afterTurn(busy, now, files);
  check.afterTurn(logOf([1]), 2_000, files);
  expect(() => check.afterTurn(logOf([1]), 2_600, files)).not.toThrow();
  expect(() => check.afterTurn(logOf([1]), 2_701, files)).toThrow('vouched for by nobody');
});
