/** A thread that runs the seeds it is given, one after another, with or without a mutant. */
import { enableCompileCache, flushCompileCache } from 'node:module';
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
// Each thread loads the sources by itself: out of the cache in half the time.
enableCompileCache();
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

let isCached = false;

parentPort!.on('message', ({ seed, spec, view }: WorkerOrder) => {
  parentPort!.postMessage(WAYS[view](seed, spec));
  // A thread is ended from outside, and then writes nothing down; by now most has been compiled.
  if (!isCached) flushCompileCache();
  isCached = true;
});
