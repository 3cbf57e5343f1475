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

/** What is found of each key, by row: Uint32Arrays of as many rows as are looked for, and more. */
export interface FoundKeys {
  /** The halves of the key's hash. */
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  /**
   * Its slot within its shard, or the one at which it would be put in; NO_SLOT: that is not known,
   * since another key has the same upper half.
   */
  readonly slot: Uint32Array;
  /** Of its record; 0: it is not there. */
  readonly address: Uint32Array;
}

export const NO_SLOT = 0xffff_ffff;

/**
 * Goes ahead of look-ups, many keys at a time: finds them, and checksums the values that will be stored
 * under them. It changes nothing that anybody finds, only how soon.
 */
export interface Scout {
  /**
   * Finds the first `count` keys of `bytes`, [from, to) each, in `table`, whose hash is wyhash64 under
   * a seed of two halves.
   */
  find(
    bytes: Uint8Array,
    count: number,
    from: Uint32Array,
    to: Uint32Array,
    seedHigh: number,
    seedLow: number,
    table: ScoutedTable,
    found: FoundKeys,
  ): void;
  /** The CRC-32C of each of the first `count` ranges [from, to) of `bytes`. */
  checksum(
    bytes: Uint8Array,
    count: number,
    from: Uint32Array,
    to: Uint32Array,
    crcs: Uint32Array,
  ): void;
  /** Where `memory` begins, for `find` and nobody else: no decision may depend on it. 0: nowhere. */
  placeOf(memory: Uint8Array | Uint32Array): number;
}
