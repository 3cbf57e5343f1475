/**
 * One key's operations as columns of integers: those that returned in the order of their returns,
 * then those of unknown outcome in the order of their calls.
 */
import { Growths } from './growths.ts';
import { type Model, type Need, type Operation, UNKNOWN } from './model.ts';
import { Transitions } from './transitions.ts';

export const OBSERVATION = 0;
export const WRITE = 1;
export const UPDATE = 2;

/** In `needs` and `makes`: no one value. */
export const ANY = -1;

export interface Table<Call> {
  readonly operations: readonly Operation<Call>[];
  readonly size: number;
  /** How many returned. */
  readonly frontCount: number;
  readonly transitions: Transitions<Call>;
  readonly kind: Uint8Array;
  /** Numbers of calls, of results, of visible values: see transitions.ts. */
  readonly call: Int32Array;
  readonly result: Int32Array;
  readonly needs: Int32Array;
  readonly makes: Int32Array;
  readonly tells: readonly (readonly (string | null)[] | 'any')[];
  /** The first front whose return is not before the call; frontCount if there is none. */
  readonly opens: Int32Array;
  /** How values come of others. */
  readonly growths: Growths<Call>;
}

const KINDS = { observation: OBSERVATION, write: WRITE, update: UPDATE } as const;

export function tabulate<Call>(
  history: readonly Operation<Call>[],
  model: Model<Call>,
): Table<Call> {
  const operations = inOrder(history);
  const size = operations.length;
  const frontCount = operations.filter((operation) => operation.returnAt !== UNKNOWN).length;
  const transitions = new Transitions(model);
  const numberOf = (need: Need) => (need === 'any' ? ANY : transitions.textId(need.value));
  const kind = new Uint8Array(size);
  const call = new Int32Array(size);
  const result = new Int32Array(size);
  const needs = new Int32Array(size);
  const makes = new Int32Array(size);
  const opens = new Int32Array(size);
  const tells = operations.map((operation, index) => {
    const isAnswered = index < frontCount;
    const effect = model.effect(operation.call, isAnswered ? operation.result : undefined);
    const isOdd = isAnswered && effect.kind === 'write' && !couldAnswer(operation, model);
    kind[index] = isOdd ? UPDATE : KINDS[effect.kind];
    call[index] = transitions.callId(operation.call);
    result[index] = transitions.textId(operation.result);
    needs[index] = numberOf(effect.needs);
    makes[index] = numberOf(effect.makes);
    opens[index] = firstFront(operations, frontCount, operation.callAt);
    return effect.tells;
  });
  const columns = { kind, call, result, needs, makes, tells, opens };
  const growing = new Set(
    call.filter((_, index) => makes[index] === ANY && kind[index] !== OBSERVATION),
  );
  const growths = new Growths([...growing], transitions, model);
  return { operations, size, frontCount, transitions, ...columns, growths };
}

function inOrder<Call>(history: readonly Operation<Call>[]): Operation<Call>[] {
  const returned = history.filter((operation) => operation.returnAt !== UNKNOWN);
  const unknown = history.filter((operation) => operation.returnAt === UNKNOWN);
  returned.sort((left, right) => left.returnAt - right.returnAt || left.callAt - right.callAt);
  unknown.sort((left, right) => left.callAt - right.callAt);
  return [...returned, ...unknown];
}

/** A write that answered what it never answers fits nowhere: the search must ask the model. */
function couldAnswer<Call>({ call, result }: Operation<Call>, model: Model<Call>): boolean {
  return model.apply(model.initial, call).result === result;
}

function firstFront(
  operations: readonly Operation<unknown>[],
  frontCount: number,
  callAt: number,
): number {
  let low = 0;
  let high = frontCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (operations[middle]!.returnAt < callAt) low = middle + 1;
    else high = middle;
  }
  return low;
}
