/**
 * The slab: memory for records, in units of 16 bytes (Bonwick, "The Slab Allocator", 1994).
 *
 * 1. Up to 2 KiB there is a class for every number of units; up to 16 KiB a class for every number of
 *    slots a page can hold; above, a record has a run of blocks of its own.
 * 2. A page is a run of 64 KiB that serves one class. Its free slots form a list through the slots
 *    themselves. An empty page goes back to the blocks, whoever needs them next.
 * 3. A class takes from its fullest pages, so that the emptiest drain. Pages are held in four lists
 *    by how full they are; a full page is in none.
 * 4. When more than a sixteenth of the pages' room (and some slack) is free, records are moved out
 *    of the emptiest page of the class that wastes most, a few at a time, until the page is empty.
 *    The owner mends whatever points there.
 *
 *     slot in use   bit 31 of its first word is set (record.ts)
 *     slot free     first word 0, second word the next free slot's address or 0
 *
 * Nothing that apply decides depends on a figure of the slab. Rejected: a log with a cleaner (its
 * moves are paid on every overwrite, these only when sizes shift), and coarse size classes (up to a
 * quarter of each record lost).
 */
import { assert } from '../../base/assert.ts';
import { getU32, putU32 } from '../../base/bytes.ts';
import type { Scout } from '../../base/scout.ts';
import { BLOCK_UNITS, Blocks, grownInt32, UNIT_BYTES } from './blocks.ts';

const PAGE_BLOCKS = 16;
const PAGE_UNITS = PAGE_BLOCKS * BLOCK_UNITS;
/** Up to here every number of units has its class: classes 1…128. */
const EXACT_UNITS_MAX = 128;
/** Above, up to here, a class for every number of slots in a page, 31 down to 4. */
const PAGED_UNITS_MAX = 1024;
const SLOTS_MIN = PAGE_UNITS / PAGED_UNITS_MAX;
const SLOTS_MAX = PAGE_UNITS / EXACT_UNITS_MAX - 1;
const CLASSES = EXACT_UNITS_MAX + 1 + (SLOTS_MAX - SLOTS_MIN + 1);
/** How full, in quarters; full pages are in no list. */
const LEVELS = 4;
/** Free room that is never compacted away, in units: it costs little and saves moves. */
const SLACK_UNITS = 4 * PAGE_UNITS;
const SPARSE_SHARE = 16;

const CACHE_LINE = 64;

/** Of the arrays by block, here and in Blocks. */
export const BOOKKEEPING_BYTES_PER_BLOCK = 18 + 13;

/** Bit 31 of a slot's first word. */
const IN_USE = 0x80;

function classOf(units: number): number {
  if (units <= EXACT_UNITS_MAX) return units;
  return EXACT_UNITS_MAX + 1 + SLOTS_MAX - Math.floor(PAGE_UNITS / units);
}

export class Slab {
  readonly blocks: Blocks;
  readonly #slotUnits = new Uint16Array(CLASSES);
  readonly #pageSlots = new Uint16Array(CLASSES);
  readonly #levels = new Int32Array(CLASSES * LEVELS);
  /** Free slots of a class, over all of its pages. */
  readonly #freeSlots = new Int32Array(CLASSES);
  // By block: what page it belongs to (blocks back to the first); then, by a page's first block:
  // its class (0: a run of its own), slots in use, slots ever used, first free slot, list links.
  #pageOffset = new Uint8Array(0);
  #class = new Uint8Array(0);
  #live = new Uint16Array(0);
  #fresh = new Uint16Array(0);
  #freeHead = new Uint32Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  /** The page that is being emptied, or 0, and the slot it is up to. */
  #victim = 0;
  #victimSlot = 0;
  /** No page was worth emptying at this much free room; asked again when a page more is free. */
  #searchAtUnits = 0;
  usedUnits = 0;
  freeUnits = 0;
  movedFrom = 0;
  movedTo = 0;

  constructor(
    allocate: (bytes: number) => Uint8Array,
    regionBytes: number,
    scout: Scout | null = null,
  ) {
    this.blocks = new Blocks(allocate, regionBytes, scout);
    for (let kind = 1; kind < CLASSES; kind++) {
      const slots =
        kind <= EXACT_UNITS_MAX
          ? Math.floor(PAGE_UNITS / kind)
          : SLOTS_MAX - (kind - EXACT_UNITS_MAX - 1);
      this.#pageSlots[kind] = slots;
      this.#slotUnits[kind] = kind <= EXACT_UNITS_MAX ? kind : Math.floor(PAGE_UNITS / slots);
    }
  }

  bytesAt(address: number): Uint8Array {
    return this.blocks.bytesAt(address);
  }

  offsetAt(address: number): number {
    return this.blocks.offsetAt(address);
  }

  /** Reads from where a small record at `address` stands, so that it is in the cache; 0: nothing. */
  touch(address: number): number {
    if (address === 0) return 0;
    const bytes = this.blocks.bytesAt(address);
    const at = this.blocks.offsetAt(address);
    const last = at + 2 * CACHE_LINE;
    return last < bytes.length ? bytes[at]! ^ bytes[at + CACHE_LINE]! ^ bytes[last]! : bytes[at]!;
  }

  /** Bytes that records and free slots hold, whole blocks counted. */
  get heldBytes(): number {
    return (this.usedUnits + this.freeUnits) * UNIT_BYTES;
  }

  /** Bytes of the tables that say what each block is for. */
  get bookkeepingBytes(): number {
    return this.#class.length * BOOKKEEPING_BYTES_PER_BLOCK;
  }

  /** The address of `units` units. Its first word is not zeroed. */
  take(units: number): number {
    assert(units > 0, 'internal', 'empty record');
    if (units > PAGED_UNITS_MAX) return this.#takeRun(Math.ceil(units / BLOCK_UNITS));
    const kind = classOf(units);
    let page = this.#fullestPage(kind);
    if (page === 0) page = this.#addPage(kind);
    return this.#takeSlot(page, kind);
  }

  /** Gives back what `take` gave. */
  give(address: number): void {
    const block = address >>> 8;
    const page = block - this.#pageOffset[block]!;
    const kind = this.#class[page]!;
    if (kind === 0) this.#giveRun(address);
    else this.#giveSlot(address, page, kind);
  }

  /** Whether so much room is free that moving records is worth while. */
  isSparse(): boolean {
    if (this.#victim !== 0) return true;
    const free = this.freeUnits;
    return (
      free > SLACK_UNITS && free * SPARSE_SHARE > this.usedUnits && free >= this.#searchAtUnits
    );
  }

  /**
   * Copies one record elsewhere, and says so in `movedFrom` and `movedTo`. The caller mends what
   * points to it, for which the old bytes are still there, then gives back `movedFrom`. False:
   * nothing to move.
   */
  moveOne(): boolean {
    if (this.#victim === 0 && !this.#chooseVictim()) return false;
    const page = this.#victim;
    const kind = this.#class[page]!;
    const units = this.#slotUnits[kind]!;
    const target = this.#fullestPage(kind);
    const from = target === 0 ? 0 : this.#nextInUse(page, units);
    if (from === 0) {
      this.#releaseVictim();
      return false;
    }
    const to = this.#takeSlot(target, kind);
    this.#copy(from, to, units);
    this.movedFrom = from;
    this.movedTo = to;
    return true;
  }

  /** Recounts everything; for check(). */
  check(): void {
    assert(
      this.blocks.countFreeBlocks() === this.blocks.freeBlocks,
      'internal',
      'free blocks miscounted',
    );
    let free = 0;
    for (let kind = 1; kind < CLASSES; kind++) free += this.#checkClass(kind);
    if (this.#victim !== 0) free += this.#checkPage(this.#victim, this.#class[this.#victim]!);
    assert(free === this.freeUnits, 'internal', 'free units miscounted');
  }

  #takeRun(count: number): number {
    const block = this.blocks.take(count);
    this.#growPages();
    this.#class[block] = 0;
    this.#pageOffset[block] = 0;
    this.usedUnits += count * BLOCK_UNITS;
    return block * BLOCK_UNITS;
  }

  #giveRun(address: number): void {
    const block = address >>> 8;
    assert(address % BLOCK_UNITS === 0, 'internal', 'freed the middle of a run');
    this.usedUnits -= this.blocks.runLength(block) * BLOCK_UNITS;
    this.blocks.give(block);
  }

  #addPage(kind: number): number {
    const page = this.blocks.take(PAGE_BLOCKS);
    this.#growPages();
    for (let at = 0; at < PAGE_BLOCKS; at++) this.#pageOffset[page + at] = at;
    this.#class[page] = kind;
    this.#live[page] = 0;
    this.#fresh[page] = 0;
    this.#freeHead[page] = 0;
    this.#freeSlots[kind]! += this.#pageSlots[kind]!;
    this.freeUnits += this.#pageSlots[kind]! * this.#slotUnits[kind]!;
    this.#link(page, kind, 0);
    return page;
  }

  #fullestPage(kind: number): number {
    const levels = this.#levels;
    const base = kind * LEVELS;
    return levels[base + 3]! || levels[base + 2]! || levels[base + 1]! || levels[base]!;
  }

  #takeSlot(page: number, kind: number): number {
    const units = this.#slotUnits[kind]!;
    let address = this.#freeHead[page]!;
    if (address !== 0) {
      const offset = this.blocks.offsetAt(address);
      this.#freeHead[page] = getU32(this.blocks.bytesAt(address), offset + 4);
    } else {
      address = page * BLOCK_UNITS + this.#fresh[page]! * units;
      this.#fresh[page]!++;
    }
    this.#freeSlots[kind]!--;
    this.usedUnits += units;
    this.freeUnits -= units;
    this.#setLive(page, kind, this.#live[page]! + 1);
    return address;
  }

  #giveSlot(address: number, page: number, kind: number): void {
    const units = this.#slotUnits[kind]!;
    const bytes = this.blocks.bytesAt(address);
    const offset = this.blocks.offsetAt(address);
    assert((address - page * BLOCK_UNITS) % units === 0, 'internal', 'freed the middle of a slot');
    putU32(bytes, offset, 0);
    putU32(bytes, offset + 4, this.#freeHead[page]!);
    this.#freeHead[page] = address;
    this.#freeSlots[kind]!++;
    this.usedUnits -= units;
    this.freeUnits += units;
    this.#setLive(page, kind, this.#live[page]! - 1);
  }

  /** Moves the page to the list of its new level; an empty one goes back to the blocks. */
  #setLive(page: number, kind: number, live: number): void {
    const slots = this.#pageSlots[kind]!;
    const before = Math.floor((this.#live[page]! * LEVELS) / slots);
    const after = Math.floor((live * LEVELS) / slots);
    this.#live[page] = live;
    if (live === 0) {
      this.#removePage(page, kind, before);
    } else if (before !== after && page !== this.#victim) {
      if (before < LEVELS) this.#unlink(page, kind, before);
      if (after < LEVELS) this.#link(page, kind, after);
    }
  }

  #removePage(page: number, kind: number, level: number): void {
    if (page === this.#victim) this.#victim = 0;
    else if (level < LEVELS) this.#unlink(page, kind, level);
    this.#freeSlots[kind]! -= this.#pageSlots[kind]!;
    this.freeUnits -= this.#pageSlots[kind]! * this.#slotUnits[kind]!;
    this.#class[page] = 0;
    this.blocks.give(page);
  }

  #link(page: number, kind: number, level: number): void {
    const head = this.#levels[kind * LEVELS + level]!;
    this.#next[page] = head;
    this.#previous[page] = 0;
    if (head !== 0) this.#previous[head] = page;
    this.#levels[kind * LEVELS + level] = page;
  }

  #unlink(page: number, kind: number, level: number): void {
    const next = this.#next[page]!;
    const previous = this.#previous[page]!;
    if (next !== 0) this.#previous[next] = previous;
    if (previous !== 0) this.#next[previous] = next;
    else this.#levels[kind * LEVELS + level] = next;
  }

  /** The emptiest page of the class with most free room, if the others can take its records. */
  #chooseVictim(): boolean {
    let worst = 0;
    let wasted = 0;
    for (let kind = 1; kind < CLASSES; kind++) {
      // Less would not empty a page; a quarter more, and the next page is not due at once.
      if (4 * this.#freeSlots[kind]! < 5 * this.#pageSlots[kind]!) continue;
      const units = this.#freeSlots[kind]! * this.#slotUnits[kind]!;
      if (units > wasted) {
        worst = kind;
        wasted = units;
      }
    }
    if (worst === 0) {
      this.#searchAtUnits = this.freeUnits + PAGE_UNITS;
      return false;
    }
    this.#searchAtUnits = 0;
    let level = 0;
    while (this.#levels[worst * LEVELS + level] === 0) level++;
    assert(level < LEVELS, 'internal', 'free slots in no page');
    this.#victim = this.#levels[worst * LEVELS + level]!;
    this.#victimSlot = 0;
    this.#unlink(this.#victim, worst, level);
    return true;
  }

  #releaseVictim(): void {
    const page = this.#victim;
    const kind = this.#class[page]!;
    const level = Math.floor((this.#live[page]! * LEVELS) / this.#pageSlots[kind]!);
    this.#victim = 0;
    if (level < LEVELS) this.#link(page, kind, level);
  }

  #nextInUse(page: number, units: number): number {
    while (this.#victimSlot < this.#fresh[page]!) {
      const address = page * BLOCK_UNITS + this.#victimSlot * units;
      this.#victimSlot++;
      const word = this.blocks.bytesAt(address)[this.blocks.offsetAt(address) + 3]!;
      if (word >= IN_USE) return address;
    }
    return 0;
  }

  #copy(from: number, to: number, units: number): void {
    const source = this.blocks.bytesAt(from);
    const target = this.blocks.bytesAt(to);
    const at = this.blocks.offsetAt(from);
    const bytes = units * UNIT_BYTES;
    if (source === target) target.copyWithin(this.blocks.offsetAt(to), at, at + bytes);
    else target.set(source.subarray(at, at + bytes), this.blocks.offsetAt(to));
  }

  #growPages(): void {
    const limit = this.blocks.blockLimit;
    if (limit <= this.#class.length) return;
    const size = Math.max(limit, this.#class.length * 2);
    this.#next = grownInt32(this.#next, size);
    this.#previous = grownInt32(this.#previous, size);
    this.#pageOffset = grownBytes(this.#pageOffset, size);
    this.#class = grownBytes(this.#class, size);
    this.#live = grownWords(this.#live, size);
    this.#fresh = grownWords(this.#fresh, size);
    const freeHead = new Uint32Array(size);
    freeHead.set(this.#freeHead);
    this.#freeHead = freeHead;
  }

  #checkClass(kind: number): number {
    let free = 0;
    for (let level = 0; level < LEVELS; level++) {
      let page = this.#levels[kind * LEVELS + level]!;
      for (; page !== 0; page = this.#next[page]!) {
        const real = Math.floor((this.#live[page]! * LEVELS) / this.#pageSlots[kind]!);
        assert(real === level, 'internal', 'page in the wrong list');
        assert(this.#class[page] === kind, 'internal', 'page of another class');
        free += this.#checkPage(page, kind);
      }
    }
    return free;
  }

  /** Free units of the page: slots in its list and slots never used. */
  #checkPage(page: number, kind: number): number {
    let listed = 0;
    for (let at = this.#freeHead[page]!; at !== 0; listed++) {
      const offset = this.blocks.offsetAt(at);
      assert(getU32(this.blocks.bytesAt(at), offset) === 0, 'internal', 'free slot in use');
      at = getU32(this.blocks.bytesAt(at), offset + 4);
    }
    const free = listed + this.#pageSlots[kind]! - this.#fresh[page]!;
    assert(free === this.#pageSlots[kind]! - this.#live[page]!, 'internal', 'slots miscounted');
    return free * this.#slotUnits[kind]!;
  }
}

function grownBytes(values: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(size);
  grown.set(values);
  return grown;
}

function grownWords(values: Uint16Array, size: number): Uint16Array<ArrayBuffer> {
  const grown = new Uint16Array(size);
  grown.set(values);
  return grown;
}
