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
  /** Whether the report brings the run's story. */
  readonly isTold: boolean;
}

const { mutant } = workerData as WorkerTask;
if (mutant !== null) loadMutant(findMutant(mutant)!);
// Only now: what it loads may be mutated.
const { NOBODY_LOOKS, runOne } = await import('./run-one.ts');
const { tellRun } = await import('./tell.ts');

parentPort!.on('message', ({ seed, spec, isTold }: WorkerOrder) => {
  parentPort!.postMessage(isTold ? tellRun(seed, spec) : runOne(seed, spec, NOBODY_LOOKS));
});
