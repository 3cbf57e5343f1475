/**
 * The memory port: regions from the native helper where it runs, else from Node.
 *
 * The helper's come straight from the kernel and ask for huge pages, and with them comes a scout. A Node that allows no foreign
 * memory in its heap (V8's sandbox) is found out by asking once.
 */
import type { MemoryPort } from '../ports/memory.ts';
import type { Addon } from './native/addon.ts';

/** Null: there is no helper, or it was not wanted. */
export function openMemory(addon: Addon | null): MemoryPort {
  const isForeignAllowed = addon !== null && addon.allocateRegion(1) !== null;
  if (!isForeignAllowed) return { allocate: (bytes) => new Uint8Array(bytes), scout: null };
  return {
    allocate: (bytes) => {
      const region = addon.allocateRegion(bytes);
      if (region === null) throw new RangeError(`there is no memory for ${bytes} bytes`);
      return new Uint8Array(region);
    },
    scout: {
      find: (bytes, count, from, to, seedHigh, seedLow, table, found) =>
        addon.findKeys(
          bytes,
          count,
          from,
          to,
          seedHigh,
          seedLow,
          table.slotPlaces,
          table.capacities,
          table.lengths,
          table.regionPlaces,
          table.unitShift,
          found.high,
          found.low,
          found.slot,
          found.address,
        ),
      checksum: addon.checksum,
      placeOf: addon.placeOf,
    },
  };
}
