/**
 * Judges a history of many keys: each key on its own (linearizability is local).
 *
 * 1. Every key is first given a small budget, then the undecided ones the full one: a key that is
 *    hard must not hide one that is plainly wrong.
 * 2. `unknown` means that the budget ran out; it is never a verdict about the history.
 * 3. Nothing here reads a clock: the caller's `expired` does, or counts.
 */
import { explain, explainOrphan } from './explain.ts';
import type { Model, Operation } from './model.ts';
import { planKey } from './plan.ts';
import { type Limits, Search } from './search.ts';
import { Supply } from './supply.ts';

export type { Limits } from './search.ts';

export interface Verdict {
  readonly verdict: 'linearizable' | 'not-linearizable' | 'unknown';
  /** The key that decided it; null if all keys are linearizable. */
  readonly key: string | null;
  /** For a reader: how far a linearization gets and what cannot be placed. Empty if none needed. */
  readonly detail: string;
  /** Configurations looked at, over all keys. */
  readonly steps: number;
}

export const DEFAULT_LIMITS: Limits = {
  stepsMax: 5_000_000,
  configurationsMax: 2_000_000,
  expired: () => false,
};

const QUICK_STEPS = 20_000;

export function checkLinearizable<Call>(
  history: readonly Operation<Call>[],
  model: Model<Call>,
  limits: Limits,
): Verdict {
  const byKey = splitByKey(history);
  const quick: Limits = { ...limits, stepsMax: Math.min(QUICK_STEPS, limits.stepsMax) };
  let keys = [...byKey.keys()];
  let steps = 0;
  let detail = '';
  for (const budget of quick.stepsMax < limits.stepsMax ? [quick, limits] : [limits]) {
    const undecided: string[] = [];
    for (const key of keys) {
      const judged = checkKey(byKey.get(key)!, model, budget);
      steps += judged.steps;
      if (judged.verdict === 'not-linearizable') return { ...judged, key, steps };
      if (judged.verdict === 'linearizable') continue;
      if (undecided.length === 0) detail = judged.detail;
      undecided.push(key);
    }
    keys = undecided;
  }
  const key = keys[0];
  if (key === undefined) return { verdict: 'linearizable', key: null, detail: '', steps };
  return { verdict: 'unknown', key, detail, steps };
}

export function splitByKey<Call>(
  history: readonly Operation<Call>[],
): Map<string, Operation<Call>[]> {
  const byKey = new Map<string, Operation<Call>[]>();
  for (const operation of history) {
    const operations = byKey.get(operation.key);
    if (operations === undefined) byKey.set(operation.key, [operation]);
    else operations.push(operation);
  }
  return byKey;
}

/**
 * The operations must be of one key.
 *
 * To explain a failure the search is run once more, up to the farthest front that it reached: it
 * is deterministic, so it stops where it first got there, and no run keeps paths to be told later.
 */
export function checkKey<Call>(
  history: readonly Operation<Call>[],
  model: Model<Call>,
  limits: Limits,
): Omit<Verdict, 'key'> {
  const plan = planKey(history, model);
  const supply = new Supply(plan);
  const orphan = supply.orphan();
  if (orphan >= 0) {
    return { verdict: 'not-linearizable', detail: explainOrphan(plan, orphan, model), steps: 0 };
  }
  const search = new Search(plan, supply);
  const { frontCount } = plan.table;
  const ending = search.run(frontCount, limits);
  const { steps, farthest } = search;
  if (ending === 'reached') return { verdict: 'linearizable', detail: '', steps };
  if (ending === 'gave-up') {
    const detail = `undecided after ${steps} configurations; ${farthest} of ${frontCount} placed`;
    return { verdict: 'unknown', detail, steps };
  }
  const path = new Search(plan, supply);
  path.run(farthest, { ...limits, expired: () => false });
  const detail = explain({ plan, farthest, moves: path.moves, model });
  return { verdict: 'not-linearizable', detail, steps };
}
