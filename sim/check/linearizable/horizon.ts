/**
 * How long a value can matter.
 *
 * The horizon of a visible value is the last front at which an operation may still be unplaced
 * that tells this value from others, or one that can be made of it. Beyond it the value is as
 * good as anonymous, so that histories differing in it only are one; and an operation of unknown
 * outcome that makes it need not be tried.
 *
 * An operation of unknown outcome tells values for as long as what it makes is of use: the
 * horizons are the smallest that satisfy these rules, found by going round until nothing moves.
 */
import { ANY, OBSERVATION, type Table, WRITE } from './table.ts';

/** Values that may be told, per operation; beyond it nothing is taken for anonymous. */
const TOLD_MAX_FACTOR = 16;
const TOLD_MAX_LEAST = 1024;

export class Horizons {
  /** The last front at which something can tell each value from any other. */
  any = -1;
  /** The same for an operation that holds in some states and not in others, by what it finds. */
  presence = -1;
  /** By operation of unknown outcome: the last front at which its effect can serve anyone. */
  readonly ofUnknown: Int32Array;
  readonly #table: Table<unknown>;
  /** By the number of a visible value. */
  readonly #told = new Map<number, number>();
  readonly #toldMax: number;
  /** Calls that keep every value from being anonymous themselves: no need to trace theirs. */
  readonly #tellsAny = new Set<number>();

  constructor(table: Table<unknown>) {
    const { frontCount, size } = table;
    this.#table = table;
    this.#toldMax = Math.max(TOLD_MAX_LEAST, TOLD_MAX_FACTOR * size);
    this.ofUnknown = new Int32Array(size - frontCount).fill(-1);
    table.tells.forEach((told, index) => {
      if (told === 'any') this.#tellsAny.add(table.call[index]!);
    });
    // The last first: whoever needs a value already told until later changes nothing.
    for (let index = frontCount - 1; index >= 0; index--) this.#tell(index, index);
    for (let moved = true; moved; ) {
      moved = false;
      for (let index = frontCount; index < size; index++) {
        const horizon = this.#usefulUntil(index);
        if (horizon <= this.ofUnknown[index - frontCount]!) continue;
        this.ofUnknown[index - frontCount] = horizon;
        this.#tell(index, horizon);
        moved = true;
      }
    }
  }

  /** Of the visible value with this number, but for `any`. */
  of(value: number): number {
    return this.#told.get(value) ?? -1;
  }

  /** Operation `index` is there to tell values up to `horizon`. */
  #tell(index: number, horizon: number): void {
    const { needs, tells, kind, transitions } = this.#table;
    const told = tells[index]!;
    if (needs[index] !== ANY) this.#raise(needs[index]!, horizon);
    else if (kind[index] !== WRITE) this.presence = Math.max(this.presence, horizon);
    if (told === 'any') this.any = Math.max(this.any, horizon);
    else for (const text of told) this.#raise(transitions.textId(text), horizon);
  }

  /** Whatever `value` can be made of is told by the same. */
  #raise(value: number, horizon: number): void {
    const { growths } = this.#table;
    const open = [value];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (this.of(next) >= horizon) continue;
      this.#told.set(next, horizon);
      if (this.#told.size > this.#toldMax) this.any = this.#table.frontCount;
      if (this.any >= this.#table.frontCount) return;
      for (const { call, sources } of growths.of(next)) {
        if (!this.#tellsAny.has(call)) open.push(...sources);
      }
    }
  }

  #usefulUntil(index: number): number {
    const { kind, makes, call, growths } = this.#table;
    if (kind[index] === OBSERVATION) return -1;
    let latest = Math.max(this.any, this.presence);
    const made = makes[index]!;
    if (made !== ANY) return Math.max(latest, this.of(made));
    for (const [value, horizon] of this.#told) {
      if (horizon <= latest) continue;
      if (growths.of(value).some((growth) => growth.call === call[index])) latest = horizon;
    }
    return latest;
  }
}
