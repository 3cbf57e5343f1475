/** Exactly once: the rules of sessions, one claim each. */
import { describe, expect, test } from 'vitest';
import { encodeChanges } from '../settings.ts';
import { OPERATION, STATUS } from '../types.ts';
import { bytesOf, type Command, digits, dump, keyed, put, Replica, type Row } from './fixture.ts';

const OPEN: Command = { operation: OPERATION.OPEN_SESSION };
const opened = (replica: Replica): number => replica.one(OPEN).revision;

const increment = (session: number, sequence: number, lowestUnacknowledged = 0): Command =>
  keyed(OPERATION.INCREMENT, 'n', { value: digits(1), session, sequence, lowestUnacknowledged });

const status = (row: Row): number => row.status;

describe('a session', () => {
  test('has the revision of the command that opened it as its id', () => {
    const replica = Replica.formed();
    replica.run([put('a', '1'), put('b', '2')]);
    expect(opened(replica)).toBe(3);
    expect(opened(replica)).toBe(4);
  });

  test('applies a command once and answers a retry as the first time', () => {
    const replica = Replica.formed();
    const id = opened(replica);
    const first = replica.one(increment(id, 0));
    expect(replica.one(increment(id, 1)).value).toBe('2');
    expect(replica.one(increment(id, 0))).toEqual(first);
    expect(replica.get('n').value).toBe('2');
  });

  test('answers a retry in the same entry, and after a restore, as the first time', () => {
    const replica = Replica.formed();
    const id = opened(replica);
    const [first, again] = replica.run([increment(id, 5), increment(id, 5)]);
    expect(again).toEqual(first);
    const copy = replica.restored();
    expect(copy.one(increment(id, 5))).toEqual(first);
    expect(copy.one(increment(id, 6)).value).toBe('2');
  });

  test('keeps refusals too: a retry of a refused command is not applied later', () => {
    const replica = Replica.formed({ quotaBytes: 70 });
    const id = opened(replica);
    const large = put('k', 'x'.repeat(20), { session: id, sequence: 0, lowestUnacknowledged: 0 });
    expect(replica.one(large).status).toBe(STATUS.QUOTA_EXCEEDED);
    const more = encodeChanges([{ name: 'quotaBytes', value: 1000 }]);
    replica.one({ operation: OPERATION.SETTINGS, value: more });
    expect(replica.one(large).status).toBe(STATUS.QUOTA_EXCEEDED);
  });

  test('refuses a sequence below its floor, also one that an older command named', () => {
    const replica = Replica.formed();
    const id = opened(replica);
    replica.run([increment(id, 3, 3), increment(id, 4, 1)]);
    expect(status(replica.one(increment(id, 2, 2)))).toBe(STATUS.SEQUENCE_BELOW_FLOOR);
    expect(status(replica.one(increment(id, 4, 9)))).toBe(STATUS.SEQUENCE_BELOW_FLOOR);
    expect(replica.get('n').value).toBe('2');
  });

  test('takes floor + 1,023 and refuses floor + 1,024, without applying it', () => {
    const replica = Replica.formed();
    const id = opened(replica);
    expect(replica.one(increment(id, 1033, 10)).value).toBe('1');
    expect(status(replica.one(increment(id, 1034, 10)))).toBe(STATUS.SEQUENCE_BEYOND_WINDOW);
    expect(replica.one(increment(id, 1034, 11)).value).toBe('2');
    expect(replica.one(increment(id, 1033, 11)).value).toBe('1');
  });

  test('may have the whole window in flight, in any order', () => {
    const replica = Replica.formed();
    const id = opened(replica);
    const order = Array.from({ length: 1024 }, (_, n) => (n * 389) % 1024);
    const rows = replica.run(order.map((sequence) => increment(id, sequence)));
    expect(replica.get('n').value).toBe('1024');
    const retries = replica.run(order.map((sequence) => increment(id, sequence)));
    expect(retries).toEqual(rows);
    const copy = replica.restored();
    expect(dump(copy.state)).toEqual(dump(replica.state));
    replica.one(increment(id, 1024, 1000));
    expect(replica.state.sessions.find(id)!.results.count).toBe(25);
  });

  test('that is unknown answers SESSION_EXPIRED and is never created again', () => {
    const replica = Replica.formed();
    expect(status(replica.one(increment(77, 0)))).toBe(STATUS.SESSION_EXPIRED);
    expect(replica.state.sessions.count).toBe(0);
    expect(replica.get('n').status).toBe(STATUS.NOT_FOUND);
  });

  test('is closed by nothing but a clean CLOSE_SESSION', () => {
    const replica = Replica.formed();
    const close = { operation: OPERATION.CLOSE_SESSION, session: opened(replica), sequence: 0 };
    expect(status(replica.one({ ...close, key: bytesOf('k') }))).toBe(STATUS.MALFORMED);
    expect(replica.state.sessions.count).toBe(1);
    expect(status(replica.one(close))).toBe(STATUS.OK);
  });

  test('that was closed is unknown', () => {
    const replica = Replica.formed();
    const id = opened(replica);
    replica.one(increment(id, 0));
    const close = { operation: OPERATION.CLOSE_SESSION, session: id };
    expect(replica.run([close, close, increment(id, 1)]).map(status)).toEqual([
      STATUS.OK,
      STATUS.SESSION_EXPIRED,
      STATUS.SESSION_EXPIRED,
    ]);
    expect(replica.state.sessions.resultBytes).toBe(0);
  });
});

describe('results', () => {
  const append = (session: number, sequence: number, bytes: number): Command =>
    keyed(OPERATION.PUT, 'v', {
      value: bytesOf('x'.repeat(bytes)),
      flags: 32,
      session,
      sequence,
      lowestUnacknowledged: 0,
    });

  test('above 4 KiB answer APPLIED_RESULT_DROPPED on a retry, with the revision', () => {
    const replica = Replica.formed();
    const id = opened(replica);
    replica.run([append(id, 0, 4096), append(id, 1, 4097), append(id, 2, 1)]);
    const rows = replica.run([append(id, 1, 4097), append(id, 2, 1)]);
    expect(rows[0]).toEqual({ status: STATUS.VALUE, revision: 3, value: 'x'.repeat(4096) });
    expect(rows[1]).toEqual({ status: STATUS.APPLIED_RESULT_DROPPED, revision: 4, value: '' });
    expect(dump(replica.restored().state)).toEqual(dump(replica.state));
  });

  test('have a byte budget, within which they come back once floors rise', () => {
    const replica = Replica.formed({ sessionResultBytesMax: 4096 });
    const id = opened(replica);
    replica.run([append(id, 0, 3000), append(id, 1, 3000), append(id, 2, 3000)]);
    expect(replica.state.sessions.resultBytes).toBe(3000);
    expect(status(replica.one(append(id, 2, 1)))).toBe(STATUS.APPLIED_RESULT_DROPPED);
    replica.one({ ...append(id, 3, 3000), lowestUnacknowledged: 3 });
    expect(replica.state.sessions.resultBytes).toBe(3000);
  });
});

describe('sessions end', () => {
  test('when they are unused for longer than the idle time, by log time', () => {
    const replica = Replica.formed({ sessionIdleMs: 100 });
    const id = opened(replica);
    replica.one(increment(id, 0), 100);
    replica.run([], 200);
    expect(replica.state.sessions.count).toBe(1);
    replica.run([], 201);
    expect(replica.state.sessions.count).toBe(0);
  });

  test('at most N an entry; one that is due but still there counts as ended', () => {
    const replica = Replica.formed({ sessionIdleMs: 100 }, { expiredPerEntryMax: 2 });
    const ids = Array.from({ length: 6 }, () => opened(replica));
    const rows = replica.run([increment(ids[5]!, 0), increment(ids[3]!, 0)], 500);
    expect(rows.map(status)).toEqual([STATUS.SESSION_EXPIRED, STATUS.SESSION_EXPIRED]);
    expect(replica.state.sessions.count).toBe(2);
    replica.run([]);
    expect(replica.state.sessions.count).toBe(0);
  });

  test('in the order of last use when there is no place for another', () => {
    const replica = Replica.formed({ sessionsMax: 3 });
    const [first, second, third] = [opened(replica), opened(replica), opened(replica)];
    replica.run([increment(second, 0), increment(first, 0)]);
    const copy = replica.restored();
    for (const store of [replica, copy]) {
      store.run([OPEN, OPEN]);
      const left = store.state.sessions.all().map(({ id }) => id);
      expect(left).not.toContain(third);
      expect(left).not.toContain(second);
      expect(left).toContain(first);
    }
    expect(dump(copy.state)).toEqual(dump(replica.state));
  });

  test('N an entry, the oldest first, when the settings allow fewer', () => {
    const replica = Replica.formed({}, { expiredPerEntryMax: 2 });
    const ids = Array.from({ length: 6 }, () => opened(replica));
    const fewer = encodeChanges([{ name: 'sessionsMax', value: 1 }]);
    replica.one({ operation: OPERATION.SETTINGS, value: fewer });
    replica.run([]);
    expect(replica.state.sessions.all().map(({ id }) => id)).toEqual(ids.slice(2));
    replica.run([]);
    replica.run([]);
    expect(replica.state.sessions.count).toBe(1);
  });
});
