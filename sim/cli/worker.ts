/** A thread that runs the seeds it is given, one after another, with or without a mutant. */
import { parentPort, workerData } from 'node:worker_threads';
import { findMutant } from '../mutants/catalogue.ts';
import { loadMutant } from './mutant-loader.ts';
import type { RunSpec } from './report.ts';

export interface WorkerTask {
  readonly mutant: string | null;
}

export interface WorkerOrder {
  readonly seed: string;
  readonly spec: RunSpec;
  /** What more than its report is wanted of the run. */
  readonly view: 'none' | 'story' | 'twice';
}

const { mutant } = workerData as WorkerTask;
if (mutant !== null) loadMutant(findMutant(mutant)!);
// Only now: what it loads may be mutated.
const { NOBODY_LOOKS, runOne } = await import('./run-one.ts');
const { tellRun } = await import('./tell.ts');
const { runTwiceHere } = await import('./compare-runs.ts');

const WAYS = {
  none: (seed: string, spec: RunSpec) => runOne(seed, spec, NOBODY_LOOKS),
  story: tellRun,
  twice: runTwiceHere,
};

parentPort!.on('message', ({ seed, spec, view }: WorkerOrder) => {
  parentPort!.postMessage(WAYS[view](seed, spec));
});
