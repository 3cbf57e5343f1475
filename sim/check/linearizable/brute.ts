/**
 * The definition of linearizability, tried out: every order of every subset. For histories of a
 * few operations, to judge the real checker by; it shares nothing with it but the model.
 */
import { type Model, type Operation, type State, UNKNOWN } from './model.ts';

/** One key; exponential in the number of operations. */
export function isLinearizable<Call>(
  history: readonly Operation<Call>[],
  model: Model<Call>,
): boolean {
  return canPlace(history, model, model.initial);
}

function canPlace<Call>(
  left: readonly Operation<Call>[],
  model: Model<Call>,
  state: State,
): boolean {
  if (left.every((operation) => operation.returnAt === UNKNOWN)) return true;
  return left.some((operation, index) => {
    if (left.some((other) => other.returnAt < operation.callAt)) return false;
    const { next, result } = model.apply(state, operation.call);
    if (operation.returnAt !== UNKNOWN && result !== operation.result) return false;
    const rest = [...left.slice(0, index), ...left.slice(index + 1)];
    return canPlace(rest, model, next);
  });
}
