/**
 * From records to the parts of one gather write, and back.
 *
 * 1. Entries are handed over as they are: their bytes are never copied on the way to the disk.
 * 2. A flush counts as read only if every byte that matters is as it was written: the chained CRC,
 *    each record's, each entry body's, the count and the length.
 */
import { assert } from '../../base/assert.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { StoreId } from '../../base/units.ts';
import { ENTRY_HEADER_BYTES } from '../entry.ts';
import type { FlushHeader } from './flush.ts';
import {
  FLUSH_HEADER_BYTES,
  flushBytes,
  payloadSeed,
  sealFlushHeader,
  segmentSalt,
  writeFlushHeader,
} from './flush.ts';
import type { LoggedRecord } from './record.ts';
import { encodedBytes, RECORD_HEADER_BYTES, readRecord, writeRecord } from './record.ts';

/** The parts of a flush, back to back a multiple of 4096 bytes long. */
export function encodeFlush(
  storeId: StoreId,
  header: Omit<FlushHeader, 'payloadCrc'>,
  records: readonly LoggedRecord[],
): Uint8Array[] {
  const paddingBytes = flushBytes(header.payloadBytes) - FLUSH_HEADER_BYTES - header.payloadBytes;
  let ownBytes = FLUSH_HEADER_BYTES + paddingBytes;
  for (const logged of records) ownBytes += encodedBytes(logged);
  const own = new Uint8Array(ownBytes);
  const salt = segmentSalt(storeId, header.position.sequence);
  const parts: Uint8Array[] = [];
  let crc = writeFlushHeader(own, storeId, header);
  let at = FLUSH_HEADER_BYTES;
  let partFrom = 0;
  let position = header.position.offset + FLUSH_HEADER_BYTES;
  for (const logged of records) {
    writeRecord(own, at, logged, salt ^ position);
    crc = crc32c(own, at, at + encodedBytes(logged), crc);
    at += encodedBytes(logged);
    position += logged.bytes;
    if (logged.record.kind !== 'entry') continue;
    const entry = logged.record.bytes;
    crc = crc32c(entry, 0, ENTRY_HEADER_BYTES, crc);
    parts.push(own.subarray(partFrom, at), entry);
    partFrom = at;
  }
  sealFlushHeader(own, crc);
  assert(at + paddingBytes === own.length, 'internal', 'flush parts do not add up');
  if (partFrom < own.length) parts.push(own.subarray(partFrom));
  return parts;
}

/**
 * The records of the flush whose header stands at its position in `bytes`, or null when anything
 * of it is not as it was written.
 */
export function readFlushRecords(
  bytes: Uint8Array,
  header: FlushHeader,
  salt: number,
): LoggedRecord[] | null {
  const from = header.position.offset + FLUSH_HEADER_BYTES;
  const end = from + header.payloadBytes;
  if (header.position.offset + flushBytes(header.payloadBytes) > bytes.length) return null;
  const records: LoggedRecord[] = [];
  let crc = payloadSeed(bytes, header.position.offset);
  let at = from;
  while (at < end) {
    const logged = readRecord(bytes, at, end, salt);
    if (logged === null || !logged.intact) return null;
    const isEntry = logged.record.kind === 'entry';
    const coveredBytes = isEntry ? RECORD_HEADER_BYTES + ENTRY_HEADER_BYTES : logged.bytes;
    crc = crc32c(bytes, at, at + coveredBytes, crc);
    records.push(logged);
    at += logged.bytes;
  }
  if (at !== end || crc !== header.payloadCrc || records.length !== header.count) return null;
  return records;
}

/**
 * Whatever records can be told from garbage in bytes [from, to) of a segment, in order. Records
 * start at multiples of 8; one whose entry lost its body comes as not `intact`.
 */
export function salvageRecords(
  bytes: Uint8Array,
  from: number,
  to: number,
  salt: number,
): LoggedRecord[] {
  const end = Math.min(to, bytes.length);
  const records: LoggedRecord[] = [];
  let at = from;
  while (at < end) {
    const logged = readRecord(bytes, at, end, salt);
    if (logged !== null) records.push(logged);
    at += logged === null ? 8 : logged.bytes;
  }
  return records;
}
