/** Reads, and scans above all. */
import { describe, expect, test } from 'vitest';
import { newPrng, nextBelow } from '../../base/prng.ts';
import { COMMAND_FLAG } from '../command.ts';
import { OPERATION, STATUS } from '../types.ts';
import {
  bytesOf,
  type Cursor,
  keyed,
  put,
  Replica,
  readBatch,
  scanCommand,
  scanned,
} from './fixture.ts';
import { compareHashes, hashOf } from './model.ts';

const START: Cursor = { low: 0, high: 0 };

function scan(replica: Replica, cursor: Cursor, count: number): ReturnType<typeof scanned> {
  return scanned(replica.read([scanCommand(cursor, count)])[0]!);
}

describe('TTL', () => {
  const replica = Replica.formed();
  replica.one(put('k', 'v', { deadline: 1000 }), 400);
  const ttl = (stampNow: number, key = 'k', flags = 0) =>
    replica.read([keyed(OPERATION.TTL, key, { flags })], stampNow)[0]!;

  test('counts from log time or from the stamp that would be written, whichever is later', () => {
    expect(ttl(0).value).toBe('600');
    expect(ttl(399).value).toBe('600');
    expect(ttl(700).value).toBe('300');
  });

  test('is at least 1 ms for a key that is still there', () => {
    expect(ttl(1000).value).toBe('1');
    expect(ttl(5000).value).toBe('1');
  });

  test('is -1 without a deadline and -2 for an absent key', () => {
    replica.one(put('forever', 'v'));
    expect(ttl(0, 'forever')).toMatchObject({ status: STATUS.VALUE, value: '-1' });
    expect(ttl(0, 'absent')).toMatchObject({ status: STATUS.NOT_FOUND, value: '-2' });
  });

  test('under KEEP_DEADLINE is the deadline itself', () => {
    expect(ttl(700, 'k', COMMAND_FLAG.KEEP_DEADLINE).value).toBe('1000');
    expect(ttl(700, 'forever', COMMAND_FLAG.KEEP_DEADLINE).value).toBe('-1');
  });
});

describe('SCAN', () => {
  test('goes through the keys in the order of h, and ends with 0', () => {
    const replica = Replica.formed();
    const keys = Array.from({ length: 100 }, (_, n) => `key ${n}`);
    for (const key of keys) replica.one(put(key, 'v'));
    const found: string[] = [];
    let cursor = START;
    do {
      const page = scan(replica, cursor, 7);
      expect(page.keys.length).toBeLessThanOrEqual(7);
      found.push(...page.keys);
      cursor = page.next;
    } while (cursor.low !== 0 || cursor.high !== 0);
    expect(found).toEqual([...keys].sort(compareHashes));
  });

  test('names the h of the next key as its cursor, and begins with that key', () => {
    const replica = Replica.formed();
    for (let n = 0; n < 10; n++) replica.one(put(`k${n}`, 'v'));
    const { next } = scan(replica, START, 4);
    const first = scan(replica, next, 1).keys[0]!;
    expect((BigInt(next.high) << 32n) | BigInt(next.low)).toBe(hashOf(first));
  });

  test('returns every key that is there throughout exactly once, whatever else changes', () => {
    for (const seed of [1, 2, 3]) {
      const prng = newPrng([seed]);
      const replica = Replica.formed();
      const stable = Array.from({ length: 150 }, (_, n) => `stable ${n}`);
      for (const key of stable) replica.one(put(key, 'v'));
      const found: string[] = [];
      let cursor = START;
      do {
        const page = scan(replica, cursor, 1 + nextBelow(prng, 9));
        found.push(...page.keys.filter((key) => key.startsWith('stable')));
        cursor = page.next;
        // Enough comes and goes that shards grow and shrink in between.
        replica.run(
          Array.from({ length: 40 }, () => {
            const key = `other ${nextBelow(prng, 2000)}`;
            return nextBelow(prng, 2) === 0 ? put(key, 'w') : keyed(OPERATION.DELETE, key);
          }),
        );
        replica.step({ kind: 'background', budget: 50 });
      } while (cursor.low !== 0 || cursor.high !== 0);
      expect([...found].sort()).toEqual([...stable].sort());
    }
  });

  test('leaves out what is due, and visits at least one key whatever the count', () => {
    const replica = Replica.formed({}, { expiredPerEntryMax: 1 });
    replica.run([put('a', '1', { deadline: 5 }), put('b', '1', { deadline: 5 }), put('c', '1')]);
    replica.run([], 6);
    expect(scan(replica, START, 100)).toEqual({ next: START, keys: ['c'] });
    expect(scan(replica, START, 0).keys.length).toBeLessThanOrEqual(1);
  });
});

test('a read that makes no sense is malformed, and so is what follows broken bytes', () => {
  const replica = Replica.formed();
  const bad = [
    keyed(OPERATION.PUT, 'k', { value: bytesOf('v') }),
    keyed(OPERATION.GET, 'k', { value: bytesOf('v') }),
    keyed(OPERATION.GET, 'k', { session: 1 }),
    { operation: OPERATION.SCAN },
    { operation: OPERATION.SIZE, key: bytesOf('k') },
    { operation: 99 },
  ];
  const rows = replica.read(bad);
  expect(rows.map(({ status }) => status)).toEqual(bad.map(() => STATUS.MALFORMED));
  const batch = readBatch([keyed(OPERATION.GET, 'a'), keyed(OPERATION.GET, 'b')]);
  batch.bytes[0] = 7;
  const out = replica.step({ kind: 'read', batch, stampNow: 0 });
  expect([...out.reads.status.subarray(0, 2)]).toEqual([STATUS.MALFORMED, STATUS.MALFORMED]);
});
