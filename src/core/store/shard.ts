/**
 * One shard's slots: Robin Hood hashing with linear probing, kept in the order of h (Celis, Larson,
 * Munro 1985; Amble and Knuth, "Ordered hash tables", 1974).
 *
 * 1. A slot is two words: the upper half of h, and the record's address (0: empty). One probe, one
 *    cache line; no object and no pointer per key.
 * 2. Home grows with h: home = ⌊(h without the six shard bits) · capacity / 2^58⌋. Therefore order of
 *    home is order of h, iteration is in the order of h, and growing is one linear pass.
 * 3. A record stands at its home or after it, with no empty slot between; slots are in the order
 *    (h, key bytes) throughout. There is no wrap: what runs over the end stands in overflow slots,
 *    of which there are as many as are needed.
 * 4. Removal shifts back what stands after, up to an empty slot or a record that is at home.
 *
 *     home    0   1   2   3   4   5 | overflow
 *     h      .03 .21 .22 .24 .58 .97  .98  ─     .22 and .24 are displaced by .21's neighbours
 *
 * Records that come in the order of h, as a snapshot's do, would all stand far behind their homes while
 * the shard is small for what is to come: home is a share of the capacity. Room is reserved for them.
 *
 * A shard is resized at once, which copies 8 bytes a slot in order: about 4 ns a key, so 1 ms at
 * 16 million keys in the 64 shards and 10 ms at 160 million. Rejected: incremental resizing, which
 * doubles every look-up for as long as it runs.
 */
import { assert } from '../../base/assert.ts';
import type { Sum } from './digest.ts';
import type { ExpiryHeap } from './expiry.ts';

const CAPACITY_MIN = 8;
const SPARE_SLOTS = 8;
const TWO_32 = 0x1_0000_0000;
/** Grows beyond 13/16 full, by half. */
const LOAD_NUMERATOR = 13;
const LOAD_DENOMINATOR = 16;

/** Shards of a table: the top six bits of h choose one. */
export const SHARDS = 64;
export const shardOf = (high: number): number => high >>> 26;

export class Shard {
  /** Upper half of h and address, alternating. */
  slots: Uint32Array<ArrayBuffer>;
  /** Slots in which a record can be at home. */
  capacity: number;
  count = 0;
  /** How often keys have come to stand in other slots than before. */
  shifts = 0;
  readonly expiry: ExpiryHeap;
  readonly digest: Sum;

  constructor(expiry: ExpiryHeap, digest: Sum) {
    this.expiry = expiry;
    this.digest = digest;
    this.capacity = CAPACITY_MIN;
    this.slots = new Uint32Array(2 * (CAPACITY_MIN + SPARE_SLOTS));
  }

  /** All slots, overflow included. */
  get length(): number {
    return this.slots.length >>> 1;
  }

  home(high: number): number {
    return Math.floor((((high << 6) >>> 0) * this.capacity) / TWO_32);
  }

  /** Whether another record needs more room first. */
  isCrowded(): boolean {
    return (this.count + 1) * LOAD_DENOMINATOR > this.capacity * LOAD_NUMERATOR;
  }

  /** Whether so few records are left that half of the slots would do. */
  isRoomy(): boolean {
    return this.capacity > CAPACITY_MIN && this.count * 4 < this.capacity;
  }

  grow(): void {
    this.#resize(Math.ceil(this.capacity * 1.5));
  }

  /** Room for so many records, before they come. */
  reserve(records: number): void {
    const capacity = Math.ceil((records * LOAD_DENOMINATOR) / LOAD_NUMERATOR);
    if (capacity > this.capacity) this.#resize(capacity);
  }

  shrink(): void {
    this.#resize(Math.max(CAPACITY_MIN, this.count * 2));
  }

  /** Puts a record where the order wants it; what stands there shifts up to the next empty slot. */
  insert(slot: number, high: number, address: number): void {
    this.shifts++;
    let empty = slot;
    while (empty < this.length && this.slots[2 * empty + 1] !== 0) empty++;
    if (empty === this.length) this.#extend();
    if (empty > slot) this.slots.copyWithin(2 * slot + 2, 2 * slot, 2 * empty);
    this.slots[2 * slot] = high;
    this.slots[2 * slot + 1] = address;
    this.count++;
  }

  remove(slot: number): void {
    const slots = this.slots;
    assert(slots[2 * slot + 1] !== 0, 'internal', 'removed an empty slot');
    this.shifts++;
    let end = slot + 1;
    while (end < this.length && slots[2 * end + 1] !== 0) {
      if (this.home(slots[2 * end]!) === end) break;
      end++;
    }
    if (end > slot + 1) slots.copyWithin(2 * slot, 2 * slot + 2, 2 * end);
    slots[2 * end - 2] = 0;
    slots[2 * end - 1] = 0;
    this.count--;
  }

  /** The first used slot at or after `slot`; `length` if there is none. */
  usedFrom(slot: number): number {
    const slots = this.slots;
    let at = 2 * slot + 1;
    while (at < slots.length && slots[at] === 0) at += 2;
    return at >>> 1;
  }

  #extend(): void {
    const longer = new Uint32Array(this.slots.length + 2 * (this.length - this.capacity));
    longer.set(this.slots);
    this.slots = longer;
  }

  /** One pass in order: each record goes to its home or behind the one before it. */
  #resize(capacity: number): void {
    const before = this.slots;
    this.shifts++;
    this.capacity = capacity;
    let next = 0;
    for (let at = 1; at < before.length; at += 2) {
      if (before[at] !== 0) next = Math.max(next, this.home(before[at - 1]!)) + 1;
    }
    this.slots = new Uint32Array(2 * (Math.max(next, capacity) + SPARE_SLOTS));
    next = 0;
    for (let at = 1; at < before.length; at += 2) {
      if (before[at] === 0) continue;
      const slot = Math.max(next, this.home(before[at - 1]!));
      this.slots[2 * slot] = before[at - 1]!;
      this.slots[2 * slot + 1] = before[at]!;
      next = slot + 1;
    }
  }
}
