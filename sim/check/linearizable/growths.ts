/**
 * What makes a value out of another one: the calls, and the values that they would find.
 *
 * Each value is asked about once. A call that makes nothing but what ends with its own text is
 * looked up by the end of the value, so that a key to which a thousand texts were appended does not
 * cost a million comparisons.
 */
import type { Model } from './model.ts';
import type { Transitions } from './transitions.ts';

/** One call that makes a value, and what it makes it out of. */
export interface Growth {
  readonly call: number;
  readonly sources: readonly number[];
}

const NOTHING: readonly Growth[] = [];
/** Characters of an ending that are looked up. */
const TAIL = 4;

export class Growths<Call> {
  readonly #transitions: Transitions<Call>;
  readonly #model: Model<Call>;
  readonly #anyEnding: number[] = [];
  readonly #byTail = new Map<string, number[]>();
  readonly #known = new Map<number, readonly Growth[]>();
  readonly isNone: boolean;

  /** `calls`: the numbers of those that make a value out of the one they find, each once. */
  constructor(calls: readonly number[], transitions: Transitions<Call>, model: Model<Call>) {
    this.#transitions = transitions;
    this.#model = model;
    this.isNone = calls.length === 0;
    for (const call of calls) this.#listFor(model.ending(transitions.call(call))).push(call);
  }

  #listFor(ending: string): number[] {
    if (ending.length < TAIL) return this.#anyEnding;
    const tail = ending.slice(-TAIL);
    const known = this.#byTail.get(tail);
    if (known !== undefined) return known;
    const list: number[] = [];
    this.#byTail.set(tail, list);
    return list;
  }

  /** How the visible value with number `value` may come of another one. */
  of(value: number): readonly Growth[] {
    if (this.isNone) return NOTHING;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const text = this.#transitions.text(value);
    const found: Growth[] = [];
    this.#look(this.#anyEnding, text, found);
    if (text !== null) this.#look(this.#byTail.get(text.slice(-TAIL)) ?? [], text, found);
    this.#known.set(value, found);
    return found;
  }

  #look(calls: readonly number[], text: string | null, found: Growth[]): void {
    for (const call of calls) {
      const sources = this.#model.before(this.#transitions.call(call), text);
      if (sources.length === 0) continue;
      found.push({ call, sources: sources.map((source) => this.#transitions.textId(source)) });
    }
  }
}
