/**
 * Whether what is still to be seen can still be made.
 *
 * An operation that needs a visible value can be placed only if the key shows that value, or if
 * an operation that is not yet placed, and was called before this one returned, makes it: outright,
 * or out of a value of which the same holds. A configuration in which that fails is dead, however
 * much of the tree hangs below it. Asked about are the first operations that need anything, and
 * the first that needs what the last change has covered up. With one writer per value, this tells
 * at once that a write was placed too early.
 *
 * It errs on the side of life: it does not notice that one operation is counted on twice.
 */
import { FRONT, fixedWords, isPlaced, STATE, spentOf, spentWords } from './configuration.ts';
import type { Plan } from './plan.ts';
import { ANY, OBSERVATION } from './table.ts';

/** How many of the next operations with a need are asked about. */
const NEEDERS_ASKED = 2;
/** How many values are looked at for one of them before it gets the benefit of the doubt. */
const VALUES_ASKED = 64;

/** Who can make one value. */
interface Makers {
  /** Operations that returned, in that order, and numbers of sorts. */
  readonly returned: number[];
  readonly sorts: number[];
}

const NO_MAKERS: Makers = { returned: [], sorts: [] };

export class Supply<Call> {
  readonly #plan: Plan<Call>;
  readonly #spentAt: number;
  /** By value: the operations that need it, in the order of returns. */
  readonly #needers = new Map<number, number[]>();
  /** By value: who makes it outright. By call: who makes values out of others. */
  readonly #outright = new Map<number, Makers>();
  readonly #growing = new Map<number, Makers>();
  /** By front: the first operation from there on that needs a value. */
  readonly #nextNeeder: Int32Array;
  #asked = 0;
  /** Values looked at so far, over all questions: work, as a step of the search is. */
  work = 0;

  constructor(plan: Plan<Call>) {
    this.#plan = plan;
    this.#spentAt = fixedWords(plan);
    const { frontCount, needs, makes, kind, call } = plan.table;
    this.#nextNeeder = new Int32Array(frontCount + 1).fill(frontCount);
    for (let index = 0; index < frontCount; index++) {
      if (needs[index] !== ANY) this.#neederList(needs[index]!).push(index);
      if (kind[index] === OBSERVATION) continue;
      this.#makers(makes[index]!, call[index]!).returned.push(index);
    }
    plan.sorts.forEach((sort, number) => {
      this.#makers(sort.makes, sort.call).sorts.push(number);
    });
    for (let index = frontCount - 1; index >= 0; index--) {
      this.#nextNeeder[index] = needs[index] === ANY ? this.#nextNeeder[index + 1]! : index;
    }
  }

  #neederList(value: number): number[] {
    let list = this.#needers.get(value);
    if (list === undefined) {
      list = [];
      this.#needers.set(value, list);
    }
    return list;
  }

  #makers(made: number, call: number): Makers {
    const lists = made === ANY ? this.#growing : this.#outright;
    const key = made === ANY ? call : made;
    let makers = lists.get(key);
    if (makers === undefined) {
      makers = { returned: [], sorts: [] };
      lists.set(key, makers);
    }
    return makers;
  }

  /** The first operation that needs what nobody could have made when it returned; -1: none. */
  orphan(): number {
    const { frontCount } = this.#plan.table;
    const row = new Int32Array(this.#spentAt + spentWords(this.#plan));
    row[STATE] = this.#plan.initialState;
    let needer = this.#nextNeeder[0]!;
    while (needer < frontCount) {
      if (!this.#isServed(row, needer)) return needer;
      needer = this.#nextNeeder[needer + 1]!;
    }
    return -1;
  }

  /** Whether `row`, just entered from a state that showed `covered`, may lead anywhere. */
  isViable(row: Int32Array, covered: number): boolean {
    const { frontCount } = this.#plan.table;
    let needer = this.#nextNeeder[row[FRONT]!]!;
    for (let asked = 0; needer < frontCount && asked < NEEDERS_ASKED; ) {
      if (!this.#isSettled(row, needer)) {
        if (!this.#isServed(row, needer)) return false;
        asked++;
      }
      needer = this.#nextNeeder[needer + 1]!;
    }
    if (this.#plan.table.transitions.visible(row[STATE]!) === covered) return true;
    const deprived = this.#firstNeederOf(row, covered);
    return deprived < 0 || this.#isServed(row, deprived);
  }

  #firstNeederOf(row: Int32Array, value: number): number {
    const needers = this.#needers.get(value);
    if (needers === undefined) return -1;
    for (let at = firstFrom(needers, row[FRONT]!); at < needers.length; at++) {
      if (!this.#isSettled(row, needers[at]!)) return needers[at]!;
    }
    return -1;
  }

  /** Whether an operation at or after the front is placed. */
  #isSettled(row: Int32Array, index: number): boolean {
    const { table, slot } = this.#plan;
    return table.opens[index]! <= row[FRONT]! && isPlaced(row, slot[index]!);
  }

  #isServed(row: Int32Array, needer: number): boolean {
    this.#asked = 0;
    return this.#isMakeable(row, needer, this.#plan.table.needs[needer]!);
  }

  #isMakeable(row: Int32Array, needer: number, value: number): boolean {
    const { transitions, growths } = this.#plan.table;
    if (transitions.visible(row[STATE]!) === value) return true;
    if (this.#isAnyLeft(row, needer, this.#outright.get(value) ?? NO_MAKERS)) return true;
    if (growths.isNone) return false;
    this.work++;
    if (++this.#asked > VALUES_ASKED) return true;
    for (const { call, sources } of growths.of(value)) {
      if (!this.#isAnyLeft(row, needer, this.#growing.get(call) ?? NO_MAKERS)) continue;
      for (const source of sources) if (this.#isMakeable(row, needer, source)) return true;
    }
    return false;
  }

  /** Whether one of `makers`, other than `needer`, may still be placed before it. */
  #isAnyLeft(row: Int32Array, needer: number, { returned, sorts }: Makers): boolean {
    for (const sort of sorts) {
      const next = this.#plan.sorts[sort]!.opens[spentOf(row, this.#spentAt, sort)];
      if (next !== undefined && next <= needer) return true;
    }
    // What is open when the needer returns stands in its row, in the order of returns.
    const { changes, table } = this.#plan;
    const end = changes.starts[needer + 1]!;
    const last = end > changes.starts[needer]! ? changes.items[end - 1]! : needer;
    for (let at = firstFrom(returned, row[FRONT]!); at < returned.length; at++) {
      const index = returned[at]!;
      if (index > last) return false;
      if (index === needer || table.opens[index]! > needer) continue;
      if (!this.#isSettled(row, index)) return true;
    }
    return false;
  }
}

/** The position of the first item at or above `least`. */
function firstFrom(ascending: readonly number[], least: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
