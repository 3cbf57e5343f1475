/**
 * What one key of our own store does: the sequential specification of every keyed command.
 *
 * 1. A state is the value and, if the key has one, the deadline: `deadline|value`. Values are
 *    texts; bytes go in as hex or Latin-1, as long as it is always the same.
 * 2. Results are built by the functions below, by whoever translates an answer: `OK`, `NOT_FOUND`,
 *    `refused(current)`, `replaced(old)`, a decimal, or a value (`null`: absent) for `get`.
 * 3. Time is an operation. Existence goes by log time, which clients do not see, so for each
 *    command that may have set a deadline the caller adds one `lapse` of that deadline: called
 *    when log time may first have reached it, and UNKNOWN in outcome, unless it is known by when
 *    the key must be gone. A lapse ends the key if it still has that very deadline.
 * 4. FLUSHALL is a `flush` of each key. TTL and sizes are not modelled: they are read off log
 *    time and the whole table.
 */
import type { Effect, Model, Need, Outcome, State } from './model.ts';

export type Deadline = number | 'keep' | null;

export type StoreCall =
  | { readonly name: 'get' }
  | {
      readonly name: 'put';
      readonly value: string;
      readonly deadline: Deadline;
      readonly condition: 'none' | 'absent' | 'present';
      /** Whether it answers the value that it replaced. */
      readonly returnOld: boolean;
    }
  | { readonly name: 'delete' }
  | {
      readonly name: 'swap';
      readonly expected: string | null;
      readonly value: string;
      readonly deadline: Deadline;
    }
  | { readonly name: 'increment'; readonly by: string }
  | { readonly name: 'append'; readonly value: string }
  | { readonly name: 'expire'; readonly deadline: number }
  | { readonly name: 'persist' }
  | { readonly name: 'flush' }
  | { readonly name: 'lapse'; readonly deadline: number };

export const OK = 'ok';
export const NOT_FOUND = 'not-found';
export const NOT_AN_INTEGER = 'not-an-integer';
export const OUT_OF_RANGE = 'out-of-range';
/** A condition did not hold; the answer shows the current value. */
export const refused = (current: string | null): string => `refused ${JSON.stringify(current)}`;
export const replaced = (old: string | null): string => `replaced ${JSON.stringify(old)}`;

export const storeModel: Model<StoreCall> = {
  initial: null,
  apply,
  effect,
  visible: valueIn,
  anonymous: (state) => (state === null ? null : present(state, ANONYMOUS, 'keep')),
  before,
  ending: (call) => (call.name === 'append' ? call.value : ''),
  describe,
  show: (text) => JSON.stringify(text),
};

/** No integer, and no value that a history holds. */
const ANONYMOUS = '\u0000';

const deadlineIn = (state: State): string =>
  state === null ? '' : state.slice(0, state.indexOf('|'));

function valueIn(state: State): string | null {
  return state === null ? null : state.slice(state.indexOf('|') + 1);
}

/** The state of a key that held `old` and gets `value`. */
function present(old: State, value: string, deadline: Deadline): State {
  if (deadline === 'keep') return `${deadlineIn(old)}|${value}`;
  return `${deadline ?? ''}|${value}`;
}

function apply(state: State, call: StoreCall): Outcome {
  const value = valueIn(state);
  switch (call.name) {
    case 'get':
      return { next: state, result: value };
    case 'put':
      return put(state, call);
    case 'swap':
      if (value !== call.expected) return { next: state, result: refused(value) };
      return { next: present(state, call.value, call.deadline), result: OK };
    case 'increment':
      return increment(state, call.by);
    case 'append':
      return { next: present(state, (value ?? '') + call.value, 'keep'), result: OK };
    case 'delete':
      return { next: null, result: value === null ? NOT_FOUND : OK };
    case 'expire':
      return value === null
        ? { next: null, result: NOT_FOUND }
        : { next: present(state, value, call.deadline), result: OK };
    case 'persist':
      return value === null || deadlineIn(state) === ''
        ? { next: state, result: NOT_FOUND }
        : { next: present(state, value, null), result: OK };
    case 'flush':
      return { next: null, result: OK };
    case 'lapse':
      return { next: deadlineIn(state) === String(call.deadline) ? null : state, result: OK };
  }
}

function put(state: State, call: StoreCall & { name: 'put' }): Outcome {
  const value = valueIn(state);
  const { condition } = call;
  if (condition !== 'none' && (condition === 'absent') !== (value === null)) {
    return { next: state, result: refused(value) };
  }
  const next = present(state, call.value, call.deadline);
  return { next, result: call.returnOld ? replaced(value) : OK };
}

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
const INTEGER = /^(0|-?[1-9]\d{0,18})$/;

function increment(state: State, by: string): Outcome {
  const value = valueIn(state) ?? '0';
  if (!INTEGER.test(value)) return { next: state, result: NOT_AN_INTEGER };
  const sum = BigInt(value) + BigInt(by);
  if (sum < I64_MIN || sum > I64_MAX) return { next: state, result: OUT_OF_RANGE };
  return { next: present(state, String(sum), 'keep'), result: String(sum) };
}

function before(call: StoreCall, value: string | null): readonly (string | null)[] {
  if (value === null) return [];
  if (call.name === 'append') {
    if (!value.endsWith(call.value)) return [];
    const left = value.slice(0, value.length - call.value.length);
    if (left === '') return call.value === '' ? [null] : ['', null];
    return call.value === '' ? [] : [left];
  }
  if (call.name !== 'increment' || !INTEGER.test(value)) return [];
  const left = String(BigInt(value) - BigInt(call.by));
  return left === '0' ? [left, null] : [left];
}

const ABSENT: Need = { value: null };

const observes = (value: string | null): Effect => ({
  kind: 'observation',
  needs: { value },
  makes: 'any',
  tells: [],
});
const updates = (needs: Need, makes: Need): Effect => ({
  kind: 'update',
  needs,
  makes,
  tells: [],
});
const writes = (value: string | null): Effect => ({
  kind: 'write',
  needs: 'any',
  makes: { value },
  tells: [],
});

function effect(call: StoreCall, result: string | null | undefined): Effect {
  switch (call.name) {
    case 'get':
      return observes(result ?? null);
    case 'put':
      return isRefusal(result) ? observes(shown(result)) : effectOfPut(call, result);
    case 'swap':
      if (isRefusal(result)) return observes(shown(result));
      return updates({ value: call.expected }, { value: call.value });
    case 'increment':
      return effectOfIncrement(call.by, result);
    case 'delete':
      if (result === NOT_FOUND) return observes(null);
      return result === undefined ? writes(null) : updates('any', ABSENT);
    case 'flush':
      return writes(null);
    case 'persist':
      if (result !== NOT_FOUND) return updates('any', 'any');
      return { kind: 'observation', needs: 'any', makes: 'any', tells: [] };
    case 'lapse':
      return updates('any', ABSENT);
    case 'expire':
      return result === NOT_FOUND ? observes(null) : updates('any', 'any');
    case 'append':
      return updates('any', 'any');
  }
}

function isRefusal(result: string | null | undefined): result is string {
  return typeof result === 'string' && result.startsWith('refused ');
}

/** The value that a refusal or a replacement shows. */
function shown(result: string): string | null {
  return JSON.parse(result.slice(result.indexOf(' ') + 1));
}

function effectOfPut(
  { value, deadline, condition, returnOld }: StoreCall & { name: 'put' },
  result: string | null | undefined,
): Effect {
  if (returnOld && typeof result === 'string') return updates({ value: shown(result) }, { value });
  if (condition === 'absent') return updates(ABSENT, { value });
  const depends = condition === 'present' || deadline === 'keep';
  return depends ? updates('any', { value }) : writes(value);
}

function effectOfIncrement(by: string, result: string | null | undefined): Effect {
  if (result === NOT_AN_INTEGER || result === OUT_OF_RANGE) {
    return { kind: 'observation', needs: 'any', makes: 'any', tells: 'any' };
  }
  // There is no end to the numbers that it could be made to lead from.
  if (typeof result !== 'string') return { ...updates('any', 'any'), tells: 'any' };
  const before = String(BigInt(result) - BigInt(by));
  if (before !== '0') return updates({ value: before }, { value: result });
  // It may have found nothing, too.
  return { kind: 'update', needs: 'any', makes: { value: result }, tells: ['0'] };
}

function describe(call: StoreCall): string {
  switch (call.name) {
    case 'put':
      return [
        `put ${JSON.stringify(call.value)}`,
        call.deadline === null ? '' : ` deadline ${call.deadline}`,
        call.condition === 'none' ? '' : ` if ${call.condition}`,
        call.returnOld ? ' returning the old' : '',
      ].join('');
    case 'swap': {
      const deadline = call.deadline === null ? '' : ` deadline ${call.deadline}`;
      return `swap ${JSON.stringify(call.expected)} for ${JSON.stringify(call.value)}${deadline}`;
    }
    case 'increment':
      return `increment by ${call.by}`;
    case 'append':
      return `append ${JSON.stringify(call.value)}`;
    case 'expire':
    case 'lapse':
      return `${call.name} at ${call.deadline}`;
    default:
      return call.name;
  }
}
