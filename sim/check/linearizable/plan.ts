/**
 * One key's history, laid out for the search.
 *
 * 1. The search stands at a *front*: the first operation, in the order of returns, that is not yet
 *    placed. Whatever was called before the front returned is a candidate for the next place, and
 *    nothing else is.
 * 2. So an operation is open from the first front whose return is not before its call up to its
 *    own number, and takes a slot for that span: a configuration is a front, a state and one bit a
 *    slot. Slots are as many as operations were ever open at once, however long the history.
 * 3. Operations of unknown outcome stay open for ever. Those that do the same are one *sort*,
 *    spent in the order of their calls.
 */
import { Horizons } from './horizon.ts';
import type { Model, Operation } from './model.ts';
import { OBSERVATION, type Table, tabulate, WRITE } from './table.ts';

/** Rows of a list of lists, back to back: row r is items[starts[r]] … items[starts[r + 1] - 1]. */
export interface Rows {
  readonly starts: Int32Array;
  readonly items: Int32Array;
}

/** Operations of unknown outcome that do the same. */
export interface Sort {
  readonly call: number;
  readonly kind: number;
  /** The visible value it makes, or ANY. */
  readonly makes: number;
  /** Each member's first front, ascending. At most SORT_MEMBERS_MAX. */
  readonly opens: number[];
  /** The members, in that order. */
  readonly operations: number[];
  /** After this front its effect can serve nobody. */
  readonly horizon: number;
}

/** What a counter of memo.ts holds. */
export const SORT_MEMBERS_MAX = 127;

export interface Plan<Call> {
  readonly table: Table<Call>;
  readonly horizons: Horizons;
  readonly initialState: number;
  readonly slot: Int32Array;
  readonly slotCount: number;
  /** Per front: observations that open there; observations open there; the others open there. */
  readonly arriving: Rows;
  readonly observations: Rows;
  readonly changes: Rows;
  readonly sorts: readonly Sort[];
}

export function planKey<Call>(history: readonly Operation<Call>[], model: Model<Call>): Plan<Call> {
  const table = tabulate(history, model);
  const horizons = new Horizons(table);
  const initialState = table.transitions.stateId(model.initial);
  const sorts = sortUnknown(table, horizons, initialState);
  return { table, horizons, initialState, ...layOut(table), sorts };
}

type Layout = Pick<Plan<unknown>, 'slot' | 'slotCount' | 'arriving' | 'observations' | 'changes'>;

/** Walks the fronts once, keeping the operations open at each in the order of their returns. */
function layOut({ frontCount, opens, kind }: Table<unknown>): Layout {
  const opening: number[][] = Array.from({ length: frontCount }, () => []);
  for (let index = 0; index < frontCount; index++) opening[opens[index]!]!.push(index);
  const slot = new Int32Array(frontCount);
  const free: number[] = [];
  let slotCount = 0;
  const arriving = newRows();
  const observations = newRows();
  const changes = newRows();
  let open: number[] = [];
  for (let front = 0; front < frontCount; front++) {
    const fresh = opening[front]!;
    for (const index of fresh) {
      slot[index] = free.pop() ?? slotCount++;
      if (kind[index] === OBSERVATION) arriving.items.push(index);
    }
    if (fresh.length > 0) open = [...open, ...fresh].sort((left, right) => left - right);
    for (const index of open) {
      (kind[index] === OBSERVATION ? observations : changes).items.push(index);
    }
    for (const rows of [arriving, observations, changes]) rows.starts.push(rows.items.length);
    // The front itself is the first to return, so it stands first.
    open.shift();
    free.push(slot[front]!);
  }
  const rows = [arriving, observations, changes].map(pack) as [Rows, Rows, Rows];
  return { slot, slotCount, arriving: rows[0], observations: rows[1], changes: rows[2] };
}

interface GrowingRows {
  readonly starts: number[];
  readonly items: number[];
}

const newRows = (): GrowingRows => ({ starts: [0], items: [] });

const pack = (rows: GrowingRows): Rows => ({
  starts: Int32Array.from(rows.starts),
  items: Int32Array.from(rows.items),
});

/** Leaves out what can serve nobody: an observation, or a change that no later one could need. */
function sortUnknown(table: Table<unknown>, horizons: Horizons, initialState: number): Sort[] {
  const { size, frontCount, opens, call, kind, makes } = table;
  const sorts: Sort[] = [];
  const latest = new Map<string, Sort>();
  for (let index = frontCount; index < size; index++) {
    const horizon = horizons.ofUnknown[index - frontCount]!;
    if (opens[index]! > horizon) continue;
    const name = nameSort(table, horizons, initialState, index);
    let sort = latest.get(name);
    if (sort === undefined || sort.opens.length === SORT_MEMBERS_MAX) {
      sort = {
        call: call[index]!,
        kind: kind[index]!,
        makes: makes[index]!,
        opens: [],
        operations: [],
        horizon,
      };
      latest.set(name, sort);
      sorts.push(sort);
    }
    sort.opens.push(opens[index]!);
    sort.operations.push(index);
  }
  return sorts;
}

/** Equal calls do the same, and so do writes of values that nothing tells at any time. */
function nameSort(
  { transitions, call, kind }: Table<unknown>,
  horizons: Horizons,
  initialState: number,
  index: number,
): string {
  if (kind[index] !== WRITE || horizons.any >= 0) return `call ${call[index]}`;
  const state = transitions.next(initialState, call[index]!);
  if (horizons.of(transitions.visible(state)) >= 0) return `call ${call[index]}`;
  return `write ${transitions.anonymous(state)}`;
}
