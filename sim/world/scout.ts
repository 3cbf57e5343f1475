/**
 * What goes ahead of look-ups in a simulated node: hashes and finds as the real one does, and draws nothing.
 *
 * Every other node has one, so that replicas which look ahead by themselves and replicas which do not
 * stand beside each other in every cluster. Places are numbers of this port's own.
 */
import { assert } from '../../src/base/assert.ts';
import { crc32c } from '../../src/base/crc32c.ts';
import { Wyhash } from '../../src/base/hash.ts';
import type { Scout } from '../../src/base/scout.ts';
import { findInMap } from '../../src/core/store/table-map.ts';

const BYTES_APART = 2 ** 31;

export class SimulatedScout implements Scout {
  #hash = new Wyhash(0, 0);
  #places = 0;

  hash: Scout['hash'] = (bytes, count, from, to, seedHigh, seedLow, high, low) => {
    const isKnown = this.#hash.seedHigh === seedHigh && this.#hash.seedLow === seedLow;
    if (!isKnown) this.#hash = new Wyhash(seedHigh, seedLow);
    for (let row = 0; row < count; row++) {
      this.#hash.hash(bytes, from[row]!, to[row]!);
      high[row] = this.#hash.high;
      low[row] = this.#hash.low;
    }
  };

  checksum: Scout['checksum'] = (bytes, count, from, to, crcs) => {
    for (let row = 0; row < count; row++) crcs[row] = crc32c(bytes, from[row]!, to[row]!);
  };

  find: Scout['find'] = (
    bytes,
    count,
    from,
    to,
    seedHigh,
    seedLow,
    high,
    low,
    table,
    addresses,
  ) => {
    this.hash(bytes, count, from, to, seedHigh, seedLow, high, low);
    for (let row = 0; row < count; row++) {
      addresses[row] = findInMap(table, high[row]!, bytes.subarray(from[row], to[row]));
    }
  };

  placeOf: Scout['placeOf'] = () => ++this.#places * BYTES_APART;

  draw: Scout['draw'] = (places, count) => {
    for (let at = 0; at < count; at++) {
      const place = places[at]!;
      const isKnown =
        place === 0 || (place >= BYTES_APART && place < (this.#places + 1) * BYTES_APART);
      assert(isKnown, 'internal', 'a place that was never told');
    }
  };
}
