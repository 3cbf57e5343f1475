/** How each test runner reports: its output in, the numbers of passed and failed tests out. */
import type { Tally } from './stage.ts';

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** vitest's JSON reporter. A file that does not even load has no tests, and is one failure. */
export function vitestTally(text: string): Tally {
  const report: VitestReport = JSON.parse(text);
  const broken = report.testResults.filter(
    (file) =>
      file.status === 'failed' &&
      !file.assertionResults.some((assertion) => assertion.status === 'failed'),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
}

/** The simulator's `--seeds A..B --json`: its last line is one object, each seed is one test. */
export function simulatorTally(stdout: string): Tally {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const report: { passed: number; failed: readonly unknown[] } = JSON.parse(last);
  return { passed: report.passed, failed: report.failed.length };
}

/** The simulator's `--mutants … --json`: each mutant is one test, and passes when it is killed. */
export function mutantsTally(stdout: string): Tally {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const { mutants }: { mutants: readonly { readonly killed: boolean }[] } = JSON.parse(last);
  const passed = mutants.filter(({ killed }) => killed).length;
  return { passed, failed: mutants.length - passed };
}

/** CTest's summaries, one a build: "90% tests passed, 1 tests failed out of 10". */
export function ctestTally(stdout: string): Tally {
  const summaries = [...stdout.matchAll(/tests passed, (\d+) tests failed out of (\d+)/g)];
  const failed = summaries.reduce((sum, found) => sum + Number(found[1]), 0);
  const all = summaries.reduce((sum, found) => sum + Number(found[2]), 0);
  return { passed: all - failed, failed };
}
