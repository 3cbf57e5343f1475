/**
 * Runs a list of stages and sums their tallies. The last line, alone: `N passed, N failed`.
 *
 * Usage: node scripts/checks/main.ts [test|core|ci]
 */
import { type Outcome, runStage, type Stage } from './stage.ts';
import { listNames, stagesOf } from './stages.ts';

/** The machine that the time budget is stated for has two cores. */
const STAGES_AT_ONCE = 2;

async function main(): Promise<void> {
  const [asked = 'test'] = process.argv.slice(2);
  const list = listNames.find((name) => name === asked);
  if (list === undefined) {
    process.stderr.write(`unknown list "${asked}"; there are: ${listNames.join(', ')}\n`);
    process.exitCode = 2;
    return;
  }

  const stages = stagesOf(list);
  const shared = stages.filter((stage) => !stage.alone);
  const outcomes = await runSideBySide(shared);
  for (const stage of stages.filter((each) => each.alone)) {
    outcomes.push(await runAndReport(stage));
  }

  const passed = sum(outcomes.map((outcome) => outcome.passed));
  const failed = sum(outcomes.map((outcome) => outcome.failed));
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function runSideBySide(stages: readonly Stage[]): Promise<Outcome[]> {
  const waiting = [...stages];
  const outcomes: Outcome[] = [];
  const worker = async () => {
    for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) {
      outcomes.push(await runAndReport(stage));
    }
  };
  await Promise.all(Array.from({ length: STAGES_AT_ONCE }, worker));
  return outcomes;
}

async function runAndReport(stage: Stage): Promise<Outcome> {
  const outcome = await runStage(stage);
  const mark = outcome.failed === 0 ? 'ok  ' : 'FAIL';
  const figures = stage.report === null ? '' : `${outcome.passed} passed, ${outcome.failed} failed`;
  const seconds = `${outcome.seconds.toFixed(1)} s`.padStart(7);
  process.stdout.write(`${mark} ${stage.name.padEnd(26)} ${seconds}  ${figures}`.trimEnd());
  process.stdout.write('\n');
  if (outcome.failed > 0) process.stdout.write(`${indented(outcome.output)}\n`);
  return outcome;
}

function indented(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '     | ');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

await main();
