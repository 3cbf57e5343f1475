/**
 * Wing and Gong's search for a linearization of one key, with Lowe's memory of configurations.
 *
 * Depth first: at a front, place one operation that was called before the front returned, until
 * the front itself is placed and the next one comes. A configuration seen before, or one that can
 * do no more than one seen before, is not entered twice. What keeps the tree small:
 *
 * 1. An observation is placed as soon as the state agrees with it: it changes nothing, so no
 *    later place is better. The search branches on changes only.
 * 2. Of open operations that would do the same only the first to return is tried: the others
 *    could stand in its place, but it could not wait in theirs. Unknown ones come after all.
 * 3. States with values that no one left can tell are one state, with an anonymous value.
 * 4. A write of such a value is placed right before the next write, if no one left can tell even
 *    that the key was there.
 * 5. A configuration in which something needed can no longer be made is not entered (supply.ts).
 * 6. Unknown operations are tried last, and only if they change the state; they are counted, not
 *    named, and a configuration that spent fewer dominates (memo.ts).
 *
 * Wing & Gong, "Testing and verifying concurrent objects" (1993); Lowe, "Testing for
 * linearizability" (2017). It does not look for the shortest counter-example: explain.ts says how
 * far a linearization gets.
 */
import {
  clearPlaced,
  FRONT,
  fixedWords,
  isPlaced,
  markPlaced,
  STATE,
  spend,
  spentOf,
  spentWords,
} from './configuration.ts';
import { Memo } from './memo.ts';
import type { Plan, Rows } from './plan.ts';
import type { Supply } from './supply.ts';
import { ANY, OBSERVATION, WRITE } from './table.ts';

export interface Limits {
  /** How many configurations, and values on the way to what is needed, may be looked at. */
  readonly stepsMax: number;
  /** How many may be remembered for one key; bounds the memory. */
  readonly configurationsMax: number;
  /** Asked every 1,024 steps; true ends the search undecided. */
  readonly expired: () => boolean;
}

export type Ending = 'reached' | 'exhausted' | 'gave-up';

export class Search<Call> {
  readonly #plan: Plan<Call>;
  readonly #supply: Supply<Call>;
  readonly #spentAt: number;
  readonly #width: number;
  readonly #memo: Memo;
  /** The path from the root: a configuration a level, and the move that led to it. */
  #path: Int32Array;
  #moves: Int32Array;
  #depth = 0;
  readonly #row: Int32Array;
  /** Branches not yet taken: the level they leave from, the move, the state after it. */
  readonly #levels: number[] = [];
  readonly #pending: number[] = [];
  readonly #states: number[] = [];
  /** By call, and by state that a write leaves: the last branching that offered it. */
  readonly #offeredCall: Int32Array;
  readonly #offeredState: number[] = [];
  #branching = 0;
  #farthest = 0;
  #steps = 0;

  constructor(plan: Plan<Call>, supply: Supply<Call>) {
    this.#plan = plan;
    this.#supply = supply;
    this.#spentAt = fixedWords(plan);
    this.#width = this.#spentAt + spentWords(plan);
    this.#memo = new Memo(this.#spentAt, spentWords(plan));
    this.#path = new Int32Array(16 * this.#width);
    this.#moves = new Int32Array(16);
    this.#row = new Int32Array(this.#width);
    this.#offeredCall = new Int32Array(plan.table.transitions.callCount);
  }

  /** The first front that no linearization found so far has passed. */
  get farthest(): number {
    return this.#farthest;
  }

  get steps(): number {
    return this.#steps;
  }

  /** The changes on the path found, in order: an operation's number, or -1 - a sort's. */
  get moves(): Int32Array {
    return this.#moves.subarray(1, this.#depth);
  }

  /** Looks for a way to place all that returned before front `goal` did. To be called once. */
  run(goal: number, limits: Limits): Ending {
    const row = this.#row;
    row[STATE] = this.#plan.initialState;
    this.#settle();
    this.#enter(0, 0);
    while (this.#farthest < goal) {
      const level = this.#levels.pop();
      if (level === undefined) return 'exhausted';
      if (this.#steps + this.#supply.work >= limits.stepsMax) return 'gave-up';
      if (this.#memo.count >= limits.configurationsMax) return 'gave-up';
      if ((++this.#steps & 1023) === 0 && limits.expired()) return 'gave-up';
      const move = this.#pending.pop()!;
      row.set(this.#path.subarray(level * this.#width, (level + 1) * this.#width));
      const covered = this.#plan.table.transitions.visible(row[STATE]!);
      this.#place(move, this.#states.pop()!);
      this.#farthest = Math.max(this.#farthest, row[FRONT]!);
      const hasReached = this.#farthest >= goal;
      if (hasReached || (this.#supply.isViable(row, covered) && this.#memo.add(row))) {
        this.#enter(level + 1, move);
      }
    }
    return 'reached';
  }

  /** Makes the configuration at hand level `level` of the path and lists its branches. */
  #enter(level: number, move: number): void {
    if (level === this.#moves.length) this.#lengthen();
    this.#path.set(this.#row, level * this.#width);
    this.#moves[level] = move;
    this.#depth = level + 1;
    this.#farthest = Math.max(this.#farthest, this.#row[FRONT]!);
    if (this.#row[FRONT]! < this.#plan.table.frontCount) this.#branch(level);
  }

  #lengthen(): void {
    const path = new Int32Array(this.#path.length * 2);
    path.set(this.#path);
    this.#path = path;
    const moves = new Int32Array(this.#moves.length * 2);
    moves.set(this.#moves);
    this.#moves = moves;
  }

  #branch(level: number): void {
    this.#branching++;
    const first = this.#pending.length;
    this.#offerReturned(level);
    this.#offerUnknown(level);
    // Branches leave from the end: turn them round, and take first what lets the front pass.
    reverseFrom(this.#pending, first);
    reverseFrom(this.#states, first);
    const front = this.#row[FRONT]!;
    if (this.#plan.table.kind[front] !== OBSERVATION) return;
    const last = this.#pending.length - 1;
    for (let at = last; at >= first; at--) {
      if (!this.#agrees(front, this.#states[at]!)) continue;
      swap(this.#pending, at, last);
      swap(this.#states, at, last);
      return;
    }
  }

  #offerReturned(level: number): void {
    const { changes, slot, table } = this.#plan;
    const front = this.#row[FRONT]!;
    const end = changes.starts[front + 1]!;
    for (let at = changes.starts[front]!; at < end; at++) {
      const index = changes.items[at]!;
      if (isPlaced(this.#row, slot[index]!)) continue;
      if (!this.#answers(index, this.#row[STATE]!)) continue;
      this.#offer(level, index, table.kind[index]!, table.call[index]!);
    }
  }

  #offerUnknown(level: number): void {
    const { sorts } = this.#plan;
    const front = this.#row[FRONT]!;
    for (let number = 0; number < sorts.length; number++) {
      const sort = sorts[number]!;
      if (sort.horizon < front) continue;
      const spent = spentOf(this.#row, this.#spentAt, number);
      if (spent === sort.opens.length || sort.opens[spent]! > front) continue;
      this.#offer(level, -1 - number, sort.kind, sort.call);
    }
  }

  /** Lists a branch, unless one that does the same stands in this list already. */
  #offer(level: number, move: number, kind: number, call: number): void {
    const state = this.#row[STATE]!;
    const next = this.#canonical(this.#after(state, kind, call), this.#row[FRONT]!);
    if (move < 0 && next === state) return;
    if (kind === WRITE) {
      if (this.#offeredState[next] === this.#branching) return;
      this.#offeredState[next] = this.#branching;
    } else {
      if (this.#offeredCall[call] === this.#branching) return;
      this.#offeredCall[call] = this.#branching;
    }
    this.#levels.push(level);
    this.#pending.push(move);
    this.#states.push(next);
  }

  /** A write does not ask what it overwrites, so any state will do. */
  #after(state: number, kind: number, call: number): number {
    const from = kind === WRITE ? this.#plan.initialState : state;
    return this.#plan.table.transitions.next(from, call);
  }

  /** Whether the call of `index` in `state` answers what it was seen to answer. */
  #answers(index: number, state: number): boolean {
    const { transitions, kind, call, result } = this.#plan.table;
    return kind[index] === WRITE || transitions.result(state, call[index]!) === result[index];
  }

  /** Whether an observation holds in `state`. */
  #agrees(index: number, state: number): boolean {
    const { transitions, needs } = this.#plan.table;
    const needed = needs[index]!;
    if (needed !== ANY && transitions.visible(state) !== needed) return false;
    return this.#answers(index, state);
  }

  #canonical(state: number, front: number): number {
    const { horizons, table } = this.#plan;
    if (horizons.any >= front || horizons.of(table.transitions.visible(state)) >= front) {
      return state;
    }
    return table.transitions.anonymous(state);
  }

  #place(move: number, next: number): void {
    const { table, sorts, slot } = this.#plan;
    const kind = move >= 0 ? table.kind[move]! : sorts[-1 - move]!.kind;
    if (kind === WRITE) this.#hideWrites();
    if (move >= 0) markPlaced(this.#row, slot[move]!);
    else spend(this.#row, this.#spentAt, -1 - move);
    this.#row[STATE] = next;
    this.#settle();
  }

  /** Places every open write of which nobody left can tell, right before the next write. */
  #hideWrites(): void {
    const { changes, table, slot, horizons } = this.#plan;
    const front = this.#row[FRONT]!;
    if (horizons.any >= front || horizons.presence >= front) return;
    const end = changes.starts[front + 1]!;
    for (let at = changes.starts[front]!; at < end; at++) {
      const index = changes.items[at]!;
      if (table.kind[index] !== WRITE) continue;
      if (horizons.of(table.makes[index]!) < front) markPlaced(this.#row, slot[index]!);
    }
  }

  /** Places the observations that agree with the state; moves the front past what is placed. */
  #settle(): void {
    const { observations, arriving, slot, table } = this.#plan;
    const row = this.#row;
    let front = row[FRONT]!;
    this.#observe(observations, front);
    while (front < table.frontCount && isPlaced(row, slot[front]!)) {
      clearPlaced(row, slot[front]!);
      front++;
      this.#observe(arriving, front);
    }
    row[FRONT] = front;
    row[STATE] = this.#canonical(row[STATE]!, front);
  }

  #observe(rows: Rows, front: number): void {
    if (front >= this.#plan.table.frontCount) return;
    const end = rows.starts[front + 1]!;
    for (let at = rows.starts[front]!; at < end; at++) {
      const index = rows.items[at]!;
      if (this.#agrees(index, this.#row[STATE]!)) markPlaced(this.#row, this.#plan.slot[index]!);
    }
  }
}

function reverseFrom(items: number[], first: number): void {
  for (let left = first, right = items.length - 1; left < right; left++, right--) {
    swap(items, left, right);
  }
}

function swap(items: number[], left: number, right: number): void {
  const item = items[left]!;
  items[left] = items[right]!;
  items[right] = item;
}
