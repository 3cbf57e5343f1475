/**
 * Reads a snapshot that arrives in pieces of any size into a table and sessions of its own.
 *
 * 1. Nothing of the present state is touched; whoever owns the reader swaps at the end, and only if
 *    everything was right: every CRC, every block's number, the counts, the logical bytes, and the
 *    digest, which is computed anew from the records and sessions that were read.
 * 2. The first fault stays; what comes later is ignored.
 * 3. A piece is kept only as far as a block is not whole yet.
 */
import { assert } from '../../base/assert.ts';
import { getU32, getU64, isSafeU64 } from '../../base/bytes.ts';
import { copyBytes } from '../../base/copy.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { GroupId } from '../../base/units.ts';
import { SESSION_WINDOW } from '../types.ts';
import { BlockChecks } from './block-checks.ts';
import { newRecordView, recordUnits, writeRecordHead } from './record.ts';
import { type Session, Sessions } from './sessions.ts';
import type { Slab } from './slab.ts';
import {
  BLOCK_HEADER_BYTES,
  BLOCK_KIND,
  type BlockHeader,
  decodeHead,
  readBlockHeader,
  type SnapshotFault,
  type SnapshotHead,
} from './snapshot-format.ts';
import { readItem, readResult, readSession, resultsAt } from './snapshot-items.ts';
import { Table, tableHash } from './table.ts';

const END_BYTES = 16;

export interface ReaderOptions {
  readonly slab: Slab;
  readonly group: number;
  readonly expiredPerEntryMax: number;
  readonly rebuild: boolean;
}

export class SnapshotReader {
  /** Null until the head has been read. */
  head: SnapshotHead | null = null;
  table: Table | null = null;
  readonly sessions = new Sessions();
  readonly rebuild: boolean;
  fault: SnapshotFault | null = null;
  readonly #options: ReaderOptions;
  readonly #checks: BlockChecks;
  readonly #source = newRecordView();
  readonly #target = newRecordView();
  /** The beginning of a block that is not whole yet. */
  #partial = new Uint8Array(BLOCK_HEADER_BYTES);
  #partialBytes = 0;
  #blocks = 0;
  #hasEnded = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.rebuild = options.rebuild;
    this.#checks = new BlockChecks(options.slab.blocks.scout);
  }

  /** Takes the next bytes of the snapshot. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length && this.fault === null) {
      at = this.#partialBytes === 0 ? this.#readWhole(bytes, at) : this.#join(bytes, at);
    }
    this.#checks.forget();
  }

  /** No more bytes come: sets the fault unless all of it was right. */
  finish(): void {
    if (this.fault !== null) return;
    if (!this.#hasEnded || this.#partialBytes > 0) this.fault = 'TRUNCATED';
    else if (!this.#isContentRight()) this.fault = 'WRONG_CONTENT';
    else this.sessions.sortByUse();
  }

  /** Reads a block that lies wholly in `bytes`, or begins to collect it. */
  #readWhole(bytes: Uint8Array, at: number): number {
    const left = bytes.length - at;
    if (left >= BLOCK_HEADER_BYTES) {
      const header = this.#openHeader(bytes, at);
      if (header === null) return bytes.length;
      const size = BLOCK_HEADER_BYTES + header.bodyBytes;
      if (left >= size) {
        this.#readBlock(bytes, at, header);
        return at + size;
      }
    }
    this.#partial = new Uint8Array(Math.max(left, BLOCK_HEADER_BYTES));
    this.#partial.set(bytes.subarray(at));
    this.#partialBytes = left;
    return bytes.length;
  }

  /** Adds to the collected beginning of a block, and reads the block once it is whole. */
  #join(bytes: Uint8Array, at: number): number {
    if (this.#partialBytes < BLOCK_HEADER_BYTES) {
      return this.#collect(bytes, at, BLOCK_HEADER_BYTES);
    }
    const header = this.#openHeader(this.#partial, 0);
    if (header === null) return bytes.length;
    const size = BLOCK_HEADER_BYTES + header.bodyBytes;
    const end = this.#collect(bytes, at, size);
    if (this.#partialBytes === size) {
      this.#readBlock(this.#partial, 0, header);
      this.#partialBytes = 0;
    }
    return end;
  }

  #collect(bytes: Uint8Array, at: number, size: number): number {
    if (this.#partial.length < size) {
      const larger = new Uint8Array(size);
      larger.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = larger;
    }
    const end = Math.min(bytes.length, at + size - this.#partialBytes);
    this.#partial.set(bytes.subarray(at, end), this.#partialBytes);
    this.#partialBytes += end - at;
    return end;
  }

  #openHeader(bytes: Uint8Array, at: number): BlockHeader | null {
    const header = readBlockHeader(bytes, at);
    if (typeof header === 'string') this.fault = header;
    else if (header.group !== this.#options.group) this.fault = 'WRONG_GROUP';
    else if (header.number !== this.#blocks) this.fault = 'DAMAGED';
    else if (this.#hasEnded) this.fault = 'TRUNCATED';
    else return header;
    return null;
  }

  #readBlock(bytes: Uint8Array, at: number, header: BlockHeader): void {
    const bodyAt = at + BLOCK_HEADER_BYTES;
    const end = bodyAt + header.bodyBytes;
    this.#blocks++;
    if (
      this.#checks.crcOf(bytes, bodyAt, end) !== header.bodyCrc ||
      !this.#isExpected(header.kind)
    ) {
      this.fault = 'DAMAGED';
      return;
    }
    switch (header.kind) {
      case BLOCK_KIND.HEAD:
        this.#readHead(bytes, bodyAt, end);
        return;
      case BLOCK_KIND.RECORDS:
        this.#readRecords(bytes, bodyAt, end);
        return;
      case BLOCK_KIND.SESSIONS:
        this.#readSessions(bytes, bodyAt, end);
        return;
      default:
        this.#readEnd(bytes, bodyAt, end);
    }
  }

  /** The head comes first, and only then. */
  #isExpected(kind: number): boolean {
    const isFirst = this.#blocks === 1;
    return kind === BLOCK_KIND.HEAD ? isFirst : !isFirst && kind <= BLOCK_KIND.END && kind > 0;
  }

  #readHead(bytes: Uint8Array, at: number, end: number): void {
    const head = decodeHead(bytes, at, end, this.#options.group as GroupId);
    if (head === null) {
      this.fault = 'DAMAGED';
    } else if (head.expiredPerEntryMax !== this.#options.expiredPerEntryMax) {
      this.fault = 'INCOMPATIBLE';
    } else {
      this.head = head;
      this.table = new Table(this.#options.slab, tableHash(head.settings.tableSeed));
      this.table.reserve(head.keys);
      this.sessions.useCount = head.useCount;
    }
  }

  #readRecords(bytes: Uint8Array, from: number, end: number): void {
    const { ahead } = this.table!;
    for (let at = from; at < end && this.fault === null; ) {
      this.#lookAhead(bytes, at, end);
      for (let left = ahead.count; left > 0 && this.fault === null; left--) {
        at = readItem(bytes, at, end, this.#source);
        if (!this.#addRecord()) this.fault = 'DAMAGED';
      }
      if (ahead.count === 0) this.fault = 'DAMAGED';
    }
    ahead.forget();
  }

  /** As many records from `from` on as one look ahead takes, or as are well formed. */
  #lookAhead(bytes: Uint8Array, from: number, end: number): void {
    const source = this.#source;
    const table = this.table!;
    table.ahead.begin(bytes);
    for (let at = from; at < end && !table.ahead.isFull; ) {
      at = readItem(bytes, at, end, source);
      if (at < 0) break;
      const { keyAt, valueAt } = source;
      table.ahead.add(keyAt, valueAt, valueAt, valueAt + source.valueBytes);
    }
    table.lookAhead(bytes, true);
  }

  /** False: the key was there already. */
  #addRecord(): boolean {
    const source = this.#source;
    const target = this.#target;
    const table = this.table!;
    const { slab } = this.#options;
    if (table.locate(source.bytes, source.keyAt, source.keyAt + source.keyBytes)) return false;
    const { keyBytes, valueBytes, revision, deadline } = source;
    const address = slab.take(recordUnits(keyBytes, valueBytes, deadline));
    target.keyBytes = keyBytes;
    target.valueBytes = valueBytes;
    target.revision = revision;
    target.deadline = deadline;
    const valueEnd = source.valueAt + valueBytes;
    const known = table.ahead.crcOf(source.bytes, source.valueAt, valueEnd);
    target.valueCrc = known < 0 ? crc32c(source.bytes, source.valueAt, valueEnd) : known;
    writeRecordHead(slab.bytesAt(address), slab.offsetAt(address), target);
    copyBytes(target.bytes, target.keyAt, source.bytes, source.keyAt, keyBytes + valueBytes);
    table.store(address);
    return true;
  }

  #readSessions(bytes: Uint8Array, from: number, end: number): void {
    let at = from;
    while (at < end && this.fault === null) {
      const form = readSession(bytes, at, end);
      if (form === null || this.sessions.find(form.id) !== null) {
        this.fault = 'DAMAGED';
        return;
      }
      const session = this.sessions.restore(form);
      at = resultsAt(at);
      for (let left = form.resultCount; left > 0; left--) {
        const result = readResult(bytes, at, end);
        if (result === null || !isHeldBy(session, result.sequence)) {
          this.fault = 'DAMAGED';
          return;
        }
        this.sessions.keep(session, result.sequence, result);
        at = result.next;
      }
    }
  }

  #readEnd(bytes: Uint8Array, at: number, end: number): void {
    const isWhole = end - at === END_BYTES && isSafeU64(bytes, at);
    const records = isWhole ? getU64(bytes, at) : -1;
    const sessions = isWhole ? getU32(bytes, at + 8) : -1;
    if (records !== this.table!.keys || sessions !== this.sessions.count) this.fault = 'DAMAGED';
    this.#hasEnded = true;
  }

  #isContentRight(): boolean {
    const { head, table, sessions } = this;
    assert(head !== null && table !== null, 'internal', 'an end without a head');
    const digest = table.digest();
    return (
      table.keys === head.keys &&
      table.logicalBytes === head.logicalBytes &&
      sessions.count === head.sessions &&
      (digest.low + sessions.digest.low) >>> 0 === head.digestLow &&
      (digest.high + sessions.digest.high) >>> 0 === head.digestHigh
    );
  }
}

function isHeldBy(session: Session, sequence: number): boolean {
  if (sequence < session.floor || sequence >= session.floor + SESSION_WINDOW) return false;
  return !session.results.has(sequence);
}
