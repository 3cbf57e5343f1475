/** What many seeds together answer when some of them fail; their runs are made up. */
import { afterEach, expect, test, vi } from 'vitest';
import { parseRequest } from './arguments.ts';
import { obey } from './commands.ts';
import { reportWithoutRun, type SeedReport } from './report.ts';

const verdicts = new Map<string, SeedReport['verdict']>();

vi.mock('./pool.ts', () => ({
  runSeeds: async function* (seeds: Iterator<string>) {
    for (let next = seeds.next(); next.done !== true; next = seeds.next()) {
      const verdict = verdicts.get(next.value) ?? 'pass';
      const report = reportWithoutRun(next.value, 'undecided', 'made up');
      yield { ...report, verdict, checker: verdict === 'violation' ? 'liveness' : null };
    }
  },
}));

afterEach(() => verdicts.clear());

async function sim(...args: readonly string[]) {
  const lines: string[] = [];
  const answer = await obey(parseRequest(['--seeds', '1..6', ...args]), (line) => lines.push(line));
  return { ...answer, text: lines.join('\n') };
}

test('all pass: exit 0', async () => {
  const { exitCode, json } = await sim();
  expect(exitCode).toBe(0);
  expect(json).toMatchObject({ passed: 6, failed: [] });
});

test('the first failure ends it: exit 10, the seed, the checker and how to see it again', async () => {
  verdicts.set('3', 'violation').set('5', 'violation');
  const { exitCode, json, text } = await sim();
  expect(exitCode).toBe(10);
  expect(json).toMatchObject({ passed: 2, failed: [3] });
  expect(text).toContain('seed 3  liveness');
  expect(text).toContain('npm run sim -- --seed 3');
});

test('--keep-going goes on, and lists all that failed', async () => {
  verdicts.set('3', 'violation').set('5', 'violation');
  const { exitCode, json } = await sim('--keep-going');
  expect(exitCode).toBe(10);
  expect(json).toMatchObject({ passed: 4, failed: [3, 5] });
});

test('an undecided run is no pass: exit 11, unless another is a violation', async () => {
  verdicts.set('2', 'undecided');
  expect((await sim('--keep-going')).exitCode).toBe(11);
  verdicts.set('4', 'violation');
  expect((await sim('--keep-going')).exitCode).toBe(10);
  verdicts.set('6', 'undecided');
  const { exitCode, json } = await sim('--keep-going');
  expect(exitCode).toBe(10);
  expect(json).toMatchObject({ passed: 3, failed: [2, 4, 6] });
});

test('--twice is for many seeds as well, and not with --story', async () => {
  expect((await sim('--twice')).json).toMatchObject({ passed: 6 });
  await expect(sim('--twice', '--story')).rejects.toThrow('for one --seed');
});
