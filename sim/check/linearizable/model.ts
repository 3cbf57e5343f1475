/**
 * The vocabulary of the linearizability checker: what happened, and what should have.
 *
 * 1. A history is a list of operations. `callAt` and `returnAt` are positions in real time: an
 *    operation precedes another only if its return is *before* the other's call, so equal
 *    positions are concurrent. Use event numbers, not milliseconds, where both are to be had.
 * 2. `returnAt === UNKNOWN` is an operation whose outcome nobody learnt: it may take effect at any
 *    time after its call, or never; its `result` says nothing.
 * 3. What certainly did not happen is not in the history. A refusal that reveals the state (a
 *    failed compare-and-swap) is in it, as an operation whose result is the refusal.
 * 4. Attempts of one exactly-once command (same session and sequence) are one operation, from the
 *    first call to the first answer that was believed.
 * 5. Keys are independent. An operation on all keys is given once per key, which checks less than
 *    its atomicity.
 */

/** A key's state in canonical form: equal states are equal strings. `null`: the key is absent. */
export type State = string | null;

export const UNKNOWN = Number.POSITIVE_INFINITY;

export interface Operation<Call> {
  /** Who called: for the explanation only; order comes from the positions. */
  readonly process: number | string;
  readonly key: string;
  readonly callAt: number;
  readonly returnAt: number;
  readonly call: Call;
  /** As the model's `apply` would give it. */
  readonly result: string | null;
}

export interface Outcome {
  readonly next: State;
  readonly result: string | null;
}

/**
 * What the search may assume about an operation, to prune what cannot matter. Claiming less than
 * is true is always safe: an `update` that needs, makes and tells `any`.
 */
export interface Effect {
  /**
   * `observation` never changes the state when its result holds. `write` leaves the same next
   * state whatever it finds, and could have answered what it did in any. `update` is all else.
   */
  readonly kind: 'observation' | 'write' | 'update';
  /** The visible value without which it cannot hold, or changes nothing. */
  readonly needs: Need;
  /** The visible value it leaves behind if it changes the state; `any`: see `before`. */
  readonly makes: Need;
  /** Beyond `needs`: the visible values that it tells from an anonymous one. */
  readonly tells: readonly (string | null)[] | 'any';
}

/** One visible value, or any. A visible value is what a read answers: `null` is absent. */
export type Need = { readonly value: string | null } | 'any';

/** A sequential specification. All its functions are pure and total. */
export interface Model<Call> {
  readonly initial: State;
  /** What `call` does and answers in `state`. */
  apply(state: State, call: Call): Outcome;
  /** `result === undefined`: the outcome is unknown. */
  effect(call: Call, result: string | null | undefined): Effect;
  /** What a read answers in `state`. */
  visible(state: State): string | null;
  /**
   * `state` with a value that no history holds. Operations that neither tell the old value nor
   * make one out of it that is needed do the same to both.
   */
  anonymous(state: State): State;
  /**
   * The visible values that `call`, which makes `any`, would turn into `value`; not `value` itself,
   * and none for a call that leaves the visible value alone.
   */
  before(call: Call, value: string | null): readonly (string | null)[];
  /** What every value ends with that `call`, which makes `any`, could make of another one. */
  ending(call: Call): string;
  /** One line, injective: calls with equal text are the same call. */
  describe(call: Call): string;
  /** A result or a visible value, for a reader. */
  show(text: string | null): string;
}
