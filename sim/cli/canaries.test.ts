/** Runs that must fail: one for each way in which a failure is reported, down to the exit code. */
import { expect, test } from 'vitest';
import { parseRequest } from './arguments.ts';
import { obey } from './commands.ts';

interface Told {
  readonly exitCode: number;
  readonly text: string;
  readonly json: { readonly verdict: string; readonly checker: string | null };
}

async function run(seed: number, canary: string): Promise<Told> {
  const lines: string[] = [];
  const request = parseRequest(['--seed', `${seed}`, '--mutant', canary, '--json']);
  const { exitCode, json } = await obey(request, (line) => lines.push(line));
  return { exitCode, text: lines.join('\n'), json: JSON.parse(JSON.stringify(json)) };
}

/** The first of a few seeds that does not pass: some do too little to meet what was changed. */
async function fail(canary: string): Promise<Told> {
  for (let seed = 2; seed < 8; seed++) {
    const told = await run(seed, canary);
    if (told.json.verdict !== 'pass') return told;
  }
  throw new Error(`${canary} does not sing`);
}

test.each([
  ['an assertion', 'canary', /^election-safety$/, 'the canary sings'],
  ['an online check', 'canary-online', /^effect-order$/, 'is acknowledged'],
  ["the clients' oracle", 'canary-oracle', /^(client-oracle|program-order)$/, 'lost'],
  ['the linearizability checker', 'canary-linearizable', /^linearizable$/, 'key n'],
  ['the end of the calm', 'canary-liveness', /^liveness$/, 'the nodes do not converge'],
  ['the world of SWIM', 'canary-swim', /^swim-/, 'seed'],
  ['the wall', 'canary-wall', /^internal$/, 'Math.random was used'],
])(
  'a failure seen by %s is a violation: exit 10',
  async (_, canary, checker, said) => {
    const { exitCode, text, json } = await fail(canary);
    expect(exitCode).toBe(10);
    expect(json.verdict).toBe('violation');
    expect(json.checker).toMatch(checker);
    expect(text).toContain(said);
    expect(text).toContain(`--mutant ${canary}`);
  },
  120_000,
);

test('a run that shows nothing is undecided: exit 11', async () => {
  const { exitCode, text, json } = await fail('canary-undecided');
  expect(exitCode).toBe(11);
  expect(json).toMatchObject({ verdict: 'undecided', checker: null });
  expect(text).toContain('too little has happened');
}, 120_000);
