/**
 * `--world swim --sweep loss|slow`: how often SWIM is wrong and how long it takes to be right, with
 * Lifeguard and without, as a table. The seeds are fixed: the same sources, the same table.
 */
import { runTrial, type Trial, type TrialOptions } from '../swim/sweep.ts';
import { type Answer, EXIT, type Print } from './answer.ts';

export type SweepName = 'loss' | 'slow';

const PERIODS = 1_000;
const CRASHES = 5;
const LOSS_MEMBERS = [10, 30, 100];
const LOSS_PERCENTS = [0, 5, 10, 20, 30];
const SLOW_MEMBERS = [3, 5, 10, 20, 50];
const SLOW_SEEDS = ['1', '2', '3'];
const BOTH = [true, false];

interface Row {
  readonly members: number;
  readonly lossPercent: number;
  readonly lifeguard: boolean;
  readonly periods: number;
  readonly suspicions: number;
  readonly falseDeaths: number;
  readonly falseDeathsByHealthy: number;
  /** In periods; null where nothing crashed. */
  readonly firstKnows: number | null;
  readonly lastKnows: number | null;
}

/** `members`: only this size; null: all of the table. */
export function sweep(name: SweepName, members: number | null, print: Print): Answer {
  const columns = name === 'loss' ? LOSS_COLUMNS : SLOW_COLUMNS;
  const sizes = members === null ? sizesOf(name) : [members];
  const rows: Row[] = [];
  print(inCells(columns.map(([title]) => title)));
  for (const row of name === 'loss' ? lossRows(sizes) : slowRows(sizes)) {
    rows.push(row);
    print(inCells(columns.map(([, cell]) => cell(row))));
  }
  return { exitCode: EXIT.pass, json: { sweep: name, rows } };
}

const sizesOf = (name: SweepName): readonly number[] =>
  name === 'loss' ? LOSS_MEMBERS : SLOW_MEMBERS;

function* lossRows(sizes: readonly number[]): Generator<Row> {
  const common = { seed: '1', periods: PERIODS, isOneSlow: false, crashes: CRASHES };
  for (const members of sizes) {
    for (const lossPercent of LOSS_PERCENTS) {
      for (const hasLifeguard of BOTH) {
        const options = { ...common, members, lossPermille: 10 * lossPercent, hasLifeguard };
        yield rowOf(options, [runTrial(options)]);
      }
    }
  }
}

function* slowRows(sizes: readonly number[]): Generator<Row> {
  const common = { periods: PERIODS, lossPermille: 0, isOneSlow: true, crashes: 0 };
  for (const members of sizes) {
    for (const hasLifeguard of BOTH) {
      const options = { ...common, seed: '', members, hasLifeguard };
      const trials = SLOW_SEEDS.map((seed) => runTrial({ ...options, seed }));
      yield rowOf(options, trials);
    }
  }
}

function rowOf(options: TrialOptions, trials: readonly Trial[]): Row {
  const detections = trials.flatMap((trial) => trial.detections);
  const sum = (of: (trial: Trial) => number): number =>
    trials.reduce((total, trial) => total + of(trial), 0);
  return {
    members: options.members,
    lossPercent: options.lossPermille / 10,
    lifeguard: options.hasLifeguard,
    periods: options.periods * trials.length,
    suspicions: sum((trial) => trial.suspicions),
    falseDeaths: sum((trial) => trial.falseDeathsByAll),
    falseDeathsByHealthy: sum((trial) => trial.falseDeathsByHealthy),
    firstKnows: middleOf(detections.map(({ first }) => first)),
    lastKnows: middleOf(detections.map(({ last }) => last)),
  };
}

/** The median; null of nothing. */
function middleOf(values: number[]): number | null {
  const sorted = values.sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

type Column = readonly [string, (row: Row) => string];

const SIZE: Column = ['members', ({ members }) => `${members}`];
const LIFEGUARD: Column = ['lifeguard', ({ lifeguard }) => (lifeguard ? 'on' : 'off')];
const SUSPICIONS: Column = [
  'suspicions/1000',
  ({ suspicions, members, periods }) => ((suspicions * 1_000) / (members * periods)).toFixed(1),
];
const FALSE_DEATHS: Column = ['false deaths', ({ falseDeaths }) => `${falseDeaths}`];

const LOSS_COLUMNS: readonly Column[] = [
  SIZE,
  ['loss', ({ lossPercent }) => `${lossPercent} %`],
  LIFEGUARD,
  SUSPICIONS,
  FALSE_DEATHS,
  ['first knows', ({ firstKnows }) => `${firstKnows}`],
  ['all know', ({ lastKnows }) => `${lastKnows}`],
];

const SLOW_COLUMNS: readonly Column[] = [
  SIZE,
  LIFEGUARD,
  SUSPICIONS,
  FALSE_DEATHS,
  ['by healthy', ({ falseDeathsByHealthy }) => `${falseDeathsByHealthy}`],
];

const CELL_WIDTH = 17;

const inCells = (cells: readonly string[]): string =>
  cells
    .map((cell) => cell.padEnd(CELL_WIDTH))
    .join('')
    .trimEnd();
