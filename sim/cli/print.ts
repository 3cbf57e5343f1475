/** What a person reads: one line for what went well, the facts for what did not. */
import type { MutantReport } from './judge-mutant.ts';
import type { RunSpec, SeedReport } from './report.ts';

const STACK_LINES = 8;

/** The command that runs this seed again. */
export function replayCommand(seed: string, spec: RunSpec, mutant: string | null): string {
  const flags = [`--seed ${seed}`];
  if (spec.world !== 'cluster') flags.push(`--world ${spec.world}`);
  if (spec.nodes !== null) flags.push(`--nodes ${spec.nodes}`);
  if (spec.groups !== null) flags.push(`--groups ${spec.groups}`);
  if (spec.faults !== null) flags.push(`--faults ${spec.faults.join()}`);
  if (mutant !== null) flags.push(`--mutant ${mutant}`);
  return `npm run sim -- ${flags.join(' ')}`;
}

/** One line: who failed, by which checker, and how to see it again. */
export function failureLine(report: SeedReport, spec: RunSpec): string {
  const what = report.checker ?? report.verdict;
  return `seed ${report.seed}  ${what}: ${bare(report)}  (${replayCommand(report.seed, spec, null)})`;
}

export function passLine(report: SeedReport): string {
  const { seed, simulatedMs, events, operations, digest, stall } = report;
  const size = `${inSeconds(simulatedMs)} simulated, ${events} events, ${operations} operations`;
  const proof = stall === null ? '' : `\n  stall   ${stall.reason}: ${stall.detail}`;
  return `seed ${seed}  passed: ${size}, digest ${digest}${proof}`;
}

/** Everything that is known about a failed run. */
export function failureText(report: SeedReport, spec: RunSpec, mutant: string | null): string {
  const { seed, checker, verdict, stack, simulatedMs, events, faults } = report;
  const counted = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  const lines = [
    `seed ${seed}  ${checker ?? verdict}: ${bare(report)}`,
    `  after   ${inSeconds(simulatedMs)} simulated, ${events} events`,
    `  faults  ${counted.length === 0 ? 'none' : counted.join(', ')}`,
    `  replay  ${replayCommand(seed, spec, mutant)}`,
  ];
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return [...lines, ...frames.slice(0, STACK_LINES)].join('\n');
}

/** The message without the checker's name, which an assertion puts in front of it. */
export function bare({ checker, message }: SeedReport): string {
  return message.startsWith(`${checker}: `) ? message.slice(`${checker}: `.length) : message;
}

export const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const COLUMNS = [10, 10, 22, 7] as const;

const inColumns = (cells: readonly string[]): string =>
  cells.map((cell, at) => cell.padEnd(COLUMNS[at] ?? 0)).join(' ');

export const TABLE_HEAD = inColumns(['mutant', 'verdict', 'by', 'seeds', 'expected']);

export function tableRow(report: MutantReport): string {
  const { mutant, killed, checker, trivial, seedsTried, expected, seed } = report;
  const by = `${checker ?? '-'}${trivial ? ' (trivial)' : ''}`;
  const verdict = killed ? 'killed' : 'SURVIVED';
  const at = checker === null ? '' : `, seed ${seed}`;
  return inColumns([mutant, verdict, by, String(seedsTried), `${expected.join(' ')}${at}`]);
}
