/**
 * Results of a batch, one row a command, in typed arrays: no object per operation.
 *
 * The store pushes, the protocol's writer reads; the node matches rows to requests by position.
 * 1. Rows live until `clear`. What was shown is frozen then: nothing is written over it.
 * 2. A lane may leave room in front of each answer, so that whoever frames it copies no value:
 *
 *      values  │ room │ value of row 0 │ room │ value of row 1 │ bare │ …    bare: no value, less room
 *
 * 3. A lane holds so many bytes of values and no more, whatever a few small requests ask for: a row
 *    whose value finds no place is *short*. It has its status, revision and length; whoever answers
 *    says so. What apply keeps of a result does not depend on that: the newest row, if it is no longer
 *    than such a result may be, can be read all the same.
 * 4. What one turn with large values needed is let go by the next that needs far less.
 */
import { assert } from '../base/assert.ts';
import { SESSION_RESULT_BYTES_MAX } from './types.ts';

const VALUES_FIRST = 4096;
/** Of a lane that shows what it holds: some turns' worth, since what was shown is not used again. */
const SHOWN_BYTES = 256 * 1024;

/** Bytes left free in front of an answer with a value, and of one without. */
export interface Room {
  readonly value: number;
  readonly bare: number;
}

const NO_ROOM: Room = { value: 0, bare: 0 };
/** Where no value stands. */
const SHORT = 0xffff_ffff;

/** Of a lane that nobody has given a bound: less than places can name. */
const UNBOUNDED = 0x8000_0000;

export class ResultLane {
  readonly room: Room;
  /** Bytes of values that a turn may have here; a first one is always held. */
  readonly bytesMax: number;
  count = 0;
  /** STATUS of each row (types.ts). */
  status = new Uint8Array(64);
  /** The revision after the command; 0 where there is none. */
  revision = new Float64Array(64);
  /** Where the row's value stands in `values`. */
  valueAt = new Uint32Array(64);
  valueBytes = new Uint32Array(64);
  values = new Uint8Array(VALUES_FIRST);
  /** Where the rows' part of `values` begins; what stands before was shown. */
  #base = 0;
  #used = 0;
  #isShown = false;
  /** Of a short row that was pushed last. */
  readonly #newest = new Uint8Array(SESSION_RESULT_BYTES_MAX);

  constructor(room = NO_ROOM, bytesMax = UNBOUNDED) {
    this.room = room;
    this.bytesMax = bytesMax;
  }

  clear(): void {
    this.count = 0;
    if (this.#isTooLarge(this.#used - this.#base)) this.#letGo();
    else if (this.#isShown) this.#base = this.#used;
    this.#used = this.#base;
    this.#isShown = false;
  }

  /** Whether a turn that had values could have had them in a quarter of the room. */
  #isTooLarge(used: number): boolean {
    return used > 0 && this.values.length > Math.max(SHOWN_BYTES, 4 * used);
  }

  #letGo(): void {
    this.values = new Uint8Array(VALUES_FIRST);
    this.#base = 0;
  }

  /** Bytes of `values` to send; `isKept`: frozen from now on. */
  show(from: number, to: number, isKept: boolean): Uint8Array {
    this.#isShown ||= isKept;
    return this.values.subarray(from, to);
  }

  /** Appends a row whose value is copied from `source`; `bytes === 0`: no value. */
  push(status: number, revision: number, source: Uint8Array, at: number, bytes: number): void {
    if (this.count === this.status.length) this.#growRows();
    const row = this.count++;
    const room = bytes === 0 ? this.room.bare : this.room.value;
    this.status[row] = status;
    this.revision[row] = revision;
    if (this.#used + room + bytes > this.values.length && !this.#makeRoom(room, bytes)) {
      this.valueAt[row] = SHORT;
      this.valueBytes[row] = bytes;
      if (bytes <= this.#newest.length) this.#newest.set(source.subarray(at, at + bytes));
      return;
    }
    const valueAt = this.#used + room;
    this.valueAt[row] = valueAt;
    this.valueBytes[row] = bytes;
    if (bytes > 0) this.values.set(source.subarray(at, at + bytes), valueAt);
    this.#used = valueAt + bytes;
  }

  /** Whether the row has a value that is not held here. */
  isShort(row: number): boolean {
    return this.valueAt[row] === SHORT;
  }

  /** The row has no value any more, and `status` says so. */
  drop(row: number, status: number): void {
    this.status[row] = status;
    this.valueBytes[row] = 0;
  }

  /** A view of row `row`'s value; valid until `clear`. */
  value(row: number): Uint8Array {
    assert(row < this.count, 'internal', 'no such row');
    const at = this.valueAt[row]!;
    const bytes = this.valueBytes[row]!;
    if (at !== SHORT || bytes === 0) return this.values.subarray(at, at + bytes);
    assert(row === this.count - 1 && bytes <= this.#newest.length, 'internal', 'a short row');
    return this.#newest.subarray(0, bytes);
  }

  #growRows(): void {
    const size = this.status.length * 2;
    const status = new Uint8Array(size);
    const revision = new Float64Array(size);
    const valueAt = new Uint32Array(size);
    const valueBytes = new Uint32Array(size);
    status.set(this.status);
    revision.set(this.revision);
    valueAt.set(this.valueAt);
    valueBytes.set(this.valueBytes);
    this.status = status;
    this.revision = revision;
    this.valueAt = valueAt;
    this.valueBytes = valueBytes;
  }

  /** False: there is no room for a value of `bytes`. What has none always finds some. */
  #makeRoom(room: number, bytes: number): boolean {
    const used = this.#used - this.#base;
    if (bytes > 0 && used > 0 && used + room + bytes > this.bytesMax) return false;
    this.#growValues(room + bytes);
    return true;
  }

  /** The rows move to the front of a larger buffer; what was shown keeps the old one. */
  #growValues(more: number): void {
    const used = this.#used - this.#base;
    const least = this.room === NO_ROOM ? 0 : SHOWN_BYTES;
    const bound = Math.max(this.bytesMax, used + more);
    const values = new Uint8Array(Math.max(least, Math.min(2 * (used + more), bound)));
    values.set(this.values.subarray(this.#base, this.#used));
    for (let row = 0; row < this.count; row++) {
      if (this.valueAt[row] !== SHORT) this.valueAt[row]! -= this.#base;
    }
    this.values = values;
    this.#base = 0;
    this.#used = used;
  }
}
