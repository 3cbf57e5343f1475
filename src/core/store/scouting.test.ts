/** With a scout and without: the same answers, whatever has changed since it looked. */
import { expect, test } from 'vitest';
import { crc32c } from '../../base/crc32c.ts';
import { Wyhash } from '../../base/hash.ts';
import type { Scout } from '../../base/scout.ts';
import { OPERATION } from '../types.ts';
import { keyed, put, Replica } from './fixture.ts';
import { findInMap } from './table-map.ts';

const KEYS = Array.from({ length: 700 }, (_, at) => `key ${at}`);

/** Finds by the arrays that it is shown, and counts what it was asked for. */
class TestScout implements Scout {
  found = 0;

  find: Scout['find'] = (bytes, count, from, to, seedHigh, seedLow, table, found) => {
    const hash = new Wyhash(seedHigh, seedLow);
    this.found += count;
    for (let row = 0; row < count; row++) {
      hash.hash(bytes, from[row]!, to[row]!);
      found.high[row] = hash.high;
      found.low[row] = hash.low;
      findInMap(table, bytes.subarray(from[row], to[row]), found, row);
    }
  };

  checksum: Scout['checksum'] = (bytes, count, from, to, crcs) => {
    for (let row = 0; row < count; row++) crcs[row] = crc32c(bytes, from[row]!, to[row]!);
  };

  placeOf: Scout['placeOf'] = () => 1;
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
  scout.found = 0;
  expect(replica.read(gets([...KEYS, 'none'])).map(({ value }) => value)).toEqual([...KEYS, '']);
  expect(scout.found).toBe(KEYS.length + 1);
  expect(replica.read([keyed(OPERATION.TTL, 'key 3')])[0]!.value).toBe('-1');
});

test('what changes within a batch is found where it is then', () => {
  const [plain, scouted] = [Replica.formed(), Replica.formed({}, { scout: new TestScout() })];
  const remove = (key: string) => keyed(OPERATION.DELETE, key);
  for (const replica of [plain, scouted]) {
    replica.run(KEYS.map((key) => put(key, key)));
    // All in one batch of the scout's: removed and put in again, put in twice, written elsewhere twice.
    replica.run([
      ...[remove('key 1'), put('key 1', 'again'), remove('key 1'), put('key 1', 'at last')],
      ...[put('new', 'one'), put('new', 'x'.repeat(900)), remove('new'), put('new', 'two')],
      ...[put('key 2', 'y'.repeat(900)), put('key 2', 'short'), put('key 2', 'z'.repeat(5_000))],
      ...KEYS.slice(3, 40).flatMap((key) => [remove(key), put(`${key}'`, key)]),
    ]);
  }
  const asked = gets([...KEYS, 'new', ...KEYS.map((key) => `${key}'`)]);
  expect(scouted.read(asked)).toEqual(plain.read(asked));
  expect(scouted.get('key 1').value).toBe('at last');
  expect(scouted.get('new').value).toBe('two');
  expect(scouted.get('key 2').value).toBe('z'.repeat(5_000));
  expect(scouted.snapshot()).toEqual(plain.snapshot());
});
