/** Asks engines for the same runs, and says whether they agree. */
import { compareAnswers, comparisonLines, type EngineAnswers } from './compare.ts';
import type { Engine } from './engine.ts';
import type { EngineOrder } from './simulator.ts';

export const EXIT = { equal: 0, usage: 2, differs: 10, missing: 12 } as const;

/** An engine, and what it loads. */
export interface Ride {
  readonly engine: Engine;
  readonly module: string;
}

/** One engine after another: each has the machine to itself. */
export async function askAll(
  rides: readonly Ride[],
  orders: readonly EngineOrder[],
): Promise<EngineAnswers[]> {
  const told: EngineAnswers[] = [];
  for (const { engine, module } of rides) {
    told.push({ engine: engine.name, answers: await engine.run(module, orders) });
  }
  return told;
}

/** The table, and the exit code that it ends with. */
export function report(
  told: readonly EngineAnswers[],
  isJson: boolean,
  print: (line: string) => void,
): number {
  const engines = told.map(({ engine }) => engine);
  const runs = compareAnswers(told);
  const differing = runs.filter(({ agrees }) => !agrees);
  const passed = runs.length - differing.length;
  print(`engines  ${engines.join(' | ')}`);
  for (const line of comparisonLines(runs, engines)) print(line);
  print(`${passed} runs equal everywhere, ${differing.length} differ`);
  const failed = differing.map(({ seed, world }) => `${world} ${seed}`);
  if (isJson) print(JSON.stringify({ engines, passed, failed, runs }));
  return differing.length === 0 && passed > 0 ? EXIT.equal : EXIT.differs;
}
