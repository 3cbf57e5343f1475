/**
 * Judges a mutant: runs seeds until one of them kills it, or all are used up.
 *
 * A kill is a failure by an expected checker that is not trivial, on a seed that the unchanged
 * build passes. Other failures are remembered for the report, and the search goes on.
 */
import { readFileSync } from 'node:fs';
import { isTrivial, type Mutant } from '../mutants/mutant.ts';
import { ROOT } from './core-hash.ts';
import { runApart, runSeeds } from './pool.ts';
import { type RunSpec, type SeedReport, seedAsJson } from './report.ts';

/** A mutant may well make a run endless. */
const SEED_WALL_MS_MAX = 180_000;

export interface MutantReport {
  readonly mutant: string;
  readonly killed: boolean;
  /** Of the kill; else of the first failure that is none, if there was one. */
  readonly seed: number | string | null;
  readonly checker: string | null;
  readonly message: string;
  readonly expected: readonly string[];
  readonly trivial: boolean;
  readonly seedsTried: number;
}

interface Death {
  readonly report: SeedReport;
  readonly trivial: boolean;
}

export async function judgeMutant(
  mutant: Mutant,
  seeds: Iterator<string>,
  options: { readonly spec: RunSpec; readonly jobs: number },
): Promise<MutantReport> {
  const spec = { ...options.spec, world: mutant.world };
  const pool = {
    spec,
    view: 'none' as const,
    jobs: options.jobs,
    mutant: mutant.id,
    seedWallMsMax: SEED_WALL_MS_MAX,
  };
  let seedsTried = 0;
  let other: Death | null = null;
  for await (const report of runSeeds(seeds, pool)) {
    seedsTried++;
    if (report.verdict === 'pass') continue;
    const death = { report, trivial: isTrivial(mutant, report.stack, sourceOf) };
    if (mayKill(mutant, death) && (await passesUnchanged(report.seed, spec))) {
      return answer(mutant, true, death, seedsTried);
    }
    other ??= death;
  }
  return answer(mutant, false, other, seedsTried);
}

function mayKill(mutant: Mutant, { report, trivial }: Death): boolean {
  const isExpected = mutant.expected.some((checker) => checker === report.checker);
  return isExpected && (!trivial || mutant.expected.includes('availability'));
}

async function passesUnchanged(seed: string, spec: RunSpec): Promise<boolean> {
  const { verdict } = await runApart({ seed, spec, view: 'none' }, null);
  return verdict === 'pass';
}

const sourceOf = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

function answer(
  mutant: Mutant,
  killed: boolean,
  death: Death | null,
  seedsTried: number,
): MutantReport {
  const { id, expected } = mutant;
  return {
    mutant: id,
    killed,
    seed: death === null ? null : seedAsJson(death.report.seed),
    checker: death?.report.checker ?? null,
    message: death?.report.message ?? '',
    expected,
    trivial: death?.trivial ?? false,
    seedsTried,
  };
}
