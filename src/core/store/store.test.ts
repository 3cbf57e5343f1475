/** The whole machine against a naive model: every row, every counter, after every entry. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OPERATION, type Settings, STATUS } from '../types.ts';
import { checkWholeStore } from './check.ts';
import { bytesOf, commandsEntry, keyed, Replica, readBatch, SETTINGS } from './fixture.ts';
import { Model } from './model.ts';
import { PLAN_LIMIT, type PlannedEntry, planLog, settle } from './plan.ts';

const TIGHT: Settings = {
  ...SETTINGS,
  quotaBytes: 12_000,
  sessionsMax: 4,
  sessionIdleMs: 300,
  sessionResultBytesMax: 6000,
};
const REMOVED_PER_ENTRY = 2;
const number = fc.nat(PLAN_LIMIT - 1);
const rows = fc.array(fc.tuple(number, number, number, number, number, number), {
  minLength: 1,
  maxLength: 120,
  size: 'max',
});
const KEYS = Array.from({ length: 12 }, (_, n) => `key${n}`);

function compareWithModel(log: readonly PlannedEntry[], settings: Settings): void {
  const replica = Replica.formed(settings, { expiredPerEntryMax: REMOVED_PER_ENTRY });
  const model = new Model(settings, REMOVED_PER_ENTRY);
  const opened: number[] = [];
  for (const planned of log) {
    const stamp = model.time + planned.advanceMs;
    const settled = settle(planned, stamp, opened);
    const expected = model.run(settled, stamp);
    const actual = replica.run(settled, stamp);
    expect(actual).toEqual(expected);
    settled.forEach(({ operation }, row) => {
      if (operation === OPERATION.OPEN_SESSION) opened.unshift(actual[row]!.revision);
    });
    expect(replica.state.revision).toBe(model.revision);
    expect(replica.state.table.keys).toBe(model.table.size);
    expect(replica.state.table.logicalBytes).toBe(model.logicalBytes);
    expect(replica.state.sessions.count).toBe(model.sessions.size);
    expect(replica.read(KEYS.map((key) => keyed(OPERATION.GET, key)))).toEqual(
      KEYS.map((key) => model.get(key)),
    );
    checkWholeStore(replica.state);
  }
}

test('any log gives the rows and the content that the rules say', () => {
  fc.assert(
    fc.property(rows, (plan) => compareWithModel(planLog(plan), TIGHT)),
    { seed: 1, numRuns: 100 },
  );
});

test('any log gives the same under a quota that never binds and sessions that never end', () => {
  fc.assert(
    fc.property(rows, (plan) => compareWithModel(planLog(plan), SETTINGS)),
    { seed: 2, numRuns: 30 },
  );
});

test('a read at an ordinal sees the commands before it and none after it', () => {
  const replica = Replica.formed();
  const commands = ['1', '2', '3'].map((value) => ({
    operation: OPERATION.PUT,
    key: bytesOf('k'),
    value: bytesOf(value),
  }));
  const get = keyed(OPERATION.GET, 'k');
  const reads = readBatch([get, get, get, get, get], [0, 1, 1, 2, 3]);
  replica.apply(commandsEntry(2, 5, commands), reads);
  const values = Array.from({ length: 5 }, (_, row) => replica.out.reads.value(row).slice());
  expect(replica.out.reads.status[0]).toBe(STATUS.NOT_FOUND);
  expect(values.map((value) => String.fromCharCode(...value))).toEqual(['', '1', '1', '2', '3']);
});
