/** What each kind of request does. Each answers the exit code and what `--json` prints. */
import type { Mutant } from '../mutants/mutant.ts';
import { TraceRecorder } from '../world/trace.ts';
import { type Answer, EXIT, exitOf, type Print, seedJson } from './answer.ts';
import type { Request, SeedRange, Task } from './arguments.ts';
import { Coverage } from './coverage.ts';
import { judgeMutant, type MutantReport } from './judge-mutant.ts';
import { KILLS_FILE, readKills, seedsBehind, withKill, writeKills } from './kills.ts';
import { runApart, runSeeds } from './pool.ts';
import { failureLine, failureText, inSeconds, passLine, TABLE_HEAD, tableRow } from './print.ts';
import { Progress } from './progress.ts';
import { RaftTraceFile } from './raft-trace-file.ts';
import { type RunSpec, type SeedReport, seedAsJson } from './report.ts';
import type * as RunOne from './run-one.ts';
import { shrinkSeed } from './shrink-command.ts';
import { writeTrace } from './trace-file.ts';
import { runTwice, tellTwice } from './twice.ts';

type TaskOf<Kind extends Task['kind']> = Extract<Task, { readonly kind: Kind }>;

/** `killsFile`: where hunts look for seeds, and write them down, if they are told to. */
export async function obey(
  request: Request,
  print: Print,
  killsFile = KILLS_FILE,
): Promise<Answer> {
  const { task } = request;
  switch (task.kind) {
    case 'seed':
      return oneSeed(task, request, print);
    case 'seeds':
      return manySeeds(seedsOf(task.range), task, request, print);
    case 'minutes':
      return manySeeds(seedsFor(task.minutes), task, request, print);
    case 'mutants':
      return hunt(task, request, { print, killsFile });
    case 'sweep':
      return (await import('./sweep-command.ts')).sweep(task.sweep, request.spec.nodes, print);
  }
}

function* seedsOf({ first, last }: SeedRange): Generator<string> {
  for (let seed = first; seed <= last; seed++) yield seed.toString();
}

/** New seeds until the time is over; at least one. */
function* seedsFor(minutes: number): Generator<string> {
  const endMs = Date.now() + minutes * 60_000;
  let seed = BigInt(Date.now()) * 100_000n;
  do yield (seed++).toString();
  while (Date.now() < endMs);
}

async function oneSeed(task: TaskOf<'seed'>, request: Request, print: Print): Promise<Answer> {
  const { seed, isTwice, mutant } = task;
  const { spec } = request;
  if (isTwice) {
    const id = mutant?.id ?? null;
    const asked = { spec: inWorldOf(mutant, spec), mutant: id };
    return tellTwice(await runTwice(seed, asked.spec, id), asked, print);
  }
  if (task.isShrunk) return shrinkSeed(task, request, print);
  const report = await reportOf(task, spec);
  const isPassed = report.verdict === 'pass';
  print(isPassed ? passLine(report) : failureText(report, spec, mutant?.id ?? null));
  for (const line of report.story) print(line);
  return { exitCode: exitOf(report), json: seedJson(report) };
}

/** A bug of one world shows in that world only. */
const inWorldOf = (mutant: Mutant | null, spec: RunSpec): RunSpec => ({
  ...spec,
  world: mutant?.world ?? spec.world,
});

/** Everything that is simulated: whoever hands seeds to threads does without, and is there sooner. */
const loadRuns = (): Promise<typeof RunOne> => import('./run-one.ts');

async function reportOf(task: TaskOf<'seed'>, spec: RunSpec): Promise<SeedReport> {
  const { seed, traceFile, raftTraceFile, mutant, isTold } = task;
  if (mutant !== null || isTold) {
    return runApart(
      {
        seed,
        spec: inWorldOf(mutant, spec),
        view: isTold ? ('story' as const) : ('none' as const),
      },
      mutant?.id ?? null,
    );
  }
  const { NOBODY_LOOKS, runOne } = await loadRuns();
  if (raftTraceFile !== null) return runTraced(seed, spec, raftTraceFile);
  if (traceFile === null) return runOne(seed, spec, NOBODY_LOOKS);
  const recorder = new TraceRecorder(Number.POSITIVE_INFINITY);
  const report = runOne(seed, spec, { ...NOBODY_LOOKS, recorder });
  writeTrace(traceFile, recorder);
  return report;
}

async function runTraced(seed: string, spec: RunSpec, path: string): Promise<SeedReport> {
  const { NOBODY_LOOKS, runOne } = await loadRuns();
  const file = new RaftTraceFile(path);
  try {
    const raftTrace: RunOne.Onlookers['raftTrace'] = (timeUs, event) => file.take(timeUs, event);
    return runOne(seed, spec, { ...NOBODY_LOOKS, raftTrace });
  } finally {
    file.close();
  }
}

async function manySeeds(
  seeds: Iterator<string>,
  task: TaskOf<'seeds' | 'minutes'>,
  { spec, jobs }: Request,
  print: Print,
): Promise<Answer> {
  const startedMs = Date.now();
  const progress = new Progress();
  const coverage = new Coverage(spec.world);
  const failed: string[] = [];
  const sums = { simulatedMs: 0, events: 0, operations: 0 };
  let passed = 0;
  let exitCode: number = EXIT.pass;
  const view = task.isTwice ? 'twice' : 'none';
  const pool = { spec, view, jobs, mutant: null, seedWallMsMax: null } as const;
  for await (const report of runSeeds(seeds, pool)) {
    sums.simulatedMs += report.simulatedMs;
    sums.events += report.events;
    sums.operations += report.operations;
    coverage.add(report);
    const isPassed = report.verdict === 'pass';
    if (isPassed) passed++;
    else {
      failed.push(report.seed);
      exitCode = exitCode === EXIT.violation ? exitCode : exitOf(report);
    }
    progress.clear();
    if (!isPassed) print(failureLine(report, spec));
    else if (task.kind === 'minutes') print(passLine(report));
    progress.show(`${passed} passed, ${failed.length} failed, last seed ${report.seed}`);
    if (!isPassed && !task.isKeptGoing) break;
  }
  progress.clear();
  const wallMs = Date.now() - startedMs;
  const size = `${inSeconds(sums.simulatedMs)} simulated in ${inSeconds(wallMs)}`;
  print(`${passed} passed, ${failed.length} failed: ${size}, ${sums.events} events`);
  for (const line of coverage.lines()) print(line);
  const covered = {
    missedProbes: coverage.missed(),
    probes: coverage.counts(),
    stalls: coverage.stalls(),
  };
  return {
    exitCode,
    json: { passed, failed: failed.map(seedAsJson), ...sums, wallMs, ...covered },
  };
}

/** Several mutants side by side, each by itself; one alone gets all the threads. */
async function hunt(
  { mutants, range, isRecorded, isRecording }: TaskOf<'mutants'>,
  { spec, jobs }: Request,
  { print, killsFile }: { readonly print: Print; readonly killsFile: string },
): Promise<Answer> {
  print(TABLE_HEAD);
  const waiting = [...mutants];
  const reports = new Map<string, MutantReport>();
  const threads = mutants.length === 1 ? jobs : 1;
  const known = isRecorded ? readKills(killsFile) : new Map<string, string[]>();
  const huntNext = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const seeds = seedsBehind(known.get(mutant.id) ?? [], seedsOf(range));
      const report = await judgeMutant(mutant, seeds, { spec, jobs: threads });
      reports.set(mutant.id, report);
      // At once: a hunt takes hours, and may be broken off.
      if (isRecording) record(report, killsFile);
      print(tableRow(report));
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, mutants.length) }, huntNext));
  const judged = mutants.map(({ id }) => reports.get(id)!);
  const survivors = judged.filter(({ killed }) => !killed);
  print(`${judged.length - survivors.length} killed, ${survivors.length} survived`);
  const exitCode = survivors.length === 0 ? EXIT.pass : EXIT.violation;
  return { exitCode, json: mutants.length === 1 ? judged[0]! : { mutants: judged } };
}

function record({ mutant, killed, seed }: MutantReport, file: string): void {
  if (killed) writeKills(file, withKill(readKills(file), mutant, `${seed}`));
}
