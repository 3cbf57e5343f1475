/** The simulator's command line: what is asked for, or what is wrong with it. */
import { availableParallelism } from 'node:os';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { findMutant, MUTANTS } from '../mutants/catalogue.ts';
import type { Mutant } from '../mutants/mutant.ts';
import { WHOLE_SCHEDULE } from '../run/schedule.ts';
import { SWIM_FAULTS } from '../swim/plan.ts';
import { parseSeed } from '../world/streams.ts';
import { KILLS_FILE, readKills } from './kills.ts';
import type { RunSpec } from './report.ts';
import { readScheduleFile, type ScheduleFile, specOf } from './schedule-file.ts';
import type { SweepName } from './sweep-command.ts';

/** The fault classes of a cluster's run, as its configuration names them. */
export const CLUSTER_FAULTS = ['net', 'disk', 'process', 'clock', 'client', 'admin'] as const;

export interface SeedRange {
  readonly first: bigint;
  readonly last: bigint;
}

export type Task =
  | {
      readonly kind: 'seed';
      readonly seed: string;
      readonly isTwice: boolean;
      readonly traceFile: string | null;
      readonly raftTraceFile: string | null;
      readonly mutant: Mutant | null;
      readonly isTold: boolean;
      readonly isShrunk: boolean;
    }
  | {
      readonly kind: 'seeds';
      readonly range: SeedRange;
      readonly isKeptGoing: boolean;
      readonly isTwice: boolean;
    }
  | {
      readonly kind: 'minutes';
      readonly minutes: number;
      readonly isKeptGoing: boolean;
      readonly isTwice: boolean;
    }
  | {
      readonly kind: 'mutants';
      readonly mutants: readonly Mutant[];
      readonly range: SeedRange;
      /** Seeds that killed before come first. */
      readonly isRecorded: boolean;
      /** What kills is written down. */
      readonly isRecording: boolean;
    }
  | { readonly kind: 'sweep'; readonly sweep: SweepName };

export interface Request {
  readonly task: Task;
  readonly spec: RunSpec;
  readonly jobs: number;
  readonly isJson: boolean;
}

/** What is wrong with the command line. */
export class UsageError extends Error {}

/** Asked for help, and got it. */
export class HelpShown extends Error {}

interface Options {
  readonly seed?: string;
  readonly seeds?: SeedRange;
  readonly minutes?: number;
  readonly jobs?: number;
  readonly keepGoing?: boolean;
  readonly twice?: boolean;
  readonly trace?: string;
  readonly raftTrace?: string;
  readonly nodes?: number;
  readonly groups?: number;
  readonly faults?: readonly string[];
  readonly world: string;
  readonly mutant?: Mutant;
  readonly mutants?: readonly Mutant[];
  readonly recorded?: boolean;
  readonly record?: boolean;
  readonly json?: boolean;
  readonly story?: boolean;
  readonly shrink?: boolean;
  readonly schedule?: ScheduleFile;
  readonly sweep?: SweepName;
}

const MUTANT_SEEDS: SeedRange = { first: 1n, last: 200n };
const JOBS_MAX = 64;

export function parseRequest(args: readonly string[]): Request {
  const options = parseOptions(args);
  const world = options.world;
  if (world !== 'cluster' && world !== 'swim') {
    throw new UsageError(`--world is cluster or swim, not ${world}`);
  }
  const spec: RunSpec = {
    world,
    nodes: options.nodes ?? null,
    groups: options.groups ?? null,
    faults: options.faults ?? null,
    schedule: WHOLE_SCHEDULE,
  };
  checkSpec(spec);
  if (options.schedule !== undefined) return scheduleRequest(options.schedule, options);
  const task = options.sweep === undefined ? taskOf(options) : sweepTask(options.sweep, options);
  const isParallel = task.kind !== 'seed' && task.kind !== 'sweep';
  if (options.jobs !== undefined && !isParallel) throw new UsageError('--jobs needs many seeds');
  const jobs = options.jobs ?? (isParallel ? availableParallelism() : 1);
  return { task, spec, jobs, isJson: options.json === true };
}

function parseOptions(args: readonly string[]): Options {
  const lines: string[] = [];
  const program = newProgram((text) => lines.push(text));
  try {
    return program.parse([...args], { from: 'user' }).opts<Options>();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new HelpShown(lines.join(''));
    throw new UsageError(lines.join('').trimEnd());
  }
}

function newProgram(write: (text: string) => void): Command {
  return new Command('npm run sim --')
    .description('Runs whole clusters in virtual time, drawn from seeds, and judges them.')
    .option('--seed <seed>', 'one run; 0…2^64-1, decimal or 0x…', asSeed)
    .option('--seeds <A..B>', 'many runs; stops at the first failure', asRange)
    .option('--minutes <M>', 'as many runs as fit, with seeds from the clock', asPositive)
    .option('--jobs <J>', 'threads for many seeds; as many as there are cores', asCount)
    .option('--keep-going', 'do not stop at the first failure')
    .option('--twice', 'run each seed twice and report the first event that differs')
    .option('--trace <file>', 'write the events of a run: columns, or JSON lines if named .jsonl')
    .option('--raft-trace <file>', "write Raft's events for an outside judge, as JSON lines")
    .option('--story', 'tell what happened in a run: sentences, columns, a diagram')
    .option('--shrink', 'make a failure small, and write it down with a test')
    .option('--schedule <file>', 'run what --shrink wrote down', asSchedule)
    .option('--nodes <N>', 'nodes (members, in the world of SWIM)', asCount)
    .option('--groups <G>', 'Raft groups', asCount)
    .option('--faults <a,b>', 'only these classes of faults', (text) => text.split(','))
    .option('--world <name>', 'cluster or swim', 'cluster')
    .option('--mutant <id>', 'with a known bug put back: a seed of it, or a hunt for it', asMutant)
    .option('--mutants <gate|tier1|all>', 'hunts for many bugs and prints a table', asMutants)
    .option('--recorded', 'a hunt tries the seeds first that killed before')
    .option('--record', 'a hunt writes down the seeds that killed')
    .option('--sweep <loss|slow>', 'SWIM: how often it is wrong, and how soon right', asSweep)
    .option('--json', 'the last line is one JSON object')
    .addHelpText('after', '\n--history FILE.jsonl judges a recorded history; see --history alone.')
    .allowExcessArguments(false)
    .showSuggestionAfterError()
    .configureOutput({ writeOut: write, writeErr: write })
    .exitOverride();
}

function taskOf(options: Options): Task {
  const { seed, seeds, minutes, mutant, mutants } = options;
  const isKeptGoing = options.keepGoing === true;
  const modes = [seed, minutes, mutants].filter((mode) => mode !== undefined).length;
  const isHunt = mutants !== undefined || (mutant !== undefined && seed === undefined);
  if (modes > 1 || (seeds !== undefined && (seed ?? minutes) !== undefined)) {
    throw new UsageError('one of --seed, --seeds, --minutes and --mutants, not several');
  }
  const isTwice = options.twice === true;
  if (seed === undefined && viewsOf(options).length > Number(isTwice && !isHunt)) {
    throw new UsageError(`${VIEWS} are for one --seed; --twice for many, too, without a mutant`);
  }
  if (isKeptGoing && (isHunt || seed !== undefined)) {
    throw new UsageError('--keep-going is for --seeds and --minutes');
  }
  if (mutant !== undefined && (minutes ?? mutants) !== undefined) {
    throw new UsageError('--mutant goes with --seed or --seeds');
  }
  if (isHunt) {
    const range = seeds ?? MUTANT_SEEDS;
    const kept = { isRecorded: options.recorded === true, isRecording: options.record === true };
    return { kind: 'mutants', mutants: mutants ?? [mutant!], range, ...kept };
  }
  if ((options.recorded ?? options.record) !== undefined) {
    throw new UsageError('--recorded and --record are for hunts: --mutant or --mutants');
  }
  if (seed !== undefined) return seedTask(seed, options);
  if (seeds !== undefined) return { kind: 'seeds', range: seeds, isKeptGoing, isTwice };
  if (minutes !== undefined) return { kind: 'minutes', minutes, isKeptGoing, isTwice };
  throw new UsageError('nothing to do: name a --seed, --seeds or --minutes (--help says more)');
}

/** A file says all but who looks on, and which bug is put back. */
function scheduleRequest(file: ScheduleFile, options: Options): Request {
  const { seed, seeds, minutes, mutants, nodes, groups, faults } = options;
  const others = [seed, seeds, minutes, mutants, nodes, groups, faults];
  if (others.some((other) => other !== undefined)) {
    throw new UsageError('--schedule says what is run: no seeds, nodes, groups or faults with it');
  }
  const task = seedTask(file.seed, options);
  return { task, spec: specOf(file), jobs: 1, isJson: options.json === true };
}

function seedTask(seed: string, options: Options): Task {
  const { twice, trace, raftTrace, mutant, story, shrink } = options;
  if (viewsOf(options).length > 1) throw new UsageError(`one of ${VIEWS}`);
  if ((shrink ?? raftTrace) !== undefined && options.world !== 'cluster') {
    throw new UsageError('--shrink and --raft-trace are for clusters');
  }
  if ((trace ?? raftTrace) !== undefined && mutant !== undefined) {
    throw new UsageError('--trace and --raft-trace show the sources as they are: no --mutant');
  }
  return {
    kind: 'seed',
    seed,
    isTwice: twice === true,
    traceFile: trace ?? null,
    raftTraceFile: raftTrace ?? null,
    mutant: mutant ?? null,
    isTold: story === true,
    isShrunk: shrink === true,
  };
}

const VIEWS = '--twice, --trace, --raft-trace, --story and --shrink';

/** Ways to look at one run; each wants it for itself. */
function viewsOf({ twice, trace, raftTrace, story, shrink }: Options): readonly unknown[] {
  return [twice, trace, raftTrace, story, shrink].filter((view) => view !== undefined);
}

/** Its seeds and sizes are fixed, so that tables can be compared. */
function sweepTask(sweep: SweepName, options: Options): Task {
  const { seed, seeds, minutes, mutant, mutants, groups, faults, world } = options;
  const others = [seed, seeds, minutes, mutant, mutants, groups, faults];
  if (world !== 'swim') throw new UsageError('--sweep is for --world swim');
  if (others.some((other) => other !== undefined)) {
    throw new UsageError('--sweep goes with --nodes and --json only');
  }
  return { kind: 'sweep', sweep };
}

function checkSpec({ world, nodes, groups, faults }: RunSpec): void {
  const known: readonly string[] = world === 'swim' ? SWIM_FAULTS : CLUSTER_FAULTS;
  for (const name of faults ?? []) {
    if (!known.includes(name)) throw new UsageError(`no class of faults ${name}: ${known.join()}`);
  }
  const [nodesMin, nodesMax] = world === 'swim' ? [3, 100] : [1, 7];
  if (nodes !== null && (nodes < nodesMin || nodes > nodesMax)) {
    throw new UsageError(`--nodes is ${nodesMin} to ${nodesMax} in this world`);
  }
  if (groups !== null && world === 'swim') throw new UsageError('SWIM knows no groups');
  if (groups !== null && groups > 64) throw new UsageError('--groups is 64 at most');
}

function asSeed(text: string): string {
  const seed = parseSeed(text);
  if (seed === null) throw new InvalidArgumentError('A seed is 0…2^64-1, decimal or 0x….');
  return seed;
}

function asRange(text: string): SeedRange {
  const match = /^(\w+)\.\.(\w+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Seeds are given as A..B.');
  const first = BigInt(asSeed(match[1]!));
  const last = BigInt(asSeed(match[2]!));
  if (last < first) throw new InvalidArgumentError('The range is empty.');
  return { first, last };
}

function asCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > JOBS_MAX * 2) {
    throw new InvalidArgumentError('A small whole number is wanted.');
  }
  return count;
}

function asPositive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Not a time.');
  return value;
}

function asSchedule(text: string): ScheduleFile {
  try {
    return readScheduleFile(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function asMutant(text: string): Mutant {
  const mutant = findMutant(text);
  if (mutant === null) throw new InvalidArgumentError(`There is no mutant ${text}.`);
  return mutant;
}

function asSweep(text: string): SweepName {
  if (text === 'loss' || text === 'slow') return text;
  throw new InvalidArgumentError('It is loss or slow.');
}

function asMutants(text: string): readonly Mutant[] {
  if (text === 'all') return MUTANTS;
  const first = MUTANTS.filter(({ tier }) => tier === 1);
  if (text === 'tier1') return first;
  // What was killed once must be killed for ever.
  if (text === 'gate') return first.filter(({ id }) => readKills(KILLS_FILE).has(id));
  throw new InvalidArgumentError('It is gate, tier1 or all.');
}
