/** The last line of `npm test` is only as true as the tallies that it sums. */
import { describe, expect, test } from 'vitest';

import { type Report, runStage, type Stage } from '../scripts/checks/stage.ts';
import {
  ctestTally,
  mutantsTally,
  simulatorTally,
  vitestTally,
} from '../scripts/checks/tallies.ts';

function stage(script: string, report: Report | null): Stage {
  return { name: 'it', command: [process.execPath, '-e', script], alone: false, report };
}

const simulator: Report = { file: null, tally: simulatorTally };

test('a mutant that was killed is a test that passed', () => {
  const killed = { mutant: 'E01', killed: true };
  const survivor = { mutant: 'E05', killed: false };
  const stdout = `a table\n${JSON.stringify({ mutants: [killed, survivor, killed] })}\n`;
  expect(mutantsTally(stdout)).toEqual({ passed: 2, failed: 1 });
});

describe('a stage', () => {
  test.each([
    ['a tool that is content is one check', 'process.exit(0)', null, 1, 0],
    ['a tool that complains is one failure', 'process.exit(3)', null, 0, 1],
    ['a runner counts its tests', `say({ passed: 5, failed: [] })`, simulator, 5, 0],
    ['failures are counted', `say({ passed: 3, failed: [7, 9] }, 10)`, simulator, 3, 2],
    [
      'an error without a failed test is a failure',
      `say({ passed: 3, failed: [] }, 1)`,
      simulator,
      3,
      1,
    ],
    ['a runner that ran nothing fails', `say({ passed: 0, failed: [] })`, simulator, 0, 1],
    ['a runner without a report fails', 'console.log("done")', simulator, 0, 1],
  ])('%s', async (_claim, script, report, passed, failed) => {
    const say =
      'function say(it, code = 0) { console.log(JSON.stringify(it)); process.exit(code) }';
    const outcome = await runStage(stage(`${say} ${script}`, report));
    expect({ passed: outcome.passed, failed: outcome.failed }).toEqual({ passed, failed });
  });

  test('whose program does not exist fails', async () => {
    const missing: Stage = { name: 'it', command: ['no-such-tool'], alone: false, report: null };
    expect(await runStage(missing)).toMatchObject({ passed: 0, failed: 1 });
  });
});

test('a test file that does not load is one failure', () => {
  const text = JSON.stringify({
    numPassedTests: 4,
    numFailedTests: 1,
    testResults: [
      { status: 'passed', assertionResults: [{ status: 'passed' }] },
      { status: 'failed', assertionResults: [{ status: 'failed' }] },
      { status: 'failed', assertionResults: [] },
    ],
  });
  expect(vitestTally(text)).toEqual({ passed: 4, failed: 2 });
});

test('the summaries of several builds of the native helper are summed', () => {
  const summary = (failed: number, all: number): string =>
    `\n${100}% tests passed, ${failed} tests failed out of ${all}\n\nTotal Test time (real) = 1 sec\n`;
  expect(ctestTally(`${summary(0, 7)}${summary(2, 7)}`)).toEqual({ passed: 12, failed: 2 });
  expect(ctestTally('nothing was built')).toEqual({ passed: 0, failed: 0 });
});
