/**
 * A walk through a table in the order of h, from any h on. Valid until the table changes; what must
 * outlive a change keeps h, not a place.
 */
import { SHARDS, shardOf } from './shard.ts';
import type { Table } from './table.ts';

export class TableWalk {
  /** The record the walk stands at; 0 when it is over. */
  address = 0;
  readonly #table: Table;
  #shard = 0;
  #slot = 0;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Goes to the first record whose h is (high, low) or more. */
  seek(high: number, low: number): void {
    this.#shard = shardOf(high);
    this.#slot = this.#table.shards[this.#shard]!.home(high);
    this.#settle();
    while (this.address !== 0 && this.#isBefore(high, low)) this.next();
  }

  next(): void {
    this.#slot++;
    this.#settle();
  }

  /**
   * Reads from where the next `count` records stand, this one among them: they are in the cache then,
   * all for one wait. What is read means nothing.
   */
  touch(count: number): number {
    const [address, shard, slot] = [this.address, this.#shard, this.#slot];
    let touched = 0;
    for (let n = 0; n < count && this.address !== 0; n++) {
      touched ^= this.#table.slab.touch(this.address);
      this.next();
    }
    this.address = address;
    this.#shard = shard;
    this.#slot = slot;
    return touched;
  }

  /** Whether the record has another h than the one before it in this walk, `address` before. */
  isAtNewHash(before: number): boolean {
    this.#table.hashRecord(before);
    const high = this.#table.hashHigh;
    const low = this.#table.hashLow;
    this.#table.hashRecord(this.address);
    return this.#table.hashHigh !== high || this.#table.hashLow !== low;
  }

  #isBefore(high: number, low: number): boolean {
    this.#table.hashRecord(this.address);
    if (this.#table.hashHigh !== high) return this.#table.hashHigh < high;
    return this.#table.hashLow < low;
  }

  #settle(): void {
    const shards = this.#table.shards;
    while (this.#shard < SHARDS) {
      const shard = shards[this.#shard]!;
      this.#slot = shard.count === 0 ? shard.length : shard.usedFrom(this.#slot);
      if (this.#slot < shard.length) {
        this.address = shard.slots[2 * this.#slot + 1]!;
        return;
      }
      this.#shard++;
      this.#slot = 0;
    }
    this.address = 0;
  }
}
