/**
 * What goes ahead of look-ups in a simulated node: finds as the real one does. Places are numbers of this
 * port's own.
 *
 * Every other node has one, so that replicas which look ahead by themselves and replicas which do not
 * stand beside each other in every cluster.
 */
import { assert } from '../../src/base/assert.ts';
import { crc32c } from '../../src/base/crc32c.ts';
import { Wyhash } from '../../src/base/hash.ts';
import type { Scout } from '../../src/base/scout.ts';
import { shardOf } from '../../src/core/store/shard.ts';
import { findInMap } from '../../src/core/store/table-map.ts';

const BYTES_APART = 2 ** 31;

export class SimulatedScout implements Scout {
  #hash = new Wyhash(0, 0);
  #places = 0;

  find: Scout['find'] = (bytes, count, from, to, seedHigh, seedLow, table, found) => {
    const isKnown = this.#hash.seedHigh === seedHigh && this.#hash.seedLow === seedLow;
    if (!isKnown) this.#hash = new Wyhash(seedHigh, seedLow);
    for (let row = 0; row < count; row++) {
      this.#hash.hash(bytes, from[row]!, to[row]!);
      found.high[row] = this.#hash.high;
      found.low[row] = this.#hash.low;
      this.#check(table.slotPlaces[shardOf(this.#hash.high)]!);
      findInMap(table, bytes.subarray(from[row], to[row]), found, row);
    }
  };

  checksum: Scout['checksum'] = (bytes, count, from, to, crcs) => {
    for (let row = 0; row < count; row++) crcs[row] = crc32c(bytes, from[row]!, to[row]!);
  };

  placeOf: Scout['placeOf'] = () => ++this.#places * BYTES_APART;

  #check(place: number): void {
    const isKnown = place >= BYTES_APART && place < (this.#places + 1) * BYTES_APART;
    assert(isKnown, 'internal', 'a place that was never told');
  }
}
