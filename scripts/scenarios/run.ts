/** Runs the tests of scenarios in a process of their own, with a known bug in the sources or none. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { literalOf, ROOT, type Scenario } from './index.ts';

/** A bug may well make a test endless. */
const WALL_MS_MAX = 300_000;
const VITEST = fileURLToPath(new URL('node_modules/vitest/vitest.mjs', ROOT));

/** What became of a scenario's tests; `missing`: there is none of that title. */
export type Outcome = 'passes' | 'fails' | 'missing' | 'endless';

interface Result {
  readonly file: string;
  readonly name: string;
  readonly hasPassed: boolean;
}

/** Outcomes in the order of `scenarios`. */
export function runScenarios(scenarios: readonly Scenario[], mutant: string | null): Outcome[] {
  const results = runTests(scenarios, mutant);
  if (results === null) return scenarios.map(() => 'endless');
  return scenarios.map(({ file, title }) => {
    const own = results.filter((it) => it.file === file && it.name.includes(literalOf(title)));
    if (own.length === 0) return 'missing';
    return own.every(({ hasPassed }) => hasPassed) ? 'passes' : 'fails';
  });
}

/** Null: it came to no end. */
function runTests(scenarios: readonly Scenario[], mutant: string | null): Result[] | null {
  const folder = mkdtempSync(join(tmpdir(), 'scenarios-'));
  const report = join(folder, 'report.json');
  const files = [...new Set(scenarios.map(({ file }) => file))];
  const pattern = scenarios.map(({ title }) => escaped(literalOf(title))).join('|');
  const reporting = ['--reporter=json', `--outputFile=${report}`];
  const { error } = spawnSync(
    process.execPath,
    [VITEST, 'run', ...files, '-t', pattern, ...reporting],
    {
      cwd: fileURLToPath(ROOT),
      env: { ...process.env, MUTANT: mutant ?? '' },
      stdio: 'ignore',
      timeout: WALL_MS_MAX,
      killSignal: 'SIGKILL',
    },
  );
  try {
    return error === undefined ? readReport(report) : null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

function readReport(report: string): Result[] {
  const root = fileURLToPath(ROOT);
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as VitestReport;
  return testResults.flatMap(({ name: file, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ fullName, status }) => ({
        file: file.slice(root.length),
        name: fullName,
        hasPassed: status === 'passed',
      })),
  );
}
