/** With a scout and without: the same answers; and what it is asked to draw near is what is read. */
import { expect, test } from 'vitest';
import { crc32c } from '../../base/crc32c.ts';
import { Wyhash } from '../../base/hash.ts';
import type { Scout } from '../../base/scout.ts';
import { OPERATION } from '../types.ts';
import { bytesOf, keyed, put, Replica } from './fixture.ts';
import { LOOK_AHEAD_KEYS } from './look-ahead.ts';
import { findInMap } from './table-map.ts';

const APART = 2 ** 31;
const KEYS = Array.from({ length: 700 }, (_, at) => `key ${at}`);

/** Numbers memory by its own order, and remembers what was to be drawn near. */
class TestScout implements Scout {
  readonly #known: (Uint8Array | Uint32Array)[] = [];
  readonly drawn: number[] = [];
  found = 0;

  hash: Scout['hash'] = (bytes, count, from, to, seedHigh, seedLow, high, low) => {
    const hash = new Wyhash(seedHigh, seedLow);
    for (let row = 0; row < count; row++) {
      hash.hash(bytes, from[row]!, to[row]!);
      high[row] = hash.high;
      low[row] = hash.low;
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
    this.found += count;
    for (let row = 0; row < count; row++) {
      addresses[row] = findInMap(table, high[row]!, bytes.subarray(from[row], to[row]));
    }
  };

  placeOf: Scout['placeOf'] = (memory) => this.#known.push(memory) * APART;

  draw: Scout['draw'] = (places, count) => {
    for (const place of places.subarray(0, count)) {
      if (place === 0) continue;
      const memory = this.#known[Math.floor(place / APART) - 1];
      expect(memory).toBeDefined();
      expect(place % APART).toBeLessThan(memory!.byteLength);
      this.drawn.push(place);
    }
  };

  placesOf(memory: Uint8Array): number {
    return (this.#known.indexOf(memory) + 1) * APART;
  }
}

const gets = (keys: readonly string[]) => keys.map((key) => keyed(OPERATION.GET, key));

test('a scout changes no answer, while tables and regions grow', () => {
  const [plain, scouted] = [Replica.formed(), Replica.formed({}, { scout: new TestScout() })];
  for (const [round, value] of ['first', 'x'.repeat(900), ''].entries()) {
    for (const replica of [plain, scouted]) {
      replica.run(KEYS.map((key, at) => put(key, `${value}${at}`)));
      replica.run(
        KEYS.filter((_, at) => at % 7 === round).map((key) => keyed(OPERATION.DELETE, key)),
      );
    }
    expect(scouted.read(gets(KEYS))).toEqual(plain.read(gets(KEYS)));
    expect(scouted.get('key 3')).toEqual(plain.get('key 3'));
  }
  expect(scouted.snapshot()).toEqual(plain.snapshot());
  expect(scouted.restored({ scout: new TestScout() }).read(gets(KEYS))).toEqual(
    plain.read(gets(KEYS)),
  );
});

test('reads take what the scout has found', () => {
  const scout = new TestScout();
  const replica = Replica.formed({}, { scout });
  replica.run(KEYS.map((key) => put(key, key)));
  expect(scout.found).toBe(0);
  expect(replica.read(gets([...KEYS, 'none'])).map(({ value }) => value)).toEqual([...KEYS, '']);
  expect(scout.found).toBe(KEYS.length + 1);
  expect(replica.read([keyed(OPERATION.TTL, 'key 3')])[0]!.value).toBe('-1');
});

test('the records of all keys of a batch are drawn near, wherever they stand', () => {
  const scout = new TestScout();
  const replica = Replica.formed({}, { scout });
  replica.run(KEYS.map((key) => put(key, 'v'.repeat(200))));
  const asked = KEYS.slice(0, LOOK_AHEAD_KEYS);
  scout.drawn.length = 0;
  replica.run(asked.map((key) => put(key, 'v'.repeat(200))));
  const { table, slab } = replica.state;
  let near = 0;
  for (const key of asked) {
    expect(table.locate(bytesOf(key), 0, key.length)).toBe(true);
    const start = scout.placesOf(slab.bytesAt(table.address));
    if (scout.drawn.includes(start + slab.offsetAt(table.address))) near++;
  }
  // A key that stands behind another with the same upper half of its hash is the exception.
  expect(near).toBeGreaterThanOrEqual(asked.length - 2);
  // And a slot for each.
  expect(scout.drawn).toHaveLength(2 * asked.length);
});
