/** A thread that runs the seeds it is given, one after another, with or without a mutant. */
import { parentPort, workerData } from 'node:worker_threads';
import { findMutant } from '../mutants/catalogue.ts';
import { loadMutant } from './mutant-loader.ts';
import type { RunSpec } from './report.ts';

export interface WorkerTask {
  readonly spec: RunSpec;
  readonly mutant: string | null;
}

const { spec, mutant } = workerData as WorkerTask;
if (mutant !== null) loadMutant(findMutant(mutant)!);
// Only now: what it loads may be mutated.
const { runOne } = await import('./run-one.ts');

parentPort!.on('message', (seed: string) => {
  parentPort!.postMessage(runOne(seed, spec, null));
});
