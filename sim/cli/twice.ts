/**
 * `--twice`, the determinism check: a seed is run twice, and the first event that differs is named,
 * with the places in the code that scheduled it and that decided in it, run by run.
 *
 * 1. Both runs are in one new thread: nothing ran there before, and all that one run can leave to
 *    the next is met.
 * 2. A leak that is not the same each time may not show again when the event is watched; then there
 *    are no stacks, and the rows alone must do.
 */
import { Worker } from 'node:worker_threads';
import { type Answer, EXIT, exitOf, type Print, seedJson } from './answer.ts';
import type { Comparison, Sighting } from './compare-runs.ts';
import { failureText, passLine } from './print.ts';
import type { RunSpec } from './report.ts';
import type { TwiceTask } from './twice-worker.ts';

export interface TwiceReport extends Comparison {
  /** Run by run; none where the runs agree. */
  readonly sightings: readonly Sighting[];
}

export async function runTwice(
  seed: string,
  spec: RunSpec,
  mutant: string | null,
): Promise<TwiceReport> {
  const task: TwiceTask = { seed, spec, mutant, watched: null };
  const comparison = await inThread<Comparison>(task);
  const { divergence: watched } = comparison;
  if (watched === null) return { ...comparison, sightings: [] };
  return { ...comparison, sightings: await inThread<Sighting[]>({ ...task, watched }) };
}

function inThread<Result>(workerData: TwiceTask): Promise<Result> {
  const worker = new Worker(new URL('./twice-worker.ts', import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}

export function tellTwice(
  { report, divergence, sightings }: TwiceReport,
  { spec, mutant }: { readonly spec: RunSpec; readonly mutant: string | null },
  print: Print,
): Answer {
  const isPassed = report.verdict === 'pass';
  print(isPassed ? passLine(report) : failureText(report, spec, mutant));
  if (divergence === null) {
    print('  twice   the second run was the same, event by event');
    return { exitCode: exitOf(report), json: { ...seedJson(report), twice: 'agrees' } };
  }
  const { event, left, right } = divergence;
  print(`  twice   the runs differ from event ${event} on`);
  [left, right].forEach((row, at) => {
    print(`  run ${at + 1}   ${row === null ? 'had ended' : JSON.stringify(row)}`);
    for (const line of sightingLines(sightings[at]!)) print(line);
  });
  const { timeUs, node } = (left ?? right)!;
  const simulatedMs = Math.floor(timeUs / 1_000);
  const found = { event, simulatedMs, node, stacks: sightings };
  const json = { ...seedJson(report), twice: 'diverges', divergence: found };
  return { exitCode: EXIT.violation, json };
}

function sightingLines({ scheduledBy, decidedBy }: Sighting): string[] {
  if (scheduledBy === null && decidedBy === null) return ['    nobody is known to have caused it'];
  const told = (what: string, stack: string | null): string[] =>
    stack === null ? [] : [`    ${what}`, ...stack.split('\n')];
  return [...told('scheduled by', scheduledBy), ...told('first decided otherwise by', decidedBy)];
}
