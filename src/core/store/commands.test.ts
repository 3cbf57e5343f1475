/** What single commands do and refuse, by the rules at the head of commands.ts. */
import { describe, expect, test } from 'vitest';
import { COMMAND_FLAG } from '../command.ts';
import { encodeChanges } from '../settings.ts';
import { KEY_BYTES_MAX, OPERATION, STATUS, VALUE_BYTES_MAX } from '../types.ts';
import { bytesOf, type Command, digits, keyed, put, Replica, SETTINGS } from './fixture.ts';
import { swap } from './model.ts';

const { PUT, DELETE, COMPARE_AND_SWAP, INCREMENT, APPEND, EXPIRE, PERSIST } = OPERATION;

describe('PUT', () => {
  test('answers the revision that the key then carries', () => {
    const replica = Replica.formed();
    const first = replica.one(put('k', 'v'));
    expect(first).toEqual({ status: STATUS.OK, revision: 1, value: '' });
    expect(replica.get('k')).toEqual({ status: STATUS.VALUE, revision: 1, value: 'v' });
  });

  test('under IF_ABSENT and IF_PRESENT answers the present value when it refuses', () => {
    const replica = Replica.formed();
    const ifPresent = { flags: COMMAND_FLAG.IF_PRESENT };
    expect(replica.one(put('k', 'v', ifPresent))).toEqual({
      status: STATUS.CONDITION_FAILED,
      revision: 0,
      value: '',
    });
    replica.one(put('k', 'v'));
    expect(replica.one(put('k', 'w', { flags: COMMAND_FLAG.IF_ABSENT }))).toEqual({
      status: STATUS.CONDITION_FAILED,
      revision: 1,
      value: 'v',
    });
    expect(replica.one(put('k', 'w', ifPresent)).status).toBe(STATUS.OK);
  });

  test('drops the deadline unless told to keep it', () => {
    const replica = Replica.formed();
    replica.one(put('k', 'v', { deadline: 100 }));
    replica.one(put('k', 'w', { flags: COMMAND_FLAG.KEEP_DEADLINE }));
    expect(replica.read([keyed(OPERATION.TTL, 'k')])[0]!.value).toBe('100');
    replica.one(put('k', 'x'));
    expect(replica.read([keyed(OPERATION.TTL, 'k')])[0]!.value).toBe('-1');
  });

  test('with a deadline that has passed removes the key', () => {
    const replica = Replica.formed();
    replica.one(put('k', 'v'), 50);
    const row = replica.one(put('k', 'w', { deadline: 49, flags: COMMAND_FLAG.RETURN_OLD }));
    expect(row).toEqual({ status: STATUS.VALUE, revision: 2, value: 'v' });
    expect(replica.state.table.keys).toBe(0);
    expect(replica.one(put('k', 'w', { deadline: 49 })).revision).toBe(0);
  });

  test('refuses a value that is too large, and takes the largest', () => {
    const replica = Replica.formed({}, { regionBytes: 16 * 1024 * 1024 });
    const value = new Uint8Array(VALUE_BYTES_MAX + 1);
    const command = { operation: PUT, key: bytesOf('k') };
    expect(replica.one({ ...command, value }).status).toBe(STATUS.VALUE_TOO_LARGE);
    expect(replica.one({ ...command, value: value.subarray(1) }).status).toBe(STATUS.OK);
    const more = { operation: APPEND, key: bytesOf('k'), value: bytesOf('x') };
    expect(replica.one(more).status).toBe(STATUS.VALUE_TOO_LARGE);
  });
});

describe('COMPARE_AND_SWAP', () => {
  test('swaps only the expected value, and ABSENT only an absent key', () => {
    const replica = Replica.formed();
    const cas = (expected: string | null, next: string) =>
      replica.one(keyed(COMPARE_AND_SWAP, 'k', { value: swap(expected, next) }));
    expect(cas('', 'a').status).toBe(STATUS.CONDITION_FAILED);
    expect(cas(null, 'a').status).toBe(STATUS.OK);
    expect(cas(null, 'b')).toEqual({ status: STATUS.CONDITION_FAILED, revision: 1, value: 'a' });
    expect(cas('aa', 'b').status).toBe(STATUS.CONDITION_FAILED);
    expect(cas('a', '').status).toBe(STATUS.OK);
    expect(cas('', 'c')).toEqual({ status: STATUS.OK, revision: 3, value: '' });
  });

  test('whose expected value is longer than its bytes is malformed', () => {
    const replica = Replica.formed();
    for (const value of ['', 'abc', '\x05\0\0\0abcd']) {
      const row = replica.one(keyed(COMPARE_AND_SWAP, 'k', { value: bytesOf(value) }));
      expect(row.status).toBe(STATUS.MALFORMED);
    }
  });
});

describe('INCREMENT', () => {
  const increment = (replica: Replica, by: string) =>
    replica.one(keyed(INCREMENT, 'n', { value: bytesOf(by) }));

  test('counts an absent key as 0 and keeps the deadline', () => {
    const replica = Replica.formed();
    expect(increment(replica, '-5').value).toBe('-5');
    replica.one(keyed(EXPIRE, 'n', { deadline: 70 }));
    expect(increment(replica, '7').value).toBe('2');
    expect(replica.read([keyed(OPERATION.TTL, 'n')])[0]!.value).toBe('70');
  });

  test('reaches both ends of 64 bits and stops there', () => {
    const replica = Replica.formed();
    replica.one(put('n', '9223372036854775806'));
    expect(increment(replica, '1').value).toBe('9223372036854775807');
    expect(increment(replica, '1').status).toBe(STATUS.OUT_OF_RANGE);
    replica.one(put('n', '-9223372036854775807'));
    expect(increment(replica, '-1').value).toBe('-9223372036854775808');
    expect(increment(replica, '-1').status).toBe(STATUS.OUT_OF_RANGE);
  });

  test('takes only canonical decimal numbers, as value and as step', () => {
    const replica = Replica.formed();
    for (const bad of ['', ' 1', '01', '+1', '1.0', '-0', '9223372036854775808', 'x']) {
      replica.one(put('n', bad));
      expect(increment(replica, '1').status).toBe(STATUS.NOT_AN_INTEGER);
      replica.one(put('n', '1'));
      expect(increment(replica, bad).status).toBe(STATUS.NOT_AN_INTEGER);
    }
  });
});

describe('APPEND, EXPIRE, PERSIST and DELETE', () => {
  test('APPEND answers the new length and keeps the deadline', () => {
    const replica = Replica.formed();
    const append = keyed(APPEND, 'k', { value: bytesOf('abc') });
    expect(replica.one(append).value).toBe('3');
    replica.one(keyed(EXPIRE, 'k', { deadline: 9 }));
    expect(replica.one(append)).toEqual({ status: STATUS.VALUE, revision: 3, value: '6' });
    expect(replica.get('k').value).toBe('abcabc');
    expect(replica.state.table.earliestDeadline()).toBe(9);
  });

  test('EXPIRE with a deadline that has passed removes the key', () => {
    const replica = Replica.formed();
    replica.one(put('k', 'v'), 10);
    const expire = keyed(EXPIRE, 'k', { deadline: 9 });
    expect(replica.one(expire)).toEqual({ status: STATUS.OK, revision: 2, value: '' });
    expect(replica.one(expire).status).toBe(STATUS.NOT_FOUND);
  });

  test('PERSIST tells a key without deadline from an absent one', () => {
    const replica = Replica.formed();
    expect(replica.one(keyed(PERSIST, 'k')).status).toBe(STATUS.NOT_FOUND);
    replica.one(put('k', 'v', { deadline: 9 }));
    expect(replica.one(keyed(PERSIST, 'k')).status).toBe(STATUS.OK);
    expect(replica.one(keyed(PERSIST, 'k')).status).toBe(STATUS.CONDITION_FAILED);
    expect(replica.state.table.earliestDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  test('DELETE answers the old value when asked', () => {
    const replica = Replica.formed();
    replica.one(put('k', 'v'));
    const remove = keyed(DELETE, 'k', { flags: COMMAND_FLAG.RETURN_OLD });
    expect(replica.one(remove)).toEqual({ status: STATUS.VALUE, revision: 2, value: 'v' });
    expect(replica.one(remove)).toEqual({ status: STATUS.NOT_FOUND, revision: 0, value: '' });
  });

  test('FLUSH_ALL empties the table, its deadlines and its logical bytes', () => {
    const replica = Replica.formed();
    replica.run([put('a', '1', { deadline: 5 }), put('b', '2')]);
    expect(replica.one({ operation: OPERATION.FLUSH_ALL }).revision).toBe(3);
    expect(replica.one({ operation: OPERATION.FLUSH_ALL }).revision).toBe(0);
    expect(replica.state.table.logicalBytes).toBe(0);
    expect(replica.state.table.earliestDeadline()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the quota', () => {
  const full = (): Replica => {
    const replica = Replica.formed({ quotaBytes: 200 });
    replica.one(put('a', 'x'.repeat(135)));
    return replica;
  };

  test('counts key, value and 64 bytes, and fills to the last byte', () => {
    const replica = full();
    expect(replica.state.table.logicalBytes).toBe(200);
    expect(replica.one(put('a', 'x'.repeat(136))).status).toBe(STATUS.QUOTA_EXCEEDED);
    expect(replica.one(put('b', '')).status).toBe(STATUS.QUOTA_EXCEEDED);
  });

  test('refuses nothing that does not raise the logical bytes', () => {
    const replica = full();
    const lower = encodeChanges([{ name: 'quotaBytes', value: 1 }]);
    const rows = replica.run([
      { operation: OPERATION.SETTINGS, value: lower },
      { operation: OPERATION.OPEN_SESSION },
      put('a', 'y'.repeat(135)),
      keyed(EXPIRE, 'a', { deadline: 1000 }),
      keyed(PERSIST, 'a'),
      put('a', 'z'),
      keyed(APPEND, 'a', { value: bytesOf('') }),
      keyed(DELETE, 'a'),
    ]);
    expect(rows.map(({ status }) => status)).toEqual([0, 0, 0, 0, 0, 0, STATUS.VALUE, 0]);
    expect(replica.one(put('a', '')).status).toBe(STATUS.QUOTA_EXCEEDED);
  });
});

describe('what makes no sense', () => {
  const refused = (command: Command): number => Replica.formed().one(command).status;

  test('is malformed: reads, unknown operations, flags and operands that do not belong', () => {
    const { IF_ABSENT, IF_PRESENT, KEEP_DEADLINE, RETURN_OLD } = COMMAND_FLAG;
    const bad: Command[] = [
      keyed(OPERATION.GET, 'k'),
      { operation: 0 },
      { operation: 9 },
      { operation: 255 },
      put('k', 'v', { flags: IF_ABSENT | IF_PRESENT }),
      put('k', 'v', { flags: KEEP_DEADLINE, deadline: 5 }),
      put('k', 'v', { flags: 64 }),
      keyed(DELETE, 'k', { value: bytesOf('v') }),
      keyed(DELETE, 'k', { flags: IF_PRESENT }),
      keyed(INCREMENT, 'k', { value: digits(1), flags: RETURN_OLD }),
      keyed(EXPIRE, 'k'),
      { operation: OPERATION.FLUSH_ALL, key: bytesOf('k') },
      { operation: OPERATION.OPEN_SESSION, value: bytesOf('v') },
      { operation: OPERATION.CLOSE_SESSION },
      { operation: OPERATION.SETTINGS, value: bytesOf('nonsense') },
      { operation: PUT, key: new Uint8Array(KEY_BYTES_MAX + 1) },
    ];
    for (const command of bad) expect(refused(command)).toBe(STATUS.MALFORMED);
  });

  test('is a session opened within a session', () => {
    const replica = Replica.formed();
    const session = replica.one({ operation: OPERATION.OPEN_SESSION }).revision;
    const nested = { operation: OPERATION.OPEN_SESSION, session, sequence: 0 };
    expect(replica.one(nested).status).toBe(STATUS.MALFORMED);
  });

  test('is refused by a settings change that would go back a feature level', () => {
    const replica = Replica.formed({ featureLevel: 3 });
    const change = (value: number) => encodeChanges([{ name: 'featureLevel', value }]);
    const command = { operation: OPERATION.SETTINGS };
    expect(replica.one({ ...command, value: change(2) }).status).toBe(STATUS.MALFORMED);
    expect(replica.one({ ...command, value: change(4) }).status).toBe(STATUS.OK);
    expect(replica.state.settings).toEqual({ ...SETTINGS, featureLevel: 4 });
  });
});
