/**
 * What rounds of a comparison mean: which of them count, their ratios, and whether that is enough.
 *
 * 1. Ratios are of runs in one round, which saw much the same machine; figures of different rounds are
 *    never divided by each other.
 * 2. A round that was disturbed is thrown out as a whole, with its reason, whatever it says.
 * 3. There are at most three times as many rounds as wanted. Fewer good ones than wanted: inconclusive.
 * Pure; the measuring is in rounds.ts.
 */
import { median } from '../table.ts';

/** Requests a second by `server.operation`, as in `three.get`; null: was not measured. */
export type Figures = Readonly<Record<string, number | null>>;

/** What went on beside the servers and clients of a round, as shares of all cores' time. */
export interface Surroundings {
  /** What the hypervisor gave to others. */
  readonly stealShare: number;
  /** What processes that are no part of this took. */
  readonly foreignShare: number;
}

export interface Round {
  readonly figures: Figures;
  readonly surroundings: Surroundings;
  /** Null: it counts. */
  readonly disturbance: string | null;
}

export interface Spread {
  readonly lowest: number;
  readonly highest: number;
}

export interface Verdict {
  readonly isConclusive: boolean;
  /** Medians over the rounds that count; null: nobody to compare with. */
  readonly ratios: Readonly<Record<string, number | null>>;
  readonly spread: Readonly<Record<string, Spread | null>>;
  readonly discarded: number;
}

/** Name, and what is divided by what. Others read the names. */
export const RATIOS: readonly (readonly [string, string, string])[] = [
  ['get.redis', 'three.get', 'redis.get'],
  ['put.redis', 'three.put', 'redis.put'],
  ['get.etcd', 'three.get', 'etcd.get'],
  ['put.etcd', 'three.put', 'etcd.put'],
  ['single.get.redis', 'single.get', 'redis.get'],
  ['single.put.redis', 'single.put', 'redis.put'],
  ['durable.strict', 'three.put', 'three.put-strict'],
];

export const STEAL_SHARE_MAX = 0.05;
/** The kernel's own threads count as strangers, since nobody says for whom they work. */
export const FOREIGN_SHARE_MAX = 0.2;
/** An etcd that does less with 512 requests in flight is starved, whoever does it. */
export const ETCD_PUTS_MIN = 4000;
const ROUNDS_FACTOR_MAX = 3;

/** Why a round does not count; null: it does. */
export function disturbanceOf(figures: Figures, surroundings: Surroundings): string | null {
  const { stealShare, foreignShare } = surroundings;
  const etcdPuts = figures['etcd.put'] ?? null;
  if (stealShare > STEAL_SHARE_MAX) return `the hypervisor took ${percent(stealShare)}`;
  if (foreignShare > FOREIGN_SHARE_MAX) return `other processes took ${percent(foreignShare)}`;
  if (etcdPuts !== null && etcdPuts < ETCD_PUTS_MIN) return `etcd did ${etcdPuts} PUTs a second`;
  return null;
}

const percent = (share: number): string => `${Math.round(100 * share)} % of the machine`;

export function isFinished(rounds: readonly Round[], wanted: number): boolean {
  return goodOf(rounds).length >= wanted || rounds.length >= wanted * ROUNDS_FACTOR_MAX;
}

export function verdictOf(rounds: readonly Round[], wanted: number): Verdict {
  const good = goodOf(rounds);
  const series = RATIOS.map(([name, above, below]) => {
    const each = good.map(({ figures }) => ratio(figures, above, below));
    return [name, each.filter((one) => one !== null)] as const;
  });
  return {
    isConclusive: good.length >= wanted,
    ratios: Object.fromEntries(
      series.map(([name, each]) => [name, each.length === 0 ? null : median(each)]),
    ),
    spread: Object.fromEntries(series.map(([name, each]) => [name, spreadOf(each)])),
    discarded: rounds.length - good.length,
  };
}

const goodOf = (rounds: readonly Round[]): readonly Round[] =>
  rounds.filter(({ disturbance }) => disturbance === null);

function ratio(figures: Figures, above: string, below: string): number | null {
  const [left, right] = [figures[above] ?? null, figures[below] ?? null];
  return left === null || right === null || right === 0 ? null : left / right;
}

function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  return { lowest: Math.min(...values), highest: Math.max(...values) };
}
