/**
 * Histories made up for judging the checker: linearizable by construction, then perhaps spoilt.
 *
 * Each operation gets a point in time at which it takes effect on the model, and an interval
 * around it; what it answers is what the model answered there. Some outcomes are hidden, and of
 * those some never took effect.
 */
import { type Model, type Operation, UNKNOWN } from './model.ts';

/** A whole number in [0, bound). */
export type Draw = (bound: number) => number;

/** A small generator of our own, for tests and made-up histories only. */
export function newDraw(seed: number): Draw {
  let state = seed | 0;
  return (bound) => {
    state = (state + 0x9e37_79b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % bound;
  };
}

export interface Shape<Call> {
  readonly operations: number;
  /** How many stand open at once, about. */
  readonly width: number;
  /** One in so many outcomes is unknown; 0: none. */
  readonly unknownOneIn: number;
  readonly call: (draw: Draw) => Call;
}

export function makeHistory<Call>(
  model: Model<Call>,
  shape: Shape<Call>,
  draw: Draw,
): Operation<Call>[] {
  const { operations, width, unknownOneIn } = shape;
  const history: Operation<Call>[] = [];
  let state = model.initial;
  for (let index = 0; index < operations; index++) {
    const point = index * 10;
    const call = shape.call(draw);
    const unknown = unknownOneIn > 0 && draw(unknownOneIn) === 0;
    const outcome = model.apply(state, call);
    if (!unknown || draw(2) === 0) state = outcome.next;
    history.push({
      process: index % (width * 2),
      key: 'k',
      callAt: point - draw(width * 10),
      returnAt: unknown ? UNKNOWN : point + draw(width * 10),
      call,
      result: unknown ? null : outcome.result,
    });
  }
  return history;
}

/** Gives one answered operation what it would have answered after a few calls of the others. */
export function spoil<Call>(
  history: readonly Operation<Call>[],
  model: Model<Call>,
  draw: Draw,
): Operation<Call>[] {
  const answered = history.filter((operation) => operation.returnAt !== UNKNOWN);
  const spoilt = answered[draw(Math.max(1, answered.length))];
  if (spoilt === undefined) return [...history];
  let state = model.initial;
  for (let steps = draw(4); steps > 0; steps--) {
    state = model.apply(state, history[draw(history.length)]!.call).next;
  }
  const { result } = model.apply(state, spoilt.call);
  return history.map((operation) => (operation === spoilt ? { ...spoilt, result } : operation));
}
