/**
 * What the store's memory goes into: for benches and operators, never for apply.
 *
 * 1. A byte counts when it was touched. A region is reserved at once, but the operating system gives
 *    pages only for what is written; blocks that were used and given back stay touched.
 * 2. Tables and heaps count in full, whether used or not, and so do the tables of blocks, which are
 *    made for a whole region at once.
 * 3. Sessions, and what a snapshot under way keeps, are not in here: they are not per key.
 */
import { UNIT_BYTES } from './blocks.ts';
import type { StoreState } from './state.ts';
import type { Table } from './table.ts';

export interface StoreFootprint {
  readonly keys: number;
  /** Σ(key + value). */
  readonly contentBytes: number;
  /** Regions: what was ever written, records and free room. */
  readonly regionBytes: number;
  /** Of these: blocks in use. The others wait for whoever needs them next; no page is given back. */
  readonly heldBytes: number;
  /** Of these: records, rounded up to units. */
  readonly recordBytes: number;
  /** Hash slots and expiry heaps, those of a table being freed included. */
  readonly tableBytes: number;
  /** What each block is for, those not touched yet included. */
  readonly bookkeepingBytes: number;
  /** Regions and their bookkeeping as they were asked of the memory port. */
  readonly reservedBytes: number;
}

export function storeFootprint({ table, slab, retired }: StoreState): StoreFootprint {
  const { touchedBytes, reservedBytes } = slab.blocks;
  let tableBytes = bytesOfTable(table);
  for (const old of retired) tableBytes += bytesOfTable(old.table);
  return {
    keys: table.keys,
    contentBytes: table.contentBytes,
    regionBytes: touchedBytes,
    heldBytes: slab.heldBytes,
    recordBytes: slab.usedUnits * UNIT_BYTES,
    tableBytes,
    bookkeepingBytes: slab.bookkeepingBytes,
    reservedBytes: reservedBytes + slab.bookkeepingBytes,
  };
}

/**
 * Bytes per key beyond key and value; 0 without keys. It counts what was ever touched: a store whose
 * values have shrunk shows what it needed before.
 */
export function overheadPerKey(footprint: StoreFootprint): number {
  const { keys, contentBytes, regionBytes, tableBytes, bookkeepingBytes } = footprint;
  if (keys === 0) return 0;
  return (regionBytes + tableBytes + bookkeepingBytes - contentBytes) / keys;
}

function bytesOfTable({ shards }: Table): number {
  let bytes = 0;
  for (const { slots, expiry } of shards) bytes += slots.byteLength + expiry.bytes;
  return bytes;
}
