/**
 * Reads: they change nothing, so they run on any replica at any moment.
 *
 * 1. A key whose deadline has passed in log time is absent, whether or not it is removed yet.
 * 2. GET answers VALUE and the record's revision, or NOT_FOUND.
 * 3. TTL answers VALUE with decimal ASCII: what is left until the deadline, counted from
 *    max(log time, the stamp that would be written now), at least 1 ms; -1 without a deadline; and
 *    NOT_FOUND with -2 for an absent key. With KEEP_DEADLINE it answers the deadline itself.
 * 4. SIZE answers VALUE with decimal ASCII: the keys that are present.
 * 5. SCAN walks in the order of h. Command: no key; value = u64 cursor, u32 count. Answer: u64 next
 *    cursor, u32 keys, u32 zero, then for each key u32 length and the key. A cursor is the h of the
 *    next key to visit: the scan goes on at h ≥ cursor, inclusive. 0 begins and 0 ends. It means the
 *    same after deletes, resizes, restarts and on other nodes; a key that is there throughout comes
 *    exactly once. Keys of one h are never torn apart, so an answer may exceed `count`.
 *
 * What makes no sense is MALFORMED.
 */
import { assert } from '../../base/assert.ts';
import { getU32, putU32 } from '../../base/bytes.ts';
import { asciiBytes } from '../../base/text.ts';
import { COMMAND_FLAG, type CommandView, readCommand } from '../command.ts';
import type { ResultLane } from '../results.ts';
import { KEY_BYTES_MAX, OPERATION, STATUS } from '../types.ts';
import { hasPassed, NO_DEADLINE, readRecord } from './record.ts';
import type { ReadBatch, StoreState } from './state.ts';
import { TableWalk } from './walk.ts';

const NONE = new Uint8Array(0);
const SCAN_COMMAND_BYTES = 12;
const SCAN_HEAD_BYTES = 16;
/** A scan stops here even if fewer keys than asked for were visited. */
const SCAN_BYTES_MAX = 1024 * 1024;
const SCAN_KEYS_MAX = 65_536;

/** Goes through a batch once, in order. */
export class ReadCursor {
  readonly #batch: ReadBatch;
  #next = 0;
  #at = 0;

  constructor(batch: ReadBatch) {
    this.#batch = batch;
  }

  /** Answers the reads with at most `ordinal` commands before them, as of now. */
  answerThrough(state: StoreState, ordinal: number, lane: ResultLane): void {
    const { count, ordinals } = this.#batch;
    while (this.#next < count && ordinals[this.#next]! <= ordinal) {
      this.#answerNext(state, state.logTime, lane);
    }
  }

  answerAll(state: StoreState, stampNow: number, lane: ResultLane): void {
    const time = Math.max(state.logTime, stampNow);
    const { table } = state;
    while (this.#next < this.#batch.count) {
      const found = this.#lookAhead(state);
      for (let row = 0; row < found; row++) {
        if (table.ahead.plainBytes[row] === 0) this.#answerNext(state, time, lane);
        else this.#getFound(state, row, lane);
      }
      // Nobody knows what comes behind what makes no sense.
      if (found === 0) this.#answerNext(state, time, lane);
    }
    table.ahead.forget();
  }

  /** At the keys of the next reads, as far as they make sense; answers how many. */
  #lookAhead({ table, scratch }: StoreState): number {
    const { bytes, used, count } = this.#batch;
    const { ahead } = table;
    const { read } = scratch;
    ahead.begin(bytes);
    let at = this.#at;
    for (let next = this.#next; next < count && !ahead.isFull; next++) {
      if (!readCommand(bytes, at, used, read)) break;
      ahead.plainBytes[ahead.count] = isPlain(read) ? read.size : 0;
      ahead.add(read.keyAt, read.keyAt + read.keyBytes);
      at += read.size;
    }
    table.lookAhead(bytes, false);
    return ahead.count;
  }

  /** The next read is a GET, and its key was looked ahead for. */
  #getFound(state: StoreState, row: number, lane: ResultLane): void {
    const { table } = state;
    this.#next++;
    this.#at += table.ahead.plainBytes[row]!;
    pushRecord(state, table.findRow(this.#batch.bytes, row), lane);
  }

  /** `time` is what TTL counts from. */
  #answerNext(state: StoreState, time: number, lane: ResultLane): void {
    const { bytes, used } = this.#batch;
    const { read } = state.scratch;
    this.#next++;
    if (!readCommand(bytes, this.#at, used, read)) {
      this.#at = used;
      lane.push(STATUS.MALFORMED, 0, NONE, 0, 0);
      return;
    }
    this.#at += read.size;
    answer(state, bytes, time, lane);
  }
}

/** Answers the read in `scratch.read`. */
function answer(state: StoreState, bytes: Uint8Array, time: number, lane: ResultLane): void {
  const { read } = state.scratch;
  if (!makesSense(read)) {
    lane.push(STATUS.MALFORMED, 0, NONE, 0, 0);
    return;
  }
  const rows = lane.count;
  switch (read.operation) {
    case OPERATION.GET:
      get(state, bytes, lane);
      break;
    case OPERATION.TTL:
      timeToLive(state, bytes, time, lane);
      break;
    case OPERATION.SCAN:
      scan(state, bytes, lane);
      break;
    default:
      size(state, lane);
  }
  assert(lane.count === rows + 1, 'internal', 'a read without exactly one row');
}

const isPlain = (read: CommandView): boolean =>
  read.operation === OPERATION.GET && makesSense(read);

function makesSense({ operation, flags, keyBytes, valueBytes }: CommandView): boolean {
  const allowed = operation === OPERATION.TTL ? COMMAND_FLAG.KEEP_DEADLINE : 0;
  if ((flags & ~allowed) !== 0 || keyBytes > KEY_BYTES_MAX) return false;
  switch (operation) {
    case OPERATION.GET:
    case OPERATION.TTL:
      return valueBytes === 0;
    case OPERATION.SCAN:
      return keyBytes === 0 && valueBytes === SCAN_COMMAND_BYTES;
    case OPERATION.SIZE:
      return keyBytes === 0 && valueBytes === 0;
    default:
      return false;
  }
}

/** Whether the key of `scratch.read` is present; its record is then in `scratch.record`. */
function isPresent(state: StoreState, bytes: Uint8Array): boolean {
  const { keyAt, keyBytes } = state.scratch.read;
  return isThere(state, state.table.locate(bytes, keyAt, keyAt + keyBytes));
}

/** Whether a key is present whose record was `isLocated`; it is then in `scratch.record`. */
function isThere({ table, slab, scratch, logTime }: StoreState, isLocated: boolean): boolean {
  if (!isLocated) return false;
  readRecord(slab.bytesAt(table.address), slab.offsetAt(table.address), scratch.record);
  return !hasPassed(scratch.record.deadline, logTime);
}

function get(state: StoreState, bytes: Uint8Array, lane: ResultLane): void {
  const { keyAt, keyBytes } = state.scratch.read;
  pushRecord(state, state.table.locate(bytes, keyAt, keyAt + keyBytes), lane);
}

function pushRecord(state: StoreState, isLocated: boolean, lane: ResultLane): void {
  const { record } = state.scratch;
  if (isThere(state, isLocated)) {
    lane.push(STATUS.VALUE, record.revision, record.bytes, record.valueAt, record.valueBytes);
  } else {
    lane.push(STATUS.NOT_FOUND, 0, NONE, 0, 0);
  }
}

function timeToLive(state: StoreState, bytes: Uint8Array, time: number, lane: ResultLane): void {
  const { read, record } = state.scratch;
  if (!isPresent(state, bytes)) {
    pushNumber(lane, STATUS.NOT_FOUND, 0, -2);
  } else if (record.deadline === NO_DEADLINE) {
    pushNumber(lane, STATUS.VALUE, record.revision, -1);
  } else if ((read.flags & COMMAND_FLAG.KEEP_DEADLINE) !== 0) {
    pushNumber(lane, STATUS.VALUE, record.revision, record.deadline);
  } else {
    pushNumber(lane, STATUS.VALUE, record.revision, Math.max(1, record.deadline - time));
  }
}

/** Due keys are still in the table; those in the heaps whose deadline has passed do not count. */
function size(state: StoreState, lane: ResultLane): void {
  let keys = state.table.keys;
  for (const shard of state.table.shards) keys -= shard.expiry.countPassed(state.logTime);
  pushNumber(lane, STATUS.VALUE, 0, keys);
}

function scan(state: StoreState, bytes: Uint8Array, lane: ResultLane): void {
  const { table, scratch } = state;
  const { valueAt } = scratch.read;
  const count = Math.min(Math.max(1, getU32(bytes, valueAt + 8)), SCAN_KEYS_MAX);
  const walk = new TableWalk(table);
  walk.seek(getU32(bytes, valueAt + 4), getU32(bytes, valueAt));
  let visited = 0;
  let keys = 0;
  let used = SCAN_HEAD_BYTES;
  let before = 0;
  for (; walk.address !== 0; walk.next()) {
    const isFull = visited >= count || used >= SCAN_BYTES_MAX;
    if (isFull && walk.isAtNewHash(before)) break;
    before = walk.address;
    visited++;
    const end = appendKey(state, walk.address, used);
    keys += end === used ? 0 : 1;
    used = end;
  }
  const isOver = walk.address === 0;
  if (!isOver) table.hashRecord(walk.address);
  putU32(scratch.scanBytes, 0, isOver ? 0 : table.hashLow);
  putU32(scratch.scanBytes, 4, isOver ? 0 : table.hashHigh);
  putU32(scratch.scanBytes, 8, keys);
  putU32(scratch.scanBytes, 12, 0);
  lane.push(STATUS.VALUE, 0, scratch.scanBytes, 0, used);
}

/** Appends the record's key to the answer, unless its deadline has passed. The new end. */
function appendKey(state: StoreState, address: number, at: number): number {
  const { scratch, slab } = state;
  const { record } = scratch;
  readRecord(slab.bytesAt(address), slab.offsetAt(address), record);
  if (hasPassed(record.deadline, state.logTime)) return at;
  const end = at + 4 + record.keyBytes;
  if (end > scratch.scanBytes.length) {
    const larger = new Uint8Array(end * 2);
    larger.set(scratch.scanBytes.subarray(0, at));
    scratch.scanBytes = larger;
  }
  putU32(scratch.scanBytes, at, record.keyBytes);
  const key = record.bytes.subarray(record.keyAt, record.keyAt + record.keyBytes);
  scratch.scanBytes.set(key, at + 4);
  return end;
}

function pushNumber(lane: ResultLane, status: number, revision: number, value: number): void {
  const text = asciiBytes(`${value}`);
  lane.push(status, revision, text, 0, text.length);
}
