/**
 * What readers are shown of a replica that holds what was commanded (linearizable): each key that is
 * there and whose time is not over, with its value and its revision, and no other; as many as SIZE
 * says; each once in a scan, however small its pages are.
 */
import { getU32, putU32 } from '../../../src/base/bytes.ts';
import { encodeCommand } from '../../../src/core/command.ts';
import type { ResultLane } from '../../../src/core/results.ts';
import { clearStoreOut, newStoreOut, type StoreState } from '../../../src/core/store/state.ts';
import { store as machine } from '../../../src/core/store/step.ts';
import { OPERATION, STATUS } from '../../../src/core/types.ts';
import { violate } from '../online/violate.ts';
import { textIn } from './commands.ts';
import type { HeldKey, ReferenceStore } from './store.ts';

/** A look is not to cost more than the run. */
const KEYS_MAX = 100;
const PAGES_MAX = 200;
const NO_NOW = 0 as Parameters<typeof machine.step>[2];
const ABSENT = 'nobody wrote this';

const bytesOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (letter) => letter.charCodeAt(0));

export function checkReaders(state: StoreState, { keys, time }: ReferenceStore): void {
  const isThere = ({ deadline }: HeldKey): boolean => deadline >= time;
  const asked = [...keys.keys()].slice(0, KEYS_MAX);
  const gets = [...asked, ABSENT].map((key) => ({ operation: OPERATION.GET, key: bytesOf(key) }));
  const lane = readOf(state, [
    ...gets.map(encodeCommand),
    encodeCommand({ operation: OPERATION.SIZE }),
  ]);
  asked.forEach((key, row) => {
    const held = keys.get(key)!;
    checkShown(key, isThere(held) ? held : null, lane, row);
  });
  checkShown(ABSENT, null, lane, asked.length);
  checkLeft(state, asked, (key) => {
    const held = keys.get(key)!;
    if (!isThere(held)) return '-2';
    return Number.isFinite(held.deadline) ? `${Math.max(1, held.deadline - time)}` : '-1';
  });
  const present = [...keys].filter(([, held]) => isThere(held)).map(([key]) => key);
  const size = valueIn(lane, asked.length + 1);
  if (size !== `${present.length}`) violate('linearizable', `${present.length} keys are ${size}`);
  checkScan(state, present);
}

function readOf(
  state: StoreState,
  commands: readonly Uint8Array[],
  out = newStoreOut(),
): ResultLane {
  const used = commands.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(used);
  let at = 0;
  for (const command of commands) {
    bytes.set(command, at);
    at += command.length;
  }
  const ordinals = new Uint32Array(commands.length);
  clearStoreOut(out);
  const batch = { bytes, used, count: commands.length, ordinals };
  machine.step(state, { kind: 'read', batch, stampNow: 0 }, NO_NOW, out);
  return out.reads;
}

const valueIn = ({ values, valueAt, valueBytes }: ResultLane, row: number): string =>
  textIn(values, valueAt[row]!, valueBytes[row]!);

function checkShown(key: string, held: HeldKey | null, lane: ResultLane, row: number): void {
  const status = lane.status[row];
  if (held === null) {
    if (status !== STATUS.NOT_FOUND)
      violate('linearizable', `key ${key} is shown, and is not there`);
    return;
  }
  const isSame = valueIn(lane, row) === held.value && lane.revision[row] === held.revision;
  if (status === STATUS.VALUE && isSame) return;
  violate('linearizable', `key ${key} is there, and something else is shown`);
}

/** How long each key has left. */
function checkLeft(
  state: StoreState,
  asked: readonly string[],
  leftOf: (key: string) => string,
): void {
  const lane = readOf(
    state,
    asked.map((key) => encodeCommand({ operation: OPERATION.TTL, key: bytesOf(key) })),
  );
  asked.forEach((key, row) => {
    const left = valueIn(lane, row);
    if (left !== leftOf(key))
      violate('linearizable', `key ${key} has ${leftOf(key)} ms, not ${left}`);
  });
}

/** Pages of one key, two, three and so on: where they end differs each time. */
function checkScan(state: StoreState, present: readonly string[]): void {
  const seen = new Set<string>();
  const out = newStoreOut();
  let cursor = new Uint8Array(8);
  for (let page = 1; page <= PAGES_MAX; page++) {
    const value = new Uint8Array(12);
    value.set(cursor);
    putU32(value, 8, page);
    const lane = readOf(state, [encodeCommand({ operation: OPERATION.SCAN, value })], out);
    const at = lane.valueAt[0]!;
    let next = at + 16;
    for (let left = getU32(lane.values, at + 8); left > 0; left--) {
      const length = getU32(lane.values, next);
      const key = textIn(lane.values, next + 4, length);
      if (seen.has(key)) violate('linearizable', `a scan shows ${key} twice`);
      seen.add(key);
      next += 4 + length;
    }
    cursor = lane.values.slice(at, at + 8);
    if (cursor.every((byte) => byte === 0)) break;
    if (page === PAGES_MAX) return;
  }
  const missing = present.find((key) => !seen.has(key));
  if (missing !== undefined) violate('linearizable', `a scan misses ${missing}`);
  if (seen.size > present.length) violate('linearizable', 'a scan shows what is not there');
}
