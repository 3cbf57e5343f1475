/**
 * Keys that will be located soon, found together.
 *
 * A look-up waits for memory twice: for its slot and for its record. One after the other those waits
 * are half of what a GET costs; begun for many keys at once they overlap. A scout finds them all in one
 * call; without one they are hashed together, and what their look-ups will read is read.
 *
 * 1. What is found counts only for the same bytes at the same place, which must not change until
 *    `forget`; and for as long as the keys of its shard stay in their slots (table-map.ts).
 * 2. A scout also computes the CRCs of values that will be stored.
 * 3. Keys are located in the order in which they were added; one that is not costs a hash, no more.
 */
import type { FoundKeys } from '../../base/scout.ts';

/** As many as the cache and a processor's outstanding loads have a use for. */
export const LOOK_AHEAD_KEYS = 64;

const NONE = new Uint8Array(0);

export class LookAhead implements FoundKeys {
  #bytes: Uint8Array = NONE;
  count = 0;
  #next = 0;
  readonly from = new Uint32Array(LOOK_AHEAD_KEYS);
  readonly to = new Uint32Array(LOOK_AHEAD_KEYS);
  readonly high = new Uint32Array(LOOK_AHEAD_KEYS);
  readonly low = new Uint32Array(LOOK_AHEAD_KEYS);
  /** Of the read that asks for the key and nothing else (GET): its bytes; 0: it is another. */
  readonly plainBytes = new Uint32Array(LOOK_AHEAD_KEYS);
  /** Of the value that will be stored under the key; equal: none. */
  readonly valueFrom = new Uint32Array(LOOK_AHEAD_KEYS);
  readonly valueTo = new Uint32Array(LOOK_AHEAD_KEYS);
  readonly valueCrc = new Uint32Array(LOOK_AHEAD_KEYS);
  /** Whether `valueCrc` says anything. */
  hasCrcs = false;
  /** Whether `slot` and `address` are what a scout has found. */
  isFound = false;
  readonly slot = new Uint32Array(LOOK_AHEAD_KEYS);
  /** Without a scout: what the key's place held, or 0. */
  readonly address = new Uint32Array(LOOK_AHEAD_KEYS);
  /** What was read, so that reading is no dead code. */
  touched = 0;

  /** Forgets what was added, and takes keys of `bytes` from now on. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.count = 0;
    this.#next = 0;
    this.hasCrcs = false;
    this.isFound = false;
  }

  get isFull(): boolean {
    return this.count === LOOK_AHEAD_KEYS;
  }

  /** A key, and the value that will be stored under it, if any. */
  add(from: number, to: number, valueFrom = 0, valueTo = 0): void {
    this.from[this.count] = from;
    this.to[this.count] = to;
    this.valueFrom[this.count] = valueFrom;
    this.valueTo[this.count] = valueTo;
    this.count++;
  }

  forget(): void {
    this.begin(NONE);
  }

  /** The CRC of the value in bytes [from, to), if it belongs to the key located last; -1: unknown. */
  crcOf(bytes: Uint8Array, from: number, to: number): number {
    const row = this.#next;
    if (!this.hasCrcs || bytes !== this.#bytes || row >= this.count) return -1;
    const isIt = this.valueFrom[row] === from && this.valueTo[row] === to;
    return isIt ? this.valueCrc[row]! : -1;
  }

  /** The row of the key that begins at `from`; -1: it was not looked ahead for. */
  rowOf(bytes: Uint8Array, from: number): number {
    if (bytes !== this.#bytes) return -1;
    while (this.#next < this.count && this.from[this.#next]! < from) this.#next++;
    return this.#next < this.count && this.from[this.#next] === from ? this.#next : -1;
  }
}
