/**
 * What a scout is told of a table: its shards' slots and its regions, and where each begins, as
 * `placeOf` said. The layouts are those of core/store/shard.ts and record.ts.
 */
export interface ScoutedTable {
  /** By shard: its slots, how many of them are homes, and how many there are. */
  readonly slots: readonly Uint32Array[];
  readonly slotPlaces: Float64Array;
  readonly capacities: Float64Array;
  readonly lengths: Float64Array;
  /** An address is a region's number above `unitShift` bits of a unit in it. */
  readonly regions: readonly Uint8Array[];
  readonly regionPlaces: Float64Array;
  readonly unitShift: number;
}

/**
 * Goes ahead of look-ups, many keys at a time: hashes them, checksums the values that will be stored
 * under them, has the memory that they will read drawn into the processor's cache, or finds them. It
 * changes nothing that anybody finds, only how soon.
 */
export interface Scout {
  /**
   * The first `count` keys of `bytes`, [from, to) each: their wyhash64 under a seed of two halves,
   * upper halves into `high`, lower ones into `low`.
   */
  hash(
    bytes: Uint8Array,
    count: number,
    from: Uint32Array,
    to: Uint32Array,
    seedHigh: number,
    seedLow: number,
    high: Uint32Array,
    low: Uint32Array,
  ): void;
  /** The CRC-32C of each of the first `count` ranges [from, to) of `bytes`. */
  checksum(
    bytes: Uint8Array,
    count: number,
    from: Uint32Array,
    to: Uint32Array,
    crcs: Uint32Array,
  ): void;
  /** The same, and the address of each key's record in `table`, 0 for none. */
  find(
    bytes: Uint8Array,
    count: number,
    from: Uint32Array,
    to: Uint32Array,
    seedHigh: number,
    seedLow: number,
    high: Uint32Array,
    low: Uint32Array,
    table: ScoutedTable,
    addresses: Uint32Array,
  ): void;
  /** Where `memory` begins, for scouts and nobody else: no decision may depend on it. 0: nowhere. */
  placeOf(memory: Uint8Array | Uint32Array): number;
  /** Begins to draw `bytes` bytes from each of the first `count` places into the cache. */
  draw(places: Float64Array, count: number, bytes: number): void;
}
