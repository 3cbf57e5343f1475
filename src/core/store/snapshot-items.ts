/**
 * Records and sessions in the blocks of a snapshot.
 *
 *   record                                   session
 *    0  u32 key bytes, bit 31: has deadline   0  u64 id
 *    4  u32 value bytes                       8  u64 floor
 *    8  u64 revision                         16  u64 last use
 *   16  only then: u64 deadline              24  u64 log time of the last use
 *    .  key, value, zero padding to 8        32  u32 results, u32 zero
 *                                            40  results, ascending:
 *                                                 0  u64 sequence
 *                                                 8  u64 revision
 *                                                16  u32 value bytes; 2^32 - 1: not kept
 *                                                20  u8 status, u8 zero, u16 zero
 *                                                24  value, zero padding to 8
 */
import { align8, getU32, getU64, isSafeU64, putU32, putU64 } from '../../base/bytes.ts';
import { copyBytes } from '../../base/copy.ts';
import {
  KEY_BYTES_MAX,
  SESSION_RESULT_BYTES_MAX,
  SESSION_WINDOW,
  VALUE_BYTES_MAX,
} from '../types.ts';
import { NO_DEADLINE, type RecordView } from './record.ts';
import type { Session, SessionForm } from './sessions.ts';
import { areSafe, type BlockSink } from './snapshot-format.ts';
import { type KeptResult, NO_VALUE } from './window.ts';

const HAS_DEADLINE = 0x8000_0000;
const NOT_KEPT = 0xffff_ffff;
const SESSION_BYTES = 40;
const RESULT_BYTES = 24;

export function putRecord(sink: BlockSink, record: RecordView): void {
  const hasDeadline = record.deadline !== NO_DEADLINE;
  const fixed = hasDeadline ? 24 : 16;
  const at = sink.reserve(fixed + record.keyBytes + record.valueBytes);
  const { bytes } = sink;
  putU32(bytes, at, record.keyBytes + (hasDeadline ? HAS_DEADLINE : 0));
  putU32(bytes, at + 4, record.valueBytes);
  putU64(bytes, at + 8, record.revision);
  if (hasDeadline) putU64(bytes, at + 16, record.deadline);
  const size = record.keyBytes + record.valueBytes;
  copyBytes(bytes, at + fixed, record.bytes, record.keyAt, size);
}

/** Decodes the record at `at` into `record`. Where the next begins, or -1: malformed. */
export function readItem(bytes: Uint8Array, at: number, end: number, record: RecordView): number {
  if (end - at < 16 || !isSafeU64(bytes, at + 8)) return -1;
  const first = getU32(bytes, at);
  const hasDeadline = first >= HAS_DEADLINE;
  const fixed = hasDeadline ? 24 : 16;
  record.bytes = bytes;
  record.keyBytes = hasDeadline ? first - HAS_DEADLINE : first;
  record.valueBytes = getU32(bytes, at + 4);
  if (record.keyBytes > KEY_BYTES_MAX || record.valueBytes > VALUE_BYTES_MAX) return -1;
  const next = at + align8(fixed + record.keyBytes + record.valueBytes);
  if (next > end || (hasDeadline && !isSafeU64(bytes, at + 16))) return -1;
  record.revision = getU64(bytes, at + 8);
  record.deadline = hasDeadline ? getU64(bytes, at + 16) : NO_DEADLINE;
  record.keyAt = at + fixed;
  record.valueAt = record.keyAt + record.keyBytes;
  return next;
}

export function putSession(sink: BlockSink, session: Session): void {
  const { results } = session;
  const at = sink.reserve(SESSION_BYTES);
  putU64(sink.bytes, at, session.id);
  putU64(sink.bytes, at + 8, session.floor);
  putU64(sink.bytes, at + 16, session.lastUse);
  putU64(sink.bytes, at + 24, session.lastUsedTime);
  putU32(sink.bytes, at + 32, results.count);
  putU32(sink.bytes, at + 36, 0);
  for (const sequence of results.sequences(session.floor)) putResult(sink, session, sequence);
}

function putResult(sink: BlockSink, { results }: Session, sequence: number): void {
  const value = results.valueOf(sequence);
  const at = sink.reserve(RESULT_BYTES + (value?.length ?? 0));
  const { bytes } = sink;
  putU64(bytes, at, sequence);
  putU64(bytes, at + 8, results.revisionOf(sequence));
  putU32(bytes, at + 16, value === null ? NOT_KEPT : value.length);
  putU32(bytes, at + 20, results.statusOf(sequence));
  if (value !== null) bytes.set(value, at + RESULT_BYTES);
}

/** The session at `at`, whose results follow at `at` + 40; null: malformed. */
export function readSession(
  bytes: Uint8Array,
  at: number,
  end: number,
): (SessionForm & { readonly resultCount: number }) | null {
  if (end - at < SESSION_BYTES || !areSafe(bytes, at, [0, 8, 16, 24])) return null;
  const resultCount = getU32(bytes, at + 32);
  if (resultCount > SESSION_WINDOW) return null;
  return {
    id: getU64(bytes, at),
    floor: getU64(bytes, at + 8),
    lastUse: getU64(bytes, at + 16),
    lastUsedTime: getU64(bytes, at + 24),
    resultCount,
  };
}

export const resultsAt = (sessionAt: number): number => sessionAt + SESSION_BYTES;

export type ResultForm = KeptResult & { readonly sequence: number; readonly next: number };

/** The result at `at`; `next` is where it ends; null: malformed. Copies the value. */
export function readResult(bytes: Uint8Array, at: number, end: number): ResultForm | null {
  if (end - at < RESULT_BYTES || !areSafe(bytes, at, [0, 8])) return null;
  const size = getU32(bytes, at + 16);
  const kept = size === NOT_KEPT ? 0 : size;
  const next = at + align8(RESULT_BYTES + kept);
  if (kept > SESSION_RESULT_BYTES_MAX || next > end || getU32(bytes, at + 20) > 255) return null;
  const valueAt = at + RESULT_BYTES;
  const value = kept === 0 ? NO_VALUE : bytes.slice(valueAt, valueAt + kept);
  return {
    sequence: getU64(bytes, at),
    revision: getU64(bytes, at + 8),
    status: bytes[at + 20]!,
    value: size === NOT_KEPT ? null : value,
    next,
  };
}
