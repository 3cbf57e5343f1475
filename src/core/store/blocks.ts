/**
 * Runs of 4 KiB blocks over large regions: the ground on which the slab stands.
 *
 * 1. A region comes from the memory port and is at most 1 GiB. A run never crosses regions.
 * 2. Addresses are Uint32 in units of 16 bytes: region number above, unit within the region below.
 *    Bits are taken of unit and block numbers only, never of a byte offset.
 * 3. Region 0 does not exist, so that address 0 and block 0 mean "none".
 * 4. Free runs hang in lists by the power of two of their length and merge with free neighbours at
 *    once (boundary tags; Knuth 2.5, algorithm C).
 * 5. A run longer than a region gets a region of its own, which is given back when the run is freed.
 *    Other regions are kept for reuse.
 *
 *     region 1: [ run of 16 ][ free 3 ][ run of 5 ][ free … ]
 *                 length at    length at both ends of a free run
 *                 its first block
 *
 * It deliberately has no limit: what may be stored is decided by the quota in logical bytes. When
 * the memory port has no more, it throws and the node stops.
 */
import { assert } from '../../base/assert.ts';
import type { Scout } from '../../base/scout.ts';

export const UNIT_BYTES = 16;
export const BLOCK_BYTES = 4096;
export const BLOCK_UNITS = BLOCK_BYTES / UNIT_BYTES;
export const REGION_BYTES_MAX = 1024 * 1024 * 1024;
export const REGION_BYTES_MIN = 64 * 1024;

const UNITS_MAX = 0x1_0000_0000;
const BINS = 32;
const REGIONS_FIRST = 64;
const EMPTY = new Uint8Array(0);

/** How many runs of a list are looked at before the next longer list is asked. */
const FIT_TRIES_MAX = 16;

export class Blocks {
  readonly blocksPerRegion: number;
  readonly #allocate: (bytes: number) => Uint8Array;
  readonly #regionBytes: number;
  /** Bits of an address below the region's number. */
  readonly unitShift: number;
  readonly #unitMask: number;
  readonly #regions: Uint8Array[] = [EMPTY];
  /** By region: where it begins, as the scout says it. */
  regionPlaces = new Float64Array(REGIONS_FIRST);
  /** Who goes ahead of look-ups; null: they go by themselves. */
  readonly scout: Scout | null;
  readonly #vacantRegions: number[] = [];
  /** Length of the run that a block begins or, if the run is free, ends. */
  #runBlocks = new Int32Array(0);
  /** 1 at both ends of a free run. */
  #isFree = new Uint8Array(0);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  readonly #bins = new Int32Array(BINS);
  /** By region: blocks from its start that were ever taken. */
  readonly #touched: number[] = [0];
  freeBlocks = 0;
  reservedBytes = 0;
  /** Of the reserved bytes, what was ever handed out: the rest costs no memory yet. */
  touchedBytes = 0;

  constructor(allocate: (bytes: number) => Uint8Array, regionBytes: number, scout: Scout | null) {
    const unitShift = 31 - Math.clz32(regionBytes / UNIT_BYTES);
    assert(2 ** unitShift * UNIT_BYTES === regionBytes, 'internal', 'region not a power of two');
    assert(
      regionBytes >= REGION_BYTES_MIN && regionBytes <= REGION_BYTES_MAX,
      'internal',
      'region size out of range',
    );
    this.#allocate = allocate;
    this.scout = scout;
    this.#regionBytes = regionBytes;
    this.unitShift = unitShift;
    this.#unitMask = 2 ** unitShift - 1;
    this.blocksPerRegion = regionBytes / BLOCK_BYTES;
  }

  /** By number; those that were given back are empty. */
  get regions(): readonly Uint8Array[] {
    return this.#regions;
  }

  /** The region in which the unit address lies. */
  bytesAt(address: number): Uint8Array {
    return this.#regions[address >>> this.unitShift]!;
  }

  /** Where in its region the unit address lies, in bytes. */
  offsetAt(address: number): number {
    return (address & this.#unitMask) * UNIT_BYTES;
  }

  /** One more than the highest block number in use. */
  get blockLimit(): number {
    return this.#regions.length * this.blocksPerRegion;
  }

  /** Blocks of the run that begins at `block`. */
  runLength(block: number): number {
    return this.#runBlocks[block]!;
  }

  /** The first block of a run of `count` blocks. */
  take(count: number): number {
    assert(count > 0, 'internal', 'empty run');
    if (count > this.blocksPerRegion) return this.#takeRegion(count);
    let run = this.#findRun(count);
    if (run === 0) {
      this.#addRegion();
      run = this.#findRun(count);
    }
    const length = this.#runBlocks[run]!;
    this.#unlink(run, length);
    if (length > count) this.#link(run + count, length - count);
    this.#runBlocks[run] = count;
    this.#touch(run, count);
    return run;
  }

  /** Gives back the run that begins at `block`. */
  give(block: number): void {
    let first = block;
    let length = this.#runBlocks[block]!;
    assert(length > 0 && this.#isFree[block] === 0, 'internal', 'freed a run that is not taken');
    if (length > this.blocksPerRegion) {
      this.#dropRegion(block, length);
      return;
    }
    const right = first + length;
    if (right % this.blocksPerRegion !== 0 && this.#isFree[right] === 1) {
      const joined = this.#runBlocks[right]!;
      this.#unlink(right, joined);
      length += joined;
    }
    if (first % this.blocksPerRegion !== 0 && this.#isFree[first - 1] === 1) {
      const joined = this.#runBlocks[first - 1]!;
      first -= joined;
      this.#unlink(first, joined);
      length += joined;
    }
    this.#link(first, length);
  }

  /** Recounts the free runs; for check(). */
  countFreeBlocks(): number {
    let count = 0;
    for (let bin = 0; bin < BINS; bin++) {
      for (let run = this.#bins[bin]!; run !== 0; run = this.#next[run]!) {
        const length = this.#runBlocks[run]!;
        assert(31 - Math.clz32(length) === bin, 'internal', 'free run in the wrong list');
        assert(this.#isFree[run] === 1, 'internal', 'free run not marked');
        assert(this.#isFree[run + length - 1] === 1, 'internal', 'end of free run not marked');
        assert(this.#runBlocks[run + length - 1] === length, 'internal', 'free run ends elsewhere');
        count += length;
      }
    }
    return count;
  }

  #findRun(count: number): number {
    const bin = 31 - Math.clz32(count);
    let tries = FIT_TRIES_MAX;
    for (let run = this.#bins[bin]!; run !== 0 && tries > 0; run = this.#next[run]!) {
      if (this.#runBlocks[run]! >= count) return run;
      tries--;
    }
    for (let longer = bin + 1; longer < BINS; longer++) {
      if (this.#bins[longer] !== 0) return this.#bins[longer]!;
    }
    return 0;
  }

  #link(run: number, length: number): void {
    const bin = 31 - Math.clz32(length);
    const head = this.#bins[bin]!;
    this.#runBlocks[run] = length;
    this.#runBlocks[run + length - 1] = length;
    this.#isFree[run] = 1;
    this.#isFree[run + length - 1] = 1;
    this.#next[run] = head;
    this.#previous[run] = 0;
    if (head !== 0) this.#previous[head] = run;
    this.#bins[bin] = run;
    this.freeBlocks += length;
  }

  #unlink(run: number, length: number): void {
    const next = this.#next[run]!;
    const previous = this.#previous[run]!;
    if (next !== 0) this.#previous[next] = previous;
    if (previous !== 0) this.#next[previous] = next;
    else this.#bins[31 - Math.clz32(length)] = next;
    this.#isFree[run] = 0;
    this.#isFree[run + length - 1] = 0;
    this.freeBlocks -= length;
  }

  #addRegion(): void {
    const region = this.#placeRegion(this.#allocate(this.#regionBytes));
    this.#link(region * this.blocksPerRegion, this.blocksPerRegion);
    this.reservedBytes += this.#regionBytes;
  }

  #takeRegion(count: number): number {
    const bytes = count * BLOCK_BYTES;
    assert(bytes <= REGION_BYTES_MAX, 'internal', 'run longer than any region');
    const block = this.#placeRegion(this.#allocate(bytes)) * this.blocksPerRegion;
    this.#runBlocks[block] = count;
    this.reservedBytes += bytes;
    this.touchedBytes += bytes;
    return block;
  }

  #dropRegion(block: number, count: number): void {
    const region = block / this.blocksPerRegion;
    this.#regions[region] = EMPTY;
    this.regionPlaces[region] = 0;
    this.#vacantRegions.push(region);
    this.#runBlocks[block] = 0;
    this.reservedBytes -= count * BLOCK_BYTES;
    this.touchedBytes -= count * BLOCK_BYTES;
  }

  #touch(run: number, count: number): void {
    const region = Math.floor(run / this.blocksPerRegion);
    const end = (run % this.blocksPerRegion) + count;
    const before = this.#touched[region]!;
    if (end <= before) return;
    this.#touched[region] = end;
    this.touchedBytes += (end - before) * BLOCK_BYTES;
  }

  #placeRegion(bytes: Uint8Array): number {
    const region = this.#vacantRegions.pop() ?? this.#regions.length;
    const limit = (region + 1) * this.blocksPerRegion;
    assert(limit * BLOCK_UNITS <= UNITS_MAX, 'internal', 'out of addresses');
    this.#regions[region] = bytes;
    if (region === this.regionPlaces.length) {
      const places = new Float64Array(2 * region);
      places.set(this.regionPlaces);
      this.regionPlaces = places;
    }
    this.regionPlaces[region] = this.scout === null ? 0 : this.scout.placeOf(bytes);
    this.#touched[region] = 0;
    if (limit > this.#runBlocks.length) this.#growTags(limit);
    return region;
  }

  #growTags(limit: number): void {
    const size = Math.max(limit, this.#runBlocks.length * 2);
    this.#runBlocks = grownInt32(this.#runBlocks, size);
    this.#next = grownInt32(this.#next, size);
    this.#previous = grownInt32(this.#previous, size);
    const isFree = new Uint8Array(size);
    isFree.set(this.#isFree);
    this.#isFree = isFree;
  }
}

export function grownInt32(values: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(size);
  grown.set(values);
  return grown;
}
