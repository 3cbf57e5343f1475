/**
 * One file on a simulated disk: what programs see, and what survives the loss of power.
 *
 * 1. `cache` is what reads see. `durable` is what the platter holds. A sector in which they may
 *    differ, and which the disk still means to write, is *dirty*.
 * 2. Every write that completes gets the next stamp of its disk. A sync makes durable what has a
 *    stamp up to the one at its own submission, and nothing later: a sector that was written again
 *    meanwhile keeps its older version for the sync in flight.
 * 3. A failed sync is the trap of 2018: some of the dirty sectors reach the platter, the others
 *    are *marked clean* all the same. Later syncs succeed and do not write them. Until the power
 *    goes, the cache may still show the new content.
 * 4. On a loss of power each dirty sector by itself is kept, dropped, garbled, or left at an older
 *    unsynced version; an unsynced length likewise.
 */
import { PAGE_BYTES, SECTOR_BYTES, SparseBytes, sectorsIn } from './disk-image.ts';
import type { Stream } from './streams.ts';

interface Version {
  readonly stamp: number;
  readonly bytes: Uint8Array;
}

/** The newest unsynced version is in the cache; the older ones are listed, oldest first. */
interface DirtySector {
  stamp: number;
  readonly older: Version[];
}

/** What a sync makes durable: all up to stamp `through`, and the write `own` that it is part of. */
export interface SyncReach {
  readonly through: number;
  /** A stamp, or 0 for a sync that stands alone. */
  readonly own: number;
}

const covers = (reach: SyncReach, stamp: number): boolean =>
  stamp <= reach.through || stamp === reach.own;

const OLDER_VERSIONS_MAX = 8;

/** Chances, as weights, of what becomes of one unsynced sector when the power goes. */
export interface CrashWeights {
  readonly keep: number;
  readonly drop: number;
  readonly garble: number;
  readonly reorder: number;
}

export class SimulatedFile {
  private readonly cache = new SparseBytes();
  private readonly durable = new SparseBytes();
  private readonly dirty = new Map<number, DirtySector>();
  /** Sectors that a failed sync marked clean although the platter lacks them. */
  private readonly forsaken = new Set<number>();
  private readonly unreadable = new Set<number>();
  private cachedSize = 0;
  private durableSize = 0;
  /** Kept by the disk: how many submitted syncs have not completed. */
  syncsInFlight = 0;

  size(): number {
    return this.cachedSize;
  }

  /** Fills up with zeros to `size`; never shortens. */
  extend(size: number): void {
    this.cachedSize = Math.max(this.cachedSize, size);
  }

  write(offset: number, bytes: Uint8Array, stamp: number): void {
    if (bytes.length === 0) return;
    const { first, end } = sectorsIn(offset, bytes.length);
    for (let sector = first; sector < end; sector++) this.soil(sector, stamp);
    this.cache.write(offset, bytes);
    this.extend(offset + bytes.length);
  }

  /** Null when a sector of the range cannot be read. Short only at the end of the file. */
  read(offset: number, length: number, fresh: boolean): Uint8Array | null {
    const size = Math.max(0, Math.min(length, this.cachedSize - offset));
    const { first, end } = sectorsIn(offset, size);
    if (this.unreadable.size > 0) {
      for (let sector = first; sector < end; sector++) {
        if (this.unreadable.has(sector)) return null;
      }
    }
    const bytes = this.cache.read(offset, size);
    if (fresh && this.forsaken.size > 0) this.overlayForsaken(offset, bytes);
    return bytes;
  }

  /** Makes durable what `reach` covers, and the length up to `size`. */
  sync(reach: SyncReach, size: number): void {
    let first = 0;
    let end = 0;
    // Neighbours go to the platter together: most syncs are of one write.
    for (const [sector, state] of this.dirty) {
      if (!covers(reach, state.stamp)) {
        this.persist(sector, reach);
        continue;
      }
      this.dirty.delete(sector);
      if (sector !== end) {
        this.durable.copySectors(first, end, this.cache);
        first = sector;
      }
      end = sector + 1;
    }
    this.durable.copySectors(first, end, this.cache);
    this.durableSize = Math.max(this.durableSize, size);
  }

  /** Rule 3. With `revert` the cache forgets what was lost at once. */
  failSync(reach: SyncReach, stream: Stream, revert: boolean): void {
    for (const [sector, state] of this.dirty) {
      if (!covers(reach, state.stamp)) continue;
      if (stream.permille(300)) {
        this.persist(sector, reach);
        continue;
      }
      this.dirty.delete(sector);
      if (revert) this.cache.copySectors(sector, sector + 1, this.durable);
      else this.forsaken.add(sector);
    }
  }

  /** The power goes: settles what the platter holds, and forgets the cache. */
  losePower(weights: CrashWeights, stream: Stream): void {
    const size = settledSize(this.durableSize, this.cachedSize, weights, stream);
    for (const [sector, state] of this.dirty) {
      this.durable.writeSector(sector, this.settledSector(sector, state, weights, stream));
      this.cache.copySectors(sector, sector + 1, this.durable);
    }
    for (const sector of this.forsaken) this.cache.copySectors(sector, sector + 1, this.durable);
    this.dirty.clear();
    this.forsaken.clear();
    this.cachedSize = size;
    this.durableSize = size;
    this.durable.cut(size);
    this.cache.cut(size);
  }

  /** Nothing of it waits for a sync, and its length does not either. */
  isSettled(): boolean {
    return this.dirty.size === 0 && this.durableSize === this.cachedSize;
  }

  /** Whether any sector in the range is not yet synced. */
  isDirty(offset: number, length: number): boolean {
    const { first, end } = sectorsIn(offset, length);
    for (let sector = first; sector < end; sector++) {
      if (this.dirty.has(sector)) return true;
    }
    return false;
  }

  /** Changes cold data under everybody's feet, past cache and dirty marks. */
  damage(offset: number, length: number, change: (bytes: Uint8Array) => void): void {
    const platter = this.durable.read(offset, length);
    change(platter);
    this.durable.write(offset, platter);
    if (!this.isDirty(offset, length)) this.cache.write(offset, platter);
  }

  /** From now on the sector that holds `offset` cannot be read, until it is written again. */
  loseSector(offset: number): void {
    this.unreadable.add(Math.floor(offset / SECTOR_BYTES));
  }

  /** The offsets of sectors in written pages that hold no unsynced data, ascending. */
  coldSectors(): number[] {
    const offsets: number[] = [];
    for (const page of this.durable.writtenPages()) {
      for (let at = page; at < page + PAGE_BYTES && at < this.durableSize; at += SECTOR_BYTES) {
        if (!this.dirty.has(at / SECTOR_BYTES)) offsets.push(at);
      }
    }
    return offsets;
  }

  /** What would be left if every unsynced sector were dropped. */
  durableBytes(): Uint8Array {
    return this.durable.read(0, this.durableSize);
  }

  private soil(sector: number, stamp: number): void {
    this.unreadable.delete(sector);
    this.forsaken.delete(sector);
    const state = this.dirty.get(sector);
    if (state === undefined) {
      this.dirty.set(sector, { stamp, older: [] });
      return;
    }
    state.older.push({ stamp: state.stamp, bytes: this.cache.readSector(sector) });
    // Without a sync in flight, which may ask for any of them, they are only food for reordering.
    if (state.older.length > OLDER_VERSIONS_MAX && this.syncsInFlight === 0) state.older.shift();
    state.stamp = stamp;
  }

  /** Brings the newest version that `reach` covers to the platter. */
  private persist(sector: number, reach: SyncReach): void {
    const state = this.dirty.get(sector)!;
    if (covers(reach, state.stamp)) {
      this.durable.copySectors(sector, sector + 1, this.cache);
      this.dirty.delete(sector);
      return;
    }
    let newest: Version | null = null;
    while (state.older.length > 0 && state.older[0]!.stamp <= reach.through) {
      newest = state.older.shift()!;
    }
    if (newest !== null) this.durable.writeSector(sector, newest.bytes);
  }

  private overlayForsaken(offset: number, bytes: Uint8Array): void {
    const { first, end } = sectorsIn(offset, bytes.length);
    for (let sector = first; sector < end; sector++) {
      if (!this.forsaken.has(sector)) continue;
      const from = Math.max(offset, sector * SECTOR_BYTES);
      const to = Math.min(offset + bytes.length, (sector + 1) * SECTOR_BYTES);
      bytes.set(this.durable.read(from, to - from), from - offset);
    }
  }

  private settledSector(
    sector: number,
    state: DirtySector,
    weights: CrashWeights,
    stream: Stream,
  ): Uint8Array {
    const fresh = this.cache.readSector(sector);
    const stale = this.durable.readSector(sector);
    switch (stream.weighted([weights.keep, weights.drop, weights.garble, weights.reorder])) {
      case 0:
        return fresh;
      case 1:
        return stale;
      case 2:
        return garbled(fresh, stale, stream);
      default:
        return state.older.length > 0 ? stream.pick(state.older).bytes : stale;
    }
  }
}

/** Half a sector new and half old, or noise. */
function garbled(fresh: Uint8Array, stale: Uint8Array, stream: Stream): Uint8Array {
  if (stream.permille(300)) return stream.fill(new Uint8Array(SECTOR_BYTES));
  const cut = stream.between(1, SECTOR_BYTES - 1);
  const bytes = stale.slice();
  bytes.set(fresh.subarray(0, cut));
  return bytes;
}

/** An unsynced length is kept, lost, or reached half way, on a sector boundary. */
function settledSize(
  durableSize: number,
  cachedSize: number,
  weights: CrashWeights,
  stream: Stream,
): number {
  if (cachedSize <= durableSize) return durableSize;
  switch (stream.weighted([weights.keep, weights.drop, weights.garble + weights.reorder])) {
    case 0:
      return cachedSize;
    case 1:
      return durableSize;
    default: {
      const sectors = Math.floor((cachedSize - durableSize) / SECTOR_BYTES);
      const from = Math.ceil(durableSize / SECTOR_BYTES) * SECTOR_BYTES;
      const size = from + stream.between(0, sectors) * SECTOR_BYTES;
      return Math.min(cachedSize, size);
    }
  }
}
