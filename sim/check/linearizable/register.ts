/**
 * The neutral register: one value that can be read, written, swapped, appended to and deleted.
 *
 * A value is a canonical text of which only equality matters, except to `append`: a text value
 * is written with a quote mark before it (`textValue`), and appending joins what follows the marks;
 * whatever else it is appended to counts as the text of its spelling. `null` is the absent value.
 */
import type { Effect, Model, Outcome, State } from './model.ts';

export type RegisterCall =
  | { readonly name: 'read' }
  | { readonly name: 'write'; readonly value: State }
  | { readonly name: 'swap'; readonly expected: State; readonly value: State }
  | { readonly name: 'append'; readonly text: string };

/** The result of all that changes the register; a swap that did not hold answers MISMATCH. */
export const DONE = 'done';
export const MISMATCH = 'mismatch';

const MARK = '"';
/** Neither a marked text nor the spelling of anything. */
const ANONYMOUS = '\u0000';

export const textValue = (text: string): string => MARK + text;

export function registerModel(initial: State): Model<RegisterCall> {
  return {
    initial,
    apply,
    effect,
    visible: (state) => state,
    anonymous: () => ANONYMOUS,
    before,
    ending: (call) => (call.name === 'append' ? call.text : ''),
    describe,
    show: showValue,
  };
}

function asText(value: State): string {
  if (value === null) return MARK;
  return value.startsWith(MARK) ? value : textValue(value);
}

function apply(state: State, call: RegisterCall): Outcome {
  switch (call.name) {
    case 'read':
      return { next: state, result: state };
    case 'write':
      return { next: call.value, result: DONE };
    case 'swap':
      return state === call.expected
        ? { next: call.value, result: DONE }
        : { next: state, result: MISMATCH };
    case 'append':
      return { next: asText(state) + call.text, result: DONE };
  }
}

/** What `text` was appended to, to make `value`. */
function before(call: RegisterCall, value: State): readonly State[] {
  if (call.name !== 'append' || call.text === '') return [];
  if (value === null || !value.startsWith(MARK) || !value.endsWith(call.text)) return [];
  const left = value.slice(0, value.length - call.text.length);
  if (left.length < MARK.length) return [];
  return left === MARK ? [left, null] : [left, left.slice(MARK.length)];
}

function effect(call: RegisterCall, result: string | null | undefined): Effect {
  switch (call.name) {
    case 'read':
      return { kind: 'observation', needs: { value: result ?? null }, makes: 'any', tells: [] };
    case 'write':
      return { kind: 'write', needs: 'any', makes: { value: call.value }, tells: [] };
    case 'swap':
      if (result === MISMATCH) {
        return { kind: 'observation', needs: 'any', makes: 'any', tells: [call.expected] };
      }
      return {
        kind: call.expected === call.value ? 'observation' : 'update',
        needs: { value: call.expected },
        makes: { value: call.value },
        tells: [],
      };
    case 'append':
      return { kind: 'update', needs: 'any', makes: 'any', tells: [] };
  }
}

function describe(call: RegisterCall): string {
  switch (call.name) {
    case 'read':
      return 'read';
    case 'write':
      return `write ${showValue(call.value)}`;
    case 'swap':
      return `swap ${showValue(call.expected)} for ${showValue(call.value)}`;
    case 'append':
      return `append ${JSON.stringify(call.text)}`;
  }
}

/** As JSON. */
function showValue(value: State): string {
  if (value === null) return 'null';
  return value.startsWith(MARK) ? JSON.stringify(value.slice(MARK.length)) : value;
}
