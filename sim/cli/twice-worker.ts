/** A thread that runs one seed twice, as the first thing it does. */
import { parentPort, workerData } from 'node:worker_threads';
import { findMutant } from '../mutants/catalogue.ts';
import type { Divergence } from '../world/trace.ts';
import { loadMutant } from './mutant-loader.ts';
import type { RunSpec } from './report.ts';

export interface TwiceTask {
  readonly seed: string;
  readonly spec: RunSpec;
  readonly mutant: string | null;
  /** The event to watch; null: it is still to be found. */
  readonly watched: Divergence | null;
}

const { seed, spec, mutant, watched } = workerData as TwiceTask;
if (mutant !== null) loadMutant(findMutant(mutant)!);
// Only now: what it loads may be mutated.
const { compareRuns, watchRuns } = await import('./compare-runs.ts');

parentPort!.postMessage(
  watched === null ? compareRuns(seed, spec) : watchRuns(seed, spec, watched),
);
