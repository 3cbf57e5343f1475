import { describe, expect, test } from 'vitest';
import { OPERATION, SESSION_WINDOW, STATUS } from '../../src/core/types.ts';
import { checkSessions, type SessionOutcome } from './sessions.ts';

const OPENED: SessionOutcome = {
  group: 0,
  operation: OPERATION.OPEN_SESSION,
  session: 0,
  sequence: 0,
  lowestUnacknowledged: 0,
  status: STATUS.OK,
  revision: 10,
  value: null,
};

const command = (sequence: number, extra: Partial<SessionOutcome> = {}): SessionOutcome => ({
  ...OPENED,
  operation: OPERATION.INCREMENT,
  session: 10,
  sequence,
  lowestUnacknowledged: 1,
  status: STATUS.VALUE,
  revision: 10 + sequence,
  value: String(sequence),
  ...extra,
});

const check = (...outcomes: SessionOutcome[]) => checkSessions([OPENED, ...outcomes], []);

describe('exactly once', () => {
  test('a retry repeats the first outcome, or says that the result was dropped', () => {
    const dropped = command(1, { status: STATUS.APPLIED_RESULT_DROPPED, revision: 0, value: null });
    check(command(1), command(2), command(1), dropped);
    expect(() => check(dropped)).toThrow('sessions: a result is dropped that never was');
  });

  test('a second effect is found by its revision or its value', () => {
    expect(() => check(command(1), command(1, { revision: 12 }))).toThrow('applied twice');
    expect(() => check(command(1), command(1, { value: '2' }))).toThrow('applied twice');
  });

  test('a refusal for lack of room may be followed by the effect, but not follow it', () => {
    const full = command(1, { status: STATUS.QUOTA_EXCEEDED });
    check(full, command(1));
    expect(() => check(command(1), full)).toThrow('refused after it was applied');
  });
});

describe('the window', () => {
  const below = command(1, { status: STATUS.SEQUENCE_BELOW_FLOOR });

  test('nothing is applied below the highest floor seen', () => {
    const raised = command(5, { lowestUnacknowledged: 3 });
    check(command(1), raised, below);
    expect(() => check(command(1), raised, command(1))).toThrow('applied below the floor');
    expect(() => check(below)).toThrow('refused as below the floor, but is not');
  });

  test('nothing is applied above it', () => {
    const last = command(SESSION_WINDOW);
    const beyond = command(SESSION_WINDOW + 1);
    const refused = { ...beyond, status: STATUS.SEQUENCE_BEYOND_WINDOW };
    check(last, refused);
    expect(() => check(beyond)).toThrow('applied beyond the window');
    expect(() => check({ ...refused, sequence: SESSION_WINDOW })).toThrow(
      'refused as beyond the window, but is not',
    );
  });
});

describe('a session', () => {
  const expired = command(2, { status: STATUS.SESSION_EXPIRED });

  test('that was never opened has no effect', () => {
    expect(() => check(command(1, { session: 11 }))).toThrow('never opened');
    check({ ...expired, session: 11 });
    expect(() => check({ ...command(1), group: 1 })).toThrow('never opened');
  });

  test('that has expired or was closed never has one again', () => {
    check(command(1), expired, expired);
    expect(() => check(expired, command(3))).toThrow('has ended');
    // Its sequence may be one that was used before, or lie anywhere.
    for (const sequence of [2, 1, 5_000]) {
      const operation = OPERATION.CLOSE_SESSION;
      const close = command(sequence, { operation, status: STATUS.OK, value: null });
      check(command(1), close, expired);
      expect(() => check(command(1), close, command(3))).toThrow('has ended');
    }
  });

  test('has an id of its own', () => {
    expect(() => check(OPENED)).toThrow('opened twice');
    check({ ...OPENED, group: 1 });
    check({ ...OPENED, status: STATUS.SESSIONS_FULL });
  });
});

describe('what a client was told', () => {
  test('is what the log has', () => {
    const log = [OPENED, command(1)];
    checkSessions(log, [OPENED, command(1)]);
    checkSessions(log, [command(2, { status: STATUS.SESSION_EXPIRED })]);
    checkSessions(log, [command(1, { status: STATUS.APPLIED_RESULT_DROPPED, revision: 0 })]);
    expect(() => checkSessions(log, [command(2)])).toThrow('the log does not have');
    expect(() => checkSessions(log, [command(1, { value: '7' })])).toThrow('told otherwise');
    expect(() => checkSessions(log, [{ ...OPENED, revision: 99 }])).toThrow('not opened');
  });
});
