/**
 * A record as bytes, inside a flush's payload. docs/formats/wal.md has worked bytes.
 *
 *   0  u8  kind: entry 1, truncate 2, hard-state 3, snapshot 4
 *   1  u8  flags: COPIED 1
 *   2  u16 zero
 *   4  u32 group
 *   8  u32 body bytes, a multiple of 8
 *  12  u32 CRC32C of bytes 0…11, then of the body unless the record is an entry;
 *          seeded with the segment's salt XOR the record's position in the segment
 *  16  body:
 *      entry       header and commands as in entry.ts, which have CRCs of their own
 *      truncate    u64 from, u64 term
 *      hard-state  u64 term, u32 node voted for, u32 zero, 16 bytes its store (zeros: no vote)
 *      snapshot    u64 index, u64 term, u64 last index of the log when the mark was appended
 *
 * A record can be told from garbage on its own, without the header of its flush: so a flush that
 * lost a sector still says what it held (salvage.ts).
 */
import { fromHex, getU32, getU64, isSafeU64, putU32, putU64, toHex } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { GroupId, LogIndex, NodeId, StoreId, Term, Ticket } from '../../base/units.ts';
import { ZERO_INDEX, ZERO_TICKET } from '../../base/units.ts';
import { ENTRY_HEADER_BYTES, isEntryBodyIntact, readEntryHeader } from '../entry.ts';
import type { Member, WalRecord } from '../types.ts';

export const RECORD_HEADER_BYTES = 16;
const KIND = { entry: 1, truncate: 2, 'hard-state': 3, snapshot: 4 } as const;
const BODY_BYTES = { truncate: 16, 'hard-state': 32, snapshot: 24 } as const;
const COPIED = 1;

/** A record on its way into the log, or out of it. */
export interface LoggedRecord {
  readonly record: WalRecord;
  /** Copied forward: it repeats what an older segment holds, and never truncates. */
  readonly copied: boolean;
  /** False: an entry whose body is lost; `bytes` of the record is its header alone. */
  readonly intact: boolean;
  /** Bytes in the log, its header included. */
  readonly bytes: number;
  /** With a snapshot mark: the last index of the group's log when the mark was appended. */
  readonly lastIndex: LogIndex;
  /** The ticket that this record completes; 0 if more records of it follow, or none waits. */
  readonly ticket: Ticket;
}

export function recordBytes(record: WalRecord): number {
  const body = record.kind === 'entry' ? record.bytes.length : BODY_BYTES[record.kind];
  return RECORD_HEADER_BYTES + body;
}

/** The bytes of a record that the log itself must encode: all but an entry's. */
export function encodedBytes(logged: LoggedRecord): number {
  return logged.record.kind === 'entry' ? RECORD_HEADER_BYTES : logged.bytes;
}

/** Writes all but an entry's bytes at `at`; `seed` is the segment's salt XOR the position. */
export function writeRecord(
  bytes: Uint8Array,
  at: number,
  logged: LoggedRecord,
  seed: number,
): void {
  const { record } = logged;
  bytes[at] = KIND[record.kind];
  bytes[at + 1] = logged.copied ? COPIED : 0;
  putU32(bytes, at + 4, record.group);
  putU32(bytes, at + 8, logged.bytes - RECORD_HEADER_BYTES);
  const bodyAt = at + RECORD_HEADER_BYTES;
  if (record.kind === 'truncate') {
    putU64(bytes, bodyAt, record.from);
    putU64(bytes, bodyAt + 8, record.term);
  } else if (record.kind === 'snapshot') {
    putU64(bytes, bodyAt, record.index);
    putU64(bytes, bodyAt + 8, record.term);
    putU64(bytes, bodyAt + 16, logged.lastIndex);
  } else if (record.kind === 'hard-state') {
    putU64(bytes, bodyAt, record.hardState.term);
    writeVote(bytes, bodyAt + 8, record.hardState.votedFor);
  }
  putU32(bytes, at + 12, recordCrc(bytes, at, at + encodedBytes(logged), seed));
}

function writeVote(bytes: Uint8Array, at: number, votedFor: Member | null): void {
  if (votedFor === null) return;
  putU32(bytes, at, votedFor.id);
  bytes.set(fromHex(votedFor.store), at + 8);
}

function recordCrc(bytes: Uint8Array, at: number, end: number, seed: number): number {
  const head = crc32c(bytes, at, at + 12, seed >>> 0);
  return crc32c(bytes, at + RECORD_HEADER_BYTES, end, head);
}

/**
 * The record at `at`, or null when no whole record header, entry header or small body with a
 * right CRC is there before `end`. An entry with a lost body is a record that is not `intact`.
 */
export function readRecord(
  bytes: Uint8Array,
  at: number,
  end: number,
  salt: number,
): LoggedRecord | null {
  if (end - at < RECORD_HEADER_BYTES) return null;
  const kind = bytes[at]!;
  const bodyBytes = getU32(bytes, at + 8);
  const group = getU32(bytes, at + 4) as GroupId;
  const bodyAt = at + RECORD_HEADER_BYTES;
  if (kind === KIND.entry) {
    if (!hasRecordCrc(bytes, at, bodyAt, salt)) return null;
    return readEntryRecord(bytes, {
      bodyAt,
      bodyBytes,
      end,
      group,
      copied: bytes[at + 1] === COPIED,
    });
  }
  if (bodyBytes > 32 || bodyBytes % 8 !== 0 || bodyBytes > end - bodyAt) return null;
  if (!hasRecordCrc(bytes, at, bodyAt + bodyBytes, salt)) return null;
  const record = readSmallRecord(bytes, bodyAt, kind, group);
  if (record === null || recordBytes(record) !== RECORD_HEADER_BYTES + bodyBytes) return null;
  return {
    record,
    copied: bytes[at + 1] === COPIED,
    intact: true,
    bytes: RECORD_HEADER_BYTES + bodyBytes,
    lastIndex: kind === KIND.snapshot ? (getU64(bytes, bodyAt + 16) as LogIndex) : ZERO_INDEX,
    ticket: ZERO_TICKET,
  };
}

function hasRecordCrc(bytes: Uint8Array, at: number, end: number, salt: number): boolean {
  return getU32(bytes, at + 12) === recordCrc(bytes, at, end, salt ^ at);
}

interface EntryPlace {
  readonly bodyAt: number;
  readonly bodyBytes: number;
  readonly end: number;
  readonly group: GroupId;
  readonly copied: boolean;
}

/** Copies the entry's bytes: the segment's buffer is not kept alive, nor shared with a reader. */
function readEntryRecord(bytes: Uint8Array, place: EntryPlace): LoggedRecord | null {
  const header = readEntryHeader(bytes, place.bodyAt, place.end);
  if (header === null || header.group !== place.group) return null;
  if (header.bodyBytes + ENTRY_HEADER_BYTES !== place.bodyBytes) return null;
  const intact = isEntryBodyIntact(bytes, place.bodyAt, place.end, header);
  const kept = intact ? place.bodyBytes : ENTRY_HEADER_BYTES;
  return {
    record: {
      kind: 'entry',
      group: place.group,
      index: header.index,
      term: header.term,
      bytes: bytes.slice(place.bodyAt, place.bodyAt + kept),
    },
    copied: place.copied,
    intact,
    bytes: RECORD_HEADER_BYTES + place.bodyBytes,
    lastIndex: ZERO_INDEX,
    ticket: ZERO_TICKET,
  };
}

function readSmallRecord(
  bytes: Uint8Array,
  at: number,
  kind: number,
  group: GroupId,
): WalRecord | null {
  if (!isSafeU64(bytes, at)) return null;
  const first = getU64(bytes, at);
  if (kind === KIND['hard-state']) {
    const votedFor = readVote(bytes, at + 8);
    return { kind: 'hard-state', group, hardState: { term: first as Term, votedFor } };
  }
  const term = getU64(bytes, at + 8) as Term;
  if (kind === KIND.truncate) return { kind: 'truncate', group, from: first as LogIndex, term };
  if (kind === KIND.snapshot) return { kind: 'snapshot', group, index: first as LogIndex, term };
  return null;
}

function readVote(bytes: Uint8Array, at: number): Member | null {
  const id = getU32(bytes, at);
  if (id === 0) return null;
  return { id: id as NodeId, store: toHex(bytes.subarray(at + 8, at + 24)) as StoreId };
}
