/**
 * Goes ahead of look-ups, many keys at a time: hashes them, checksums the values that will be stored
 * under them, and has the memory that they will read drawn into the processor's cache. It changes
 * nothing that anybody finds, only how soon.
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
  /** Where `memory` begins, for `draw` and nothing else: no decision may depend on it. 0: nowhere. */
  placeOf(memory: Uint8Array | Uint32Array): number;
  /** Begins to draw `bytes` bytes from each of the first `count` places into the cache. */
  draw(places: Float64Array, count: number, bytes: number): void;
}
