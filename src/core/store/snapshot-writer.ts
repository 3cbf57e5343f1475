/**
 * Writes a snapshot: the state as of one index S, in slices, while entries go on being applied.
 *
 * 1. Settings, membership, counters, log time and digest are copied when it begins (the HEAD block).
 * 2. Then come the sessions, by id, and the records, in the order of h: the main run.
 * 3. The first change after S to a record or session that the main run has not reached hands its old
 *    form over (a pre-image), once, as a second run among the blocks. The content's digest is
 *    additive, so the order of the runs does not matter.
 * 4. A record whose revision is above S's is newer than the snapshot: it is never written, and its
 *    old form, if there was one, was handed over. A session whose id is above it was opened later.
 * 5. FLUSH_ALL swaps the table: the old one is `source` until the end, and nothing changes it.
 * 6. What is pending is bounded; beyond it the snapshot is full and the caller drops it. Apply never
 *    waits for a snapshot.
 * 7. At the end the digest of what was written must be the digest of the state at S.
 *
 *        h  0 ───── written ─────┤next├───────── not yet ─────────▶
 *                 changes here            a change here first puts
 *                 do not matter           the old form into `pending`
 */
import { assert } from '../../base/assert.ts';
import { concatBytes, putU32, putU64 } from '../../base/bytes.ts';
import { Sum } from './digest.ts';
import { newRecordView, type RecordView, readRecord } from './record.ts';
import type { Session, Sessions } from './sessions.ts';
import {
  BLOCK_HEADER_BYTES,
  BLOCK_KIND,
  BlockSink,
  encodeHead,
  type SnapshotHead,
} from './snapshot-format.ts';
import { putRecord, putSession } from './snapshot-items.ts';
import type { Table } from './table.ts';
import { TableWalk } from './walk.ts';

const BLOCK_TARGET_BYTES_MAX = 1024 * 1024;
const BLOCK_TARGET_BYTES_MIN = 1024;
const END_BYTES = 16;
/** Records that are drawn near together. */
const NEAR_RECORDS = 32;

export interface SnapshotSource {
  /** Number of this snapshot on this node, from 1. */
  readonly serial: number;
  readonly head: SnapshotHead;
  readonly table: Table;
  readonly sessions: Sessions;
  readonly pendingBytesMax: number;
}

export class SnapshotWriter {
  /** The table as of S, or what has become of it. */
  readonly source: Table;
  readonly head: SnapshotHead;
  readonly #serial: number;
  readonly #sessions: Sessions;
  readonly #sessionIds: Float64Array;
  readonly #pendingBytesMax: number;
  readonly #record: RecordView = newRecordView();
  readonly #walk: TableWalk;
  readonly #recordSink = new BlockSink(BLOCK_KIND.RECORDS);
  readonly #sessionSink = new BlockSink(BLOCK_KIND.SESSIONS);
  /** Sealed blocks, the first of which is handed out up to `readyAt`. */
  readonly #ready: Uint8Array[] = [];
  #readyAt = 0;
  #readyBytes = 0;
  #blocks = 0;
  #sessionsReached = 0;
  /** The main run has written every record below this h, or all of them. */
  #nextHigh = 0;
  #nextLow = 0;
  #recordsOver = false;
  #isOver = false;
  /** What was read ahead, so that reading is no dead code. */
  touched = 0;
  readonly #written = new Sum();
  #recordsWritten = 0;
  #sessionsWritten = 0;

  constructor({ serial, head, table, sessions, pendingBytesMax }: SnapshotSource) {
    this.source = table;
    this.head = head;
    this.#serial = serial;
    this.#sessions = sessions;
    this.#sessionIds = sessions.sortedIds();
    this.#pendingBytesMax = pendingBytesMax;
    this.#walk = new TableWalk(table);
    const body = encodeHead(head);
    const sink = new BlockSink(BLOCK_KIND.HEAD);
    const at = sink.reserve(body.length);
    sink.bytes.set(body, at);
    this.#seal(sink);
  }

  /** Old forms and sealed blocks that wait to be taken. */
  get pendingBytes(): number {
    return this.#readyBytes + this.#recordSink.bodyBytes + this.#sessionSink.bodyBytes;
  }

  get isFull(): boolean {
    return this.pendingBytes > this.#pendingBytesMax;
  }

  /** All blocks have been taken. */
  get isDone(): boolean {
    return this.#isOver && this.#ready.length === 0;
  }

  /** The record located in `table`, decoded in `record`, is about to change. */
  saveRecord(record: RecordView, table: Table): void {
    if (record.revision > this.head.revision) return;
    if (this.#hasPassedHash(table.hashHigh, table.hashLow)) return;
    putRecord(this.#recordSink, record);
    this.#written.add(table.elementOf(table.address));
    this.#recordsWritten++;
    if (this.#recordSink.bodyBytes >= BLOCK_TARGET_BYTES_MAX) this.#seal(this.#recordSink);
  }

  /** The session is about to change. */
  saveSession(session: Session): void {
    if (session.id > this.head.revision || session.handedTo === this.#serial) return;
    const reached = this.#sessionIds[this.#sessionsReached];
    if (reached === undefined || session.id < reached) return;
    this.#writeSession(session);
    session.handedTo = this.#serial;
    if (this.#sessionSink.bodyBytes >= BLOCK_TARGET_BYTES_MAX) this.#seal(this.#sessionSink);
  }

  /** The next bytes, at most `bytesMax`; fewer only at the end. */
  take(bytesMax: number): Uint8Array {
    assert(bytesMax > 0, 'internal', 'empty slice');
    const parts: Uint8Array[] = [];
    let left = bytesMax;
    while (left > 0 && !this.isDone) {
      if (this.#ready.length === 0) this.#writeBlock(left);
      const part = this.#takePart(left);
      parts.push(part);
      left -= part.length;
    }
    return parts.length === 1 ? parts[0]! : concatBytes(parts);
  }

  #takePart(bytesMax: number): Uint8Array {
    const block = this.#ready[0]!;
    const part = block.subarray(this.#readyAt, this.#readyAt + bytesMax);
    this.#readyAt += part.length;
    this.#readyBytes -= part.length;
    if (this.#readyAt === block.length) {
      this.#ready.shift();
      this.#readyAt = 0;
    }
    return part;
  }

  /** Seals one more block: old forms first, then the main run, then the end. */
  #writeBlock(bytesWanted: number): void {
    const target = Math.min(
      Math.max(bytesWanted - BLOCK_HEADER_BYTES, BLOCK_TARGET_BYTES_MIN),
      BLOCK_TARGET_BYTES_MAX,
    );
    if (this.#sessionSink.bodyBytes === 0) this.#writeSessions(target);
    if (this.#sessionSink.bodyBytes > 0) {
      this.#seal(this.#sessionSink);
      return;
    }
    if (this.#recordSink.bodyBytes === 0 && !this.#recordsOver) this.#writeRecords(target);
    if (this.#recordSink.bodyBytes > 0) this.#seal(this.#recordSink);
    else this.#writeEnd();
  }

  #writeSessions(target: number): void {
    const ids = this.#sessionIds;
    while (this.#sessionsReached < ids.length && this.#sessionSink.bodyBytes < target) {
      const session = this.#sessions.find(ids[this.#sessionsReached]!);
      this.#sessionsReached++;
      if (session !== null && session.handedTo !== this.#serial) this.#writeSession(session);
    }
  }

  #writeSession(session: Session): void {
    putSession(this.#sessionSink, session);
    this.#sessions.addDigest(session, this.#written);
    this.#sessionsWritten++;
  }

  #writeRecords(target: number): void {
    const { source } = this;
    const walk = this.#walk;
    walk.seek(this.#nextHigh, this.#nextLow);
    let before = 0;
    for (let n = 0; walk.address !== 0; walk.next(), n++) {
      if (n % NEAR_RECORDS === 0) this.touched ^= walk.touch(NEAR_RECORDS);
      if (this.#recordSink.bodyBytes >= target && walk.isAtNewHash(before)) break;
      before = walk.address;
      this.#writeRecord(walk.address);
    }
    this.#recordsOver = walk.address === 0;
    if (this.#recordsOver) return;
    source.hashRecord(walk.address);
    this.#nextHigh = source.hashHigh;
    this.#nextLow = source.hashLow;
  }

  #writeRecord(address: number): void {
    const { slab } = this.source;
    readRecord(slab.bytesAt(address), slab.offsetAt(address), this.#record);
    if (this.#record.revision > this.head.revision) return;
    putRecord(this.#recordSink, this.#record);
    this.source.hashRecord(address);
    this.#written.add(this.source.elementOf(address));
    this.#recordsWritten++;
  }

  #writeEnd(): void {
    const { head } = this;
    assert(
      this.#written.low === head.digestLow && this.#written.high === head.digestHigh,
      'state-machine-safety',
      'a snapshot is not the state that it was begun from',
    );
    assert(this.#recordsWritten === head.keys, 'internal', 'snapshot lost a record');
    assert(this.#sessionsWritten === head.sessions, 'internal', 'snapshot lost a session');
    const sink = new BlockSink(BLOCK_KIND.END);
    const at = sink.reserve(END_BYTES);
    putU64(sink.bytes, at, this.#recordsWritten);
    putU32(sink.bytes, at + 8, this.#sessionsWritten);
    putU32(sink.bytes, at + 12, 0);
    this.#seal(sink);
    this.#isOver = true;
  }

  #seal(sink: BlockSink): void {
    const block = sink.seal(this.head.meta.group, this.#blocks);
    this.#blocks++;
    this.#ready.push(block);
    this.#readyBytes += block.length;
  }

  /** Whether the main run is past this h. */
  #hasPassedHash(high: number, low: number): boolean {
    if (this.#recordsOver || high !== this.#nextHigh)
      return this.#recordsOver || high < this.#nextHigh;
    return low < this.#nextLow;
  }
}
