/**
 * One shard's keys that have a deadline, in the order (deadline, hash, key): a binary heap in typed
 * arrays (Williams 1964).
 *
 * 1. Every such record knows its place in the heap, so that it leaves when the deadline changes or
 *    the key goes; nothing stale piles up. Rejected: lazy removal, whose leftovers grow without
 *    bound when one key's deadline is renewed again and again.
 * 2. The order is total and made of content alone: two replicas whose heaps are shaped differently
 *    take keys out in the same order.
 */
import { assert } from '../../base/assert.ts';
import { heapPlace, setHeapPlace } from './record.ts';
import type { Slab } from './slab.ts';

/** Compares two records of one shard by hash, then key. */
export type RecordOrder = (left: number, right: number) => number;

const SIZE_MIN = 4;
/** Most shards of a small table hold no deadline: they share what holds nothing. */
const NO_DEADLINES = new Float64Array(0);
const NO_ADDRESSES = new Uint32Array(0);

export class ExpiryHeap {
  count = 0;
  readonly #slab: Slab;
  readonly #order: RecordOrder;
  #deadlines = NO_DEADLINES;
  #addresses = NO_ADDRESSES;

  constructor(slab: Slab, order: RecordOrder) {
    this.#slab = slab;
    this.#order = order;
  }

  /** The earliest deadline; Infinity when there is none. */
  get deadline(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.#deadlines[0]!;
  }

  /** Memory that it holds. */
  get bytes(): number {
    return this.#deadlines.byteLength + this.#addresses.byteLength;
  }

  /** The record that goes first. */
  get first(): number {
    assert(this.count > 0, 'internal', 'no deadline in this shard');
    return this.#addresses[0]!;
  }

  add(address: number, deadline: number): void {
    if (this.count === this.#deadlines.length) this.#resize(Math.max(SIZE_MIN, this.count * 2));
    this.#rise(this.count++, address, deadline);
  }

  remove(address: number): void {
    const place = this.#placeOf(address);
    const last = --this.count;
    if (place !== last) {
      const moved = this.#addresses[last]!;
      const deadline = this.#deadlines[last]!;
      if (place > 0 && this.#isBefore(moved, deadline, (place - 1) >>> 1)) {
        this.#rise(place, moved, deadline);
      } else {
        this.#sink(place, moved, deadline);
      }
    }
    if (last > SIZE_MIN && last * 4 < this.#deadlines.length) this.#resize(last * 2);
  }

  /** The record moved; its new bytes already say where it stands here. */
  moved(from: number, to: number): void {
    const place = heapPlace(this.#slab.bytesAt(to), this.#slab.offsetAt(to));
    assert(this.#addresses[place] === from, 'internal', 'expiry heap lost a record');
    this.#addresses[place] = to;
  }

  /** How many deadlines have passed at `time`: visits only those and their children. */
  countPassed(time: number): number {
    let passed = 0;
    const open = [0];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (place >= this.count || !(time > this.#deadlines[place]!)) continue;
      passed++;
      open.push(2 * place + 1, 2 * place + 2);
    }
    return passed;
  }

  /** Heap order and every record's own idea of its place; for check(). */
  check(): void {
    for (let place = 0; place < this.count; place++) {
      const address = this.#addresses[place]!;
      assert(this.#placeOf(address) === place, 'internal', 'record stands elsewhere in the heap');
      if (place === 0) continue;
      const parent = (place - 1) >>> 1;
      assert(
        !this.#isBefore(address, this.#deadlines[place]!, parent),
        'internal',
        'child before its parent in the expiry heap',
      );
    }
  }

  #placeOf(address: number): number {
    const place = heapPlace(this.#slab.bytesAt(address), this.#slab.offsetAt(address));
    assert(
      place < this.count && this.#addresses[place] === address,
      'internal',
      'expiry heap lost a record',
    );
    return place;
  }

  #isBefore(address: number, deadline: number, place: number): boolean {
    const other = this.#deadlines[place]!;
    if (deadline !== other) return deadline < other;
    return this.#order(address, this.#addresses[place]!) < 0;
  }

  #rise(from: number, address: number, deadline: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!this.#isBefore(address, deadline, parent)) break;
      this.#put(place, this.#addresses[parent]!, this.#deadlines[parent]!);
      place = parent;
    }
    this.#put(place, address, deadline);
  }

  #sink(from: number, address: number, deadline: number): void {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.count) break;
      const other = child + 1;
      if (
        other < this.count &&
        this.#isBefore(this.#addresses[other]!, this.#deadlines[other]!, child)
      ) {
        child = other;
      }
      if (this.#isBefore(address, deadline, child)) break;
      this.#put(place, this.#addresses[child]!, this.#deadlines[child]!);
      place = child;
    }
    this.#put(place, address, deadline);
  }

  #put(place: number, address: number, deadline: number): void {
    this.#addresses[place] = address;
    this.#deadlines[place] = deadline;
    setHeapPlace(this.#slab.bytesAt(address), this.#slab.offsetAt(address), place);
  }

  #resize(size: number): void {
    const deadlines = new Float64Array(size);
    const addresses = new Uint32Array(size);
    deadlines.set(this.#deadlines.subarray(0, this.count));
    addresses.set(this.#addresses.subarray(0, this.count));
    this.#deadlines = deadlines;
    this.#addresses = addresses;
  }
}
