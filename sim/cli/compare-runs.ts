/**
 * Runs a seed twice, one run after the other in one thread, so that whatever the first leaves behind
 * in a module meets the second. Loading this module loads everything that can be mutated.
 *
 * 1. The first time both are recorded and compared, event by event.
 * 2. The second time, in a new thread that repeats the first from the beginning, the event that
 *    differed is watched: who scheduled it in each run, and the first thing that it decided otherwise.
 */
import { Scheduler } from '../world/scheduler.ts';
import { type Divergence, firstDivergence, TraceRecorder } from '../world/trace.ts';
import type { RunSpec, SeedReport } from './report.ts';
import { NOBODY_LOOKS, runOne } from './run-one.ts';

export interface Comparison {
  readonly report: SeedReport;
  readonly divergence: Divergence | null;
}

/** Of one run: stacks as text; null where there is none to tell. */
export interface Sighting {
  readonly scheduledBy: string | null;
  /** Where the event first noted another word than in the other run. */
  readonly decidedBy: string | null;
}

interface Note {
  readonly word: number;
  /** Made into text only for the one that is told. */
  readonly error: Error;
}

interface Watch {
  scheduledBy: string | null;
  readonly notes: Note[];
}

/** Of the runner itself nobody needs to read. */
const FRAMES_MAX = 12;

export function compareRuns(seed: string, spec: RunSpec): Comparison {
  const [left, right] = [newRecorder(), newRecorder()];
  const report = runOne(seed, spec, { ...NOBODY_LOOKS, recorder: left });
  runOne(seed, spec, { ...NOBODY_LOOKS, recorder: right });
  return { report, divergence: firstDivergence(left, right) };
}

/** The same as a report, of a thread that has run other seeds before: no stacks. */
export function runTwiceHere(seed: string, spec: RunSpec): SeedReport {
  const { report, divergence } = compareRuns(seed, spec);
  if (divergence === null || report.verdict !== 'pass') return report;
  const message = `the second run differs from event ${divergence.event} on (--twice shows both)`;
  return { ...report, verdict: 'violation', checker: 'internal', message };
}

const newRecorder = (): TraceRecorder => new TraceRecorder(Number.POSITIVE_INFINITY);

export function watchRuns(seed: string, spec: RunSpec, divergence: Divergence): Sighting[] {
  const { event, left, right } = divergence;
  const watches = [left, right].map((row) =>
    watchRun(seed, spec, { event, sequence: row?.sequence ?? -1 }),
  );
  const [one, other] = watches as [Watch, Watch];
  const at = one.notes.findIndex(({ word }, n) => word !== other.notes[n]?.word);
  const isShorter = at < 0 && one.notes.length < other.notes.length;
  const differing = isShorter ? one.notes.length : at;
  return watches.map(({ scheduledBy, notes }) => ({
    scheduledBy,
    decidedBy: framesOf(notes[differing]?.error.stack ?? null),
  }));
}

function watchRun(
  seed: string,
  spec: RunSpec,
  { event, sequence }: { readonly event: number; readonly sequence: number },
): Watch {
  const { at, note } = Scheduler.prototype;
  const watch: Watch = { scheduledBy: null, notes: [] };
  // A run makes its scheduler itself: what all schedulers do is where it shows.
  Scheduler.prototype.at = function watched(this: Scheduler, ...scheduled): void {
    this.watchedSequence = sequence;
    at.apply(this, scheduled);
    watch.scheduledBy ??= framesOf(this.watchedStack);
  };
  Scheduler.prototype.note = function watched(this: Scheduler, word): void {
    note.call(this, word);
    if (this.events() === event) watch.notes.push({ word, error: new Error('noted') });
  };
  try {
    runOne(seed, spec, NOBODY_LOOKS);
  } finally {
    Scheduler.prototype.at = at;
    Scheduler.prototype.note = note;
  }
  return watch;
}

/** Without the watcher's own frames, and without the way into the run. */
function framesOf(stack: string | null): string | null {
  if (stack === null) return null;
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  const told = frames.filter((line) => !/compare-runs\.ts|world\/scheduler\.ts/.test(line));
  return told.slice(0, FRAMES_MAX).join('\n');
}
