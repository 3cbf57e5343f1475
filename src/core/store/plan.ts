/**
 * For the tests of this folder: turns rows of six numbers into a log of entries over few keys, with
 * every kind of command. A property draws the rows; leaving some out makes a shorter log.
 */
import { COMMAND_FLAG } from '../command.ts';
import { OPERATION } from '../types.ts';
import { bytesOf, type Command, digits } from './fixture.ts';
import { swap } from './model.ts';

export type PlanRow = readonly [number, number, number, number, number, number];
/** Each number of a row is below this. */
export const PLAN_LIMIT = 1000;

export interface PlannedEntry {
  readonly advanceMs: number;
  readonly rows: readonly PlanRow[];
}

const KEYS = 12;
const TEXTS = [
  ...['0', '7', '-3', '12', '', 'a', 'bb', '9223372036854775807', '-9223372036854775808', '007'],
  ...['x'.repeat(300), 'y'.repeat(5000), 'z'.repeat(90), '1', '2', '3'],
];
const PUT_FLAGS = [
  ...[0, 0, 0, COMMAND_FLAG.RETURN_OLD, COMMAND_FLAG.IF_ABSENT, COMMAND_FLAG.KEEP_DEADLINE],
  COMMAND_FLAG.IF_PRESENT | COMMAND_FLAG.RETURN_OLD,
];
const { PUT, DELETE, COMPARE_AND_SWAP, INCREMENT, APPEND, EXPIRE, PERSIST } = OPERATION;
const OPERATIONS = [
  ...[PUT, PUT, PUT, PUT, PUT, DELETE, DELETE, COMPARE_AND_SWAP, COMPARE_AND_SWAP, INCREMENT],
  ...[INCREMENT, APPEND, EXPIRE, EXPIRE, PERSIST, OPERATION.OPEN_SESSION],
];

const pick = <Item>(items: readonly Item[], n: number): Item => items[n % items.length]!;

/** Rows become entries of one to four commands; some entries come much later than the one before. */
export function planLog(rows: readonly PlanRow[]): PlannedEntry[] {
  const log: PlannedEntry[] = [];
  for (let at = 0; at < rows.length; ) {
    const [first, second] = rows[at]!;
    const count = 1 + (first % 4);
    const advanceMs = second % 3 === 0 ? 0 : second % 50 === 1 ? 400 : second % 40;
    log.push({ advanceMs, rows: rows.slice(at, at + count) });
    at += count;
  }
  return log;
}

/** The commands to run at log time `stamp`, given the sessions opened so far, newest first. */
export function settle(
  { rows }: PlannedEntry,
  stamp: number,
  opened: readonly number[],
): Command[] {
  return rows.map((row) => commandOf(row, stamp, opened));
}

function commandOf(row: PlanRow, stamp: number, opened: readonly number[]): Command {
  const [kind, , , , , inSession] = row;
  if (kind % 97 === 0) return { operation: OPERATION.FLUSH_ALL };
  const command = onKey(row, stamp);
  if (command.operation === OPERATION.OPEN_SESSION || inSession % 2 === 0) return command;
  const session = opened[Math.floor(inSession / 2) % 5] ?? 0;
  if (inSession % 41 === 0) return { operation: OPERATION.CLOSE_SESSION, session };
  // A narrow range of sequences, so that retries and floors meet; now and then one far off.
  const sequence = (row[1] % 10) + (inSession % 37 === 0 ? 1020 : 0);
  return { ...command, session, sequence, lowestUnacknowledged: inSession % 3 ? 0 : row[4] % 8 };
}

function onKey([kind, , n, text, time]: PlanRow, stamp: number): Command {
  const operation = pick(OPERATIONS, kind);
  const key = bytesOf(`key${n % KEYS}`);
  const value = bytesOf(pick(TEXTS, text));
  const deadline = Math.max(0, stamp + (time % 220) - 20);
  switch (operation) {
    case PUT: {
      const flags = pick(PUT_FLAGS, time);
      const hasDeadline = flags !== COMMAND_FLAG.KEEP_DEADLINE && text % 3 === 0;
      return { operation, key, value, flags, ...(hasDeadline ? { deadline } : {}) };
    }
    case COMPARE_AND_SWAP: {
      const expected = time % 4 === 0 ? null : pick(TEXTS, time);
      return { operation, key, value: swap(expected, pick(TEXTS, text)) };
    }
    case INCREMENT:
      return { operation, key, value: digits((text % 9) - 3) };
    case APPEND:
      return { operation, key, value };
    case EXPIRE:
      return { operation, key, deadline };
    case DELETE:
      return { operation, key, flags: time % 2 === 0 ? 0 : COMMAND_FLAG.RETURN_OLD };
    case PERSIST:
      return { operation, key };
    default:
      return { operation };
  }
}
