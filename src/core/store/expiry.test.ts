/** Deadlines pass by log time, N keys an entry, in the order (deadline, h). */
import { expect, test } from 'vitest';
import { fromHex } from '../../base/bytes.ts';
import { COMMAND_FLAG } from '../command.ts';
import { OPERATION, STATUS } from '../types.ts';
import { checkWholeStore } from './check.ts';
import { dump, keyed, put, Replica, textOf } from './fixture.ts';
import { compareHashes } from './model.ts';
import { earliestDeadline } from './state.ts';

const KEYS = Array.from({ length: 40 }, (_, n) => `key ${n}`);

test('a key is there at its deadline and gone when log time is past it', () => {
  const replica = Replica.formed();
  replica.one(put('k', 'v', { deadline: 100 }));
  replica.run([], 100);
  expect(replica.get('k').status).toBe(STATUS.VALUE);
  replica.run([], 101);
  expect(replica.get('k').status).toBe(STATUS.NOT_FOUND);
  expect(replica.state.table.keys).toBe(0);
});

test('an entry removes at most N keys, the earliest deadlines first, ties in the order of h', () => {
  // Many enough that a shard has several keys with one deadline.
  const keys = Array.from({ length: 400 }, (_, n) => `key ${n}`);
  const replica = Replica.formed({}, { expiredPerEntryMax: 53 });
  replica.run(keys.map((key, n) => put(key, 'v', { deadline: 50 + (n % 2) })));
  const order = keys
    .map((key, n) => ({ key, late: n % 2 }))
    .sort((left, right) => left.late - right.late || compareHashes(left.key, right.key))
    .map(({ key }) => key);
  for (let removed = 53; removed < keys.length; removed += 53) {
    replica.run([], 200);
    expect(heldKeys(replica)).toEqual(new Set(order.slice(removed)));
    checkWholeStore(replica.state);
  }
});

function heldKeys(replica: Replica): Set<string> {
  const records = dump(replica.state).filter((line) => line.startsWith('record '));
  return new Set(records.map((line) => textOf(fromHex(line.split(' ')[1]!))));
}

test('a due key that is not removed yet counts as absent to every read and write', () => {
  const replica = Replica.formed({}, { expiredPerEntryMax: 1 });
  replica.run(KEYS.map((key) => put(key, '5', { deadline: 50 })));
  const last = [...KEYS].sort(compareHashes).at(-1)!;
  const rows = replica.run(
    [
      put(last, 'w', { flags: COMMAND_FLAG.IF_PRESENT }),
      keyed(OPERATION.DELETE, last),
      put(last, 'w', { flags: COMMAND_FLAG.IF_ABSENT | COMMAND_FLAG.RETURN_OLD }),
    ],
    51,
  );
  const statuses = rows.map(({ status }) => status);
  expect(statuses).toEqual([STATUS.CONDITION_FAILED, STATUS.NOT_FOUND, STATUS.OK]);
  expect(replica.read([keyed(OPERATION.TTL, last)])[0]!.value).toBe('-1');
  expect(replica.read([{ operation: OPERATION.SIZE }])[0]!.value).toBe('1');
  expect(replica.state.table.keys).toBe(KEYS.length - 1);
});

test('a read of a due key changes nothing', () => {
  const replica = Replica.formed({}, { expiredPerEntryMax: 1 });
  replica.run(KEYS.map((key) => put(key, 'v', { deadline: 50 })));
  replica.run([], 51);
  const before = dump(replica.state);
  for (const key of KEYS) expect(replica.get(key).status).toBe(STATUS.NOT_FOUND);
  expect(replica.read([{ operation: OPERATION.SIZE }])[0]!.value).toBe('0');
  expect(dump(replica.state)).toEqual(before);
});

test('renewing one deadline again and again leaves nothing behind', () => {
  const replica = Replica.formed();
  for (let n = 0; n < 300; n++) replica.one(put('k', 'v', { deadline: 1000 + n }));
  const held = replica.state.table.shards.map((shard) => shard.expiry.count);
  expect(held.reduce((sum, count) => sum + count)).toBe(1);
  expect(earliestDeadline(replica.state)).toBe(1299);
  replica.one(keyed(OPERATION.PERSIST, 'k'));
  expect(earliestDeadline(replica.state)).toBe(Number.POSITIVE_INFINITY);
});

test('what expires advances no revision and shows in live keys and logical bytes', () => {
  const replica = Replica.formed();
  replica.one(put('k', 'v', { deadline: 5 }));
  const { revision } = replica.state;
  replica.run([], 6);
  expect(replica.state.revision).toBe(revision);
  expect(replica.state.table.logicalBytes).toBe(0);
});
