/**
 * One key's states and calls as small integers, and what each call does in each state.
 *
 * The model is asked once per (state, call); the rest of the search compares integers.
 */
import type { Model, State } from './model.ts';

export class Transitions<Call> {
  readonly #model: Model<Call>;
  readonly #states: State[] = [];
  readonly #stateIds = new Map<State, number>();
  readonly #visible: number[] = [];
  readonly #anonymous: number[] = [];
  readonly #texts: (string | null)[] = [];
  readonly #textIds = new Map<string | null, number>();
  readonly #calls: Call[] = [];
  readonly #callIds = new Map<string, number>();
  readonly #outcomeIds = new Map<number, number>();
  readonly #nextStates: number[] = [];
  readonly #results: number[] = [];

  constructor(model: Model<Call>) {
    this.#model = model;
  }

  get callCount(): number {
    return this.#calls.length;
  }

  stateId(state: State): number {
    const known = this.#stateIds.get(state);
    if (known !== undefined) return known;
    const id = this.#states.length;
    this.#states.push(state);
    this.#stateIds.set(state, id);
    this.#visible.push(this.textId(this.#model.visible(state)));
    return id;
  }

  /** Results and visible values share one numbering. */
  textId(text: string | null): number {
    const known = this.#textIds.get(text);
    if (known !== undefined) return known;
    const id = this.#texts.length;
    this.#texts.push(text);
    this.#textIds.set(text, id);
    return id;
  }

  text(id: number): string | null {
    return this.#texts[id]!;
  }

  /** All calls are to be named before the first `next`: the cache is keyed by their number. */
  callId(call: Call): number {
    const name = this.#model.describe(call);
    const known = this.#callIds.get(name);
    if (known !== undefined) return known;
    const id = this.#calls.length;
    this.#calls.push(call);
    this.#callIds.set(name, id);
    return id;
  }

  call(id: number): Call {
    return this.#calls[id]!;
  }

  visible(state: number): number {
    return this.#visible[state]!;
  }

  /** The same state with an anonymous value. */
  anonymous(state: number): number {
    const known = this.#anonymous[state];
    if (known !== undefined) return known;
    const id = this.stateId(this.#model.anonymous(this.#states[state]!));
    this.#anonymous[state] = id;
    return id;
  }

  /** The state after `call` in `state`, whatever it answers. */
  next(state: number, call: number): number {
    return this.#nextStates[this.#outcome(state, call)]!;
  }

  /** What `call` in `state` answers. */
  result(state: number, call: number): number {
    return this.#results[this.#outcome(state, call)]!;
  }

  #outcome(state: number, call: number): number {
    const slot = state * this.#calls.length + call;
    const known = this.#outcomeIds.get(slot);
    if (known !== undefined) return known;
    const { next, result } = this.#model.apply(this.#states[state]!, this.#calls[call]!);
    const id = this.#nextStates.length;
    this.#nextStates.push(this.stateId(next));
    this.#results.push(this.textId(result));
    this.#outcomeIds.set(slot, id);
    return id;
  }
}
