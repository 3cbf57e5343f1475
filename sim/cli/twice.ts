/**
 * The determinism check: a seed is run twice, and the first event that differs is named, with the
 * places in the code that scheduled it in each run.
 */
import { Scheduler } from '../world/scheduler.ts';
import { type Divergence, firstDivergence, TraceRecorder, type TraceRow } from '../world/trace.ts';
import type { RunSpec, SeedReport } from './report.ts';
import { NOBODY_LOOKS, runOne } from './run-one.ts';

export interface TwiceReport {
  readonly report: SeedReport;
  readonly divergence: Divergence | null;
  /** Who scheduled the differing event, run by run; null where there was none. */
  readonly stacks: readonly (string | null)[];
}

export function runTwice(seed: string, spec: RunSpec): TwiceReport {
  const [left, right] = [newRecorder(), newRecorder()];
  const report = runOne(seed, spec, { ...NOBODY_LOOKS, recorder: left });
  runOne(seed, spec, { ...NOBODY_LOOKS, recorder: right });
  const divergence = firstDivergence(left, right);
  if (divergence === null) return { report, divergence, stacks: [] };
  const rows = [divergence.left, divergence.right];
  return { report, divergence, stacks: rows.map((row) => stackBehind(seed, spec, row)) };
}

const newRecorder = (): TraceRecorder => new TraceRecorder(Number.POSITIVE_INFINITY);

/** Runs once more and asks the scheduler who scheduled the event of this row. */
function stackBehind(seed: string, spec: RunSpec, row: TraceRow | null): string | null {
  if (row === null) return null;
  const { at } = Scheduler.prototype;
  let watcher: Scheduler | null = null;
  // A run makes its scheduler itself: the first event scheduled is where it shows.
  Scheduler.prototype.at = function watched(this: Scheduler, ...event): void {
    watcher = this;
    this.watchedSequence = row.sequence;
    at.apply(this, event);
  };
  try {
    runOne(seed, spec, NOBODY_LOOKS);
  } finally {
    Scheduler.prototype.at = at;
  }
  return (watcher as Scheduler | null)?.watchedStack ?? null;
}
