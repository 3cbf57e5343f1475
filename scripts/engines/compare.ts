/** Whether engines agree: every answer but the time it took, seed by seed. */
import type { EngineAnswer } from './simulator.ts';

export interface EngineAnswers {
  readonly engine: string;
  readonly answers: readonly EngineAnswer[];
}

export interface Comparison {
  readonly seed: string;
  readonly world: string;
  /** In the order of the engines; null: that engine has no answer. */
  readonly answers: readonly (EngineAnswer | null)[];
  readonly agrees: boolean;
}

export function compareAnswers(engines: readonly EngineAnswers[]): Comparison[] {
  const [first] = engines;
  return (first?.answers ?? []).map(({ seed, world }) => {
    const answers = engines.map((engine) => answerTo(engine, seed, world));
    const told = new Set(answers.map(withoutTime));
    return { seed, world, answers, agrees: told.size === 1 };
  });
}

function answerTo({ answers }: EngineAnswers, seed: string, world: string): EngineAnswer | null {
  return answers.find((answer) => answer.seed === seed && answer.world === world) ?? null;
}

const withoutTime = (answer: EngineAnswer | null): string =>
  answer === null ? 'none' : JSON.stringify({ ...answer, wallMs: 0 });

/** A line for each seed, and below those that differ a line for each engine. */
export function comparisonLines(
  comparisons: readonly Comparison[],
  engines: readonly string[],
): string[] {
  return comparisons.flatMap(({ seed, world, answers, agrees }) => {
    const row = `${world.padEnd(8)} ${seed.padEnd(8)}`;
    const ran = answers.map((answer) => `${answer?.wallMs ?? '-'} ms`.padStart(9)).join(' ');
    if (agrees) return [`${row} equal   ${facts(answers[0]!)} ${ran}`];
    const each = answers.map(
      (answer, at) => `         ${engines[at]!.padEnd(24)} ${facts(answer)}`,
    );
    return [`${row} DIFFERS`, ...each];
  });
}

function facts(answer: EngineAnswer | null): string {
  if (answer === null) return 'no answer';
  const { digest, events, verdict, checker, operations, simulatedMs } = answer;
  const size = `${events} events ${operations} operations ${simulatedMs} ms`;
  return `${digest.padEnd(16)} ${(checker ?? verdict).padEnd(8)} ${size.padEnd(40)}`;
}
