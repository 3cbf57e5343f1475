/**
 * The table: 64 shards over a shared slab, each {slots, expiry index, digest}.
 *
 * 1. h = wyhash64(key, table seed); its top six bits choose the shard, and a shard is kept in the
 *    order (h, key bytes). So the whole table is in that order, on every replica alike, whatever
 *    was put, removed or resized in between.
 * 2. `locate` finds a key's place; `store` and `remove` act on the place located last. Nothing else
 *    changes the table, so counts, logical bytes, digests and expiry are kept in two functions.
 * 3. `logicalBytes` = Σ(key + value + 64): what the quota counts.
 *
 * A digest element covers h, revision, deadline, both lengths and the value's CRC.
 */
import { assert } from '../../base/assert.ts';
import { compareBytes, fromHex, getU32BE } from '../../base/bytes.ts';
import { Wyhash } from '../../base/hash.ts';
import { NO_SLOT, type Scout } from '../../base/scout.ts';
import { KEY_OVERHEAD_BYTES } from '../types.ts';
import { Element, Sum } from './digest.ts';
import { ExpiryHeap } from './expiry.ts';
import { LookAhead } from './look-ahead.ts';
import { NO_DEADLINE, newRecordView, readRecord, recordKeyAt, recordKeyBytes } from './record.ts';
import { SHARDS, Shard, shardOf } from './shard.ts';
import type { Slab } from './slab.ts';
import { TableMap } from './table-map.ts';

const RECORD_ELEMENT = 1;
/** What is reserved is not touched, and so costs no memory yet; but there is an end to everything. */
const KEYS_RESERVED_MAX = 2 ** 27;

/** Hashes as the table does; a stand-in may be given where collisions are wanted. */
export interface KeyHash {
  readonly high: number;
  readonly low: number;
  hash(bytes: Uint8Array, from: number, to: number): void;
}

/** The hash of a table seed: 16 hex digits, most significant first. */
export function tableHash(seed: string): KeyHash {
  const bytes = fromHex(seed);
  assert(bytes.length === 8, 'internal', 'table seed is not 64 bits');
  return new Wyhash(getU32BE(bytes, 0), getU32BE(bytes, 4));
}

export class Table {
  readonly slab: Slab;
  readonly shards: readonly Shard[];
  keys = 0;
  logicalBytes = 0;
  /** Records with a deadline: where there is none, nobody has to look for the first. */
  mortal = 0;
  /** The place located last: its hash, its slot, and the record there or 0. */
  hashHigh = 0;
  hashLow = 0;
  slot = 0;
  address = 0;
  readonly #hash: KeyHash;
  readonly #map: TableMap;
  readonly #element = new Element();
  readonly #record = newRecordView();
  /** Keys that will be located soon: see `lookAhead`. */
  readonly ahead = new LookAhead();

  constructor(slab: Slab, hash: KeyHash) {
    this.slab = slab;
    this.#hash = hash;
    const order = (left: number, right: number): number => this.#compareRecords(left, right);
    this.shards = Array.from(
      { length: SHARDS },
      () => new Shard(new ExpiryHeap(slab, order), new Sum()),
    );
    this.#map = new TableMap(this.shards, slab.blocks);
  }

  /** Σ(key + value). */
  get contentBytes(): number {
    return this.logicalBytes - this.keys * KEY_OVERHEAD_BYTES;
  }

  /** Finds the key that stands in bytes [from, to), or the place where it belongs. */
  locate(bytes: Uint8Array, from: number, to: number): boolean {
    const row = this.ahead.rowOf(bytes, from);
    if (row < 0) {
      this.#hash.hash(bytes, from, to);
      this.hashHigh = this.#hash.high;
      this.hashLow = this.#hash.low;
      return this.#find(bytes, from, to);
    }
    this.hashHigh = this.ahead.high[row]!;
    this.hashLow = this.ahead.low[row]!;
    return this.#isKnown(row) ? this.#take(row) : this.#find(bytes, from, to);
  }

  /** Whether the key of a row of `ahead` is still where a scout has found it. */
  #isKnown(row: number): boolean {
    const { ahead } = this;
    if (!ahead.isFound || ahead.slot[row] === NO_SLOT) return false;
    return this.#map.isAsFound(shardOf(ahead.high[row]!));
  }

  /** The slot is the key's; its record may have been written elsewhere since. */
  #take(row: number): boolean {
    this.slot = this.ahead.slot[row]!;
    this.address = 0;
    if (this.ahead.address[row] === 0) return false;
    this.address = this.shards[shardOf(this.hashHigh)]!.slots[2 * this.slot + 1]!;
    return true;
  }

  /** Finds the key of a row of `ahead` for a read: `address` is its record's, and no more is located. */
  findRow(bytes: Uint8Array, row: number): boolean {
    const { ahead } = this;
    if (!this.#isKnown(row)) return this.locate(bytes, ahead.from[row]!, ahead.to[row]!);
    this.address = ahead.address[row]!;
    return this.address !== 0;
  }

  /** Finds the key whose hash is in `hashHigh` and `hashLow`. */
  #find(bytes: Uint8Array, from: number, to: number): boolean {
    const high = this.hashHigh;
    const shard = this.shards[shardOf(high)]!;
    const slots = shard.slots;
    let at = 2 * shard.home(high);
    while (at < slots.length && slots[at + 1] !== 0 && slots[at]! < high) at += 2;
    for (; at < slots.length && slots[at + 1] !== 0 && slots[at] === high; at += 2) {
      if (this.#hasKey(slots[at + 1]!, bytes, from, to)) {
        this.slot = at >>> 1;
        this.address = slots[at + 1]!;
        return true;
      }
      if (this.#isAfterPlace(slots[at + 1]!, bytes, from, to)) break;
    }
    this.slot = at >>> 1;
    this.address = 0;
    return false;
  }

  /**
   * Finds the keys in `ahead`, which are in `bytes`, all at once; and if they have values with them that
   * will be stored, checksums these.
   */
  lookAhead(bytes: Uint8Array, isStoring: boolean): void {
    const { scout } = this.slab.blocks;
    if (scout === null || !(this.#hash instanceof Wyhash)) this.#readAhead(bytes);
    else this.#scoutAhead(bytes, isStoring, scout, this.#hash);
  }

  #scoutAhead(
    bytes: Uint8Array,
    isStoring: boolean,
    scout: Scout,
    { seedHigh, seedLow }: Wyhash,
  ): void {
    const { ahead } = this;
    const { count, from, to } = ahead;
    if (isStoring) {
      scout.checksum(bytes, count, ahead.valueFrom, ahead.valueTo, ahead.valueCrc);
      ahead.hasCrcs = true;
    }
    this.#map.refresh(scout);
    scout.find(bytes, count, from, to, seedHigh, seedLow, this.#map, ahead);
    ahead.isFound = true;
  }

  #readAhead(bytes: Uint8Array): void {
    const { count, from, to, high, low, address } = this.ahead;
    let touched = 0;
    for (let row = 0; row < count; row++) {
      this.#hash.hash(bytes, from[row]!, to[row]!);
      high[row] = this.#hash.high;
      low[row] = this.#hash.low;
    }
    // Nothing here waits for what is read: the next key's slot is under way before this one is in.
    for (let row = 0; row < count; row++) {
      const shard = this.shards[shardOf(high[row]!)]!;
      touched ^= shard.slots[2 * shard.home(high[row]!)]!;
    }
    for (let row = 0; row < count; row++) address[row] = this.#addressNear(high[row]!);
    for (let row = 0; row < count; row++) touched ^= this.slab.touch(address[row]!);
    this.ahead.touched = touched;
  }

  /** The first address whose slot has this upper half of h, or one beyond it; 0: none. */
  #addressNear(high: number): number {
    const shard = this.shards[shardOf(high)]!;
    const { slots } = shard;
    let at = 2 * shard.home(high);
    while (at < slots.length && slots[at + 1] !== 0 && slots[at]! < high) at += 2;
    return at < slots.length ? slots[at + 1]! : 0;
  }

  /** Finds the place of the record at `address`, which must be in this table. */
  locateRecord(address: number): boolean {
    const bytes = this.slab.bytesAt(address);
    const keyAt = recordKeyAt(bytes, this.slab.offsetAt(address));
    return this.locate(bytes, keyAt, keyAt + recordKeyBytes(bytes, this.slab.offsetAt(address)));
  }

  /** Room for so many keys, before they come in the order of h. Some shards get more than others. */
  reserve(keys: number): void {
    const share = Math.ceil(Math.min(keys, KEYS_RESERVED_MAX) / SHARDS);
    for (const shard of this.shards) shard.reserve(share + (share >>> 4));
  }

  /** Makes the record at `address`, complete and of the located key, that key's record. */
  store(address: number): void {
    const before = this.address;
    let shard = this.shards[shardOf(this.hashHigh)]!;
    if (before !== 0) {
      this.#leave(shard, before);
      this.slab.give(before);
      shard.slots[2 * this.slot + 1] = address;
    } else {
      if (shard.isCrowded()) {
        shard.grow();
        this.locateRecord(address);
        shard = this.shards[shardOf(this.hashHigh)]!;
      }
      shard.insert(this.slot, this.hashHigh, address);
      this.keys++;
    }
    this.address = address;
    this.#enter(shard, address);
  }

  /** The located record is about to be written anew where it stands, with the same key. */
  beginRewrite(): void {
    this.#leave(this.shards[shardOf(this.hashHigh)]!, this.address);
  }

  endRewrite(): void {
    this.#enter(this.shards[shardOf(this.hashHigh)]!, this.address);
  }

  /** Removes the located record. */
  remove(): void {
    assert(this.address !== 0, 'internal', 'removed a key that is absent');
    const shard = this.shards[shardOf(this.hashHigh)]!;
    this.#leave(shard, this.address);
    this.slab.give(this.address);
    shard.remove(this.slot);
    this.keys--;
    this.address = 0;
  }

  /** The record moved within the slab. False: it is not this table's. */
  moved(from: number, to: number): boolean {
    if (!this.locateRecord(to) || this.address !== from) return false;
    const shard = this.shards[shardOf(this.hashHigh)]!;
    shard.slots[2 * this.slot + 1] = to;
    this.address = to;
    readRecord(this.slab.bytesAt(to), this.slab.offsetAt(to), this.#record);
    if (this.#record.deadline !== NO_DEADLINE) shard.expiry.moved(from, to);
    return true;
  }

  /** The record's h, in `hashHigh` and `hashLow`; the located place is void afterwards. */
  hashRecord(address: number): void {
    this.#hashOf(address);
    this.hashHigh = this.#hash.high;
    this.hashLow = this.#hash.low;
  }

  /** The digest element of a record whose h is in `hashHigh` and `hashLow`. */
  elementOf(address: number): Element {
    const record = this.#record;
    readRecord(this.slab.bytesAt(address), this.slab.offsetAt(address), record);
    const element = this.#element;
    element.begin(RECORD_ELEMENT);
    element.word(this.hashHigh);
    element.word(this.hashLow);
    element.number(record.revision);
    if (record.deadline !== NO_DEADLINE) element.number(record.deadline);
    element.word(record.keyBytes);
    element.word(record.valueBytes);
    element.word(record.valueCrc);
    element.end();
    return element;
  }

  /** Whether one record stands before another of its shard; for check(). */
  comesBefore(left: number, right: number): boolean {
    return this.#compareRecords(left, right) < 0;
  }

  /** The earliest deadline; Infinity when there is none. */
  earliestDeadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    if (this.mortal === 0) return earliest;
    for (const shard of this.shards) earliest = Math.min(earliest, shard.expiry.deadline);
    return earliest;
  }

  /** Sum of the shards' digests. */
  digest(): Sum {
    const sum = new Sum();
    for (const shard of this.shards) {
      sum.low = (sum.low + shard.digest.low) >>> 0;
      sum.high = (sum.high + shard.digest.high) >>> 0;
    }
    return sum;
  }

  /**
   * The record whose deadline comes first, by (deadline, h): shards are in the order of h, so the
   * first shard wins a tie. 0: none has a deadline.
   */
  firstToExpire(): number {
    let first = 0;
    if (this.mortal === 0) return first;
    let earliest = Number.POSITIVE_INFINITY;
    for (const shard of this.shards) {
      if (shard.expiry.deadline >= earliest) continue;
      earliest = shard.expiry.deadline;
      first = shard.expiry.first;
    }
    return first;
  }

  #enter(shard: Shard, address: number): void {
    shard.digest.add(this.elementOf(address));
    this.logicalBytes += this.#logicalBytesOfRecord();
    if (this.#record.deadline !== NO_DEADLINE) {
      shard.expiry.add(address, this.#record.deadline);
      this.mortal++;
    }
  }

  #leave(shard: Shard, address: number): void {
    shard.digest.subtract(this.elementOf(address));
    this.logicalBytes -= this.#logicalBytesOfRecord();
    if (this.#record.deadline === NO_DEADLINE) return;
    shard.expiry.remove(address);
    this.mortal--;
  }

  #logicalBytesOfRecord(): number {
    return this.#record.keyBytes + this.#record.valueBytes + KEY_OVERHEAD_BYTES;
  }

  #hasKey(address: number, bytes: Uint8Array, from: number, to: number): boolean {
    const region = this.slab.bytesAt(address);
    const at = this.slab.offsetAt(address);
    if (recordKeyBytes(region, at) !== to - from) return false;
    let keyAt = recordKeyAt(region, at);
    let source = from;
    // Four a round: a key that comes this far is nearly always the right one.
    for (; source + 4 <= to; source += 4, keyAt += 4) {
      const difference =
        (region[keyAt]! ^ bytes[source]!) |
        (region[keyAt + 1]! ^ bytes[source + 1]!) |
        (region[keyAt + 2]! ^ bytes[source + 2]!) |
        (region[keyAt + 3]! ^ bytes[source + 3]!);
      if (difference !== 0) return false;
    }
    for (; source < to; source++) if (region[keyAt++] !== bytes[source]) return false;
    return true;
  }

  /** Whether a record with the same upper half of h stands after the key looked for. Rare. */
  #isAfterPlace(address: number, bytes: Uint8Array, from: number, to: number): boolean {
    this.#hashOf(address);
    if (this.#hash.low !== this.hashLow) return this.#hash.low > this.hashLow;
    return compareBytes(this.#keyOf(address), bytes.subarray(from, to)) > 0;
  }

  #compareRecords(left: number, right: number): number {
    this.#hashOf(left);
    const high = this.#hash.high;
    const low = this.#hash.low;
    this.#hashOf(right);
    if (high !== this.#hash.high) return high - this.#hash.high;
    if (low !== this.#hash.low) return low - this.#hash.low;
    return compareBytes(this.#keyOf(left), this.#keyOf(right));
  }

  #hashOf(address: number): void {
    const bytes = this.slab.bytesAt(address);
    const at = this.slab.offsetAt(address);
    const keyAt = recordKeyAt(bytes, at);
    this.#hash.hash(bytes, keyAt, keyAt + recordKeyBytes(bytes, at));
  }

  #keyOf(address: number): Uint8Array {
    const bytes = this.slab.bytesAt(address);
    const at = this.slab.offsetAt(address);
    const keyAt = recordKeyAt(bytes, at);
    return bytes.subarray(keyAt, keyAt + recordKeyBytes(bytes, at));
  }
}
