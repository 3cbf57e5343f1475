import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { traceProblems } from '../../src/node/raft-trace/testing/schema.ts';
import { parseRequest, UsageError } from './arguments.ts';
import { obey } from './commands.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Outcome {
  readonly exitCode: number | null;
  readonly lines: readonly string[];
  readonly json: unknown;
}

/** The command behind the door, without a process of its own. */
async function sim(...args: readonly string[]): Promise<Outcome> {
  const lines: string[] = [];
  const { exitCode, json } = await obey(parseRequest(args), (line) => lines.push(line));
  return { exitCode, lines, json: JSON.parse(JSON.stringify(json)) };
}

/** The SWIM world is quick: it stands for both where the world does not matter. */
const SWIM = ['--world', 'swim', '--nodes', '3'] as const;

describe('the simulator that nobody doubts is one that was seen to fail', () => {
  test('the canary fails its run: exit 10, the checker, the place and the replay', async () => {
    const outcome = await sim('--seed', '1', '--mutant', 'canary');
    expect(outcome.exitCode).toBe(10);
    expect(outcome.json).toMatchObject({ verdict: 'violation', checker: 'election-safety' });
    const text = outcome.lines.join('\n');
    expect(text).toContain('the canary sings');
    expect(text).toContain('npm run sim -- --seed 1 --mutant canary');
    expect(text).toContain('at becomeLeader');
  });

  test('but is no kill: its assertion stands in the function that was changed', async () => {
    const outcome = await sim('--mutant', 'canary', '--seeds', '1..1');
    expect(outcome.exitCode).toBe(10);
    expect(outcome.json).toMatchObject({ mutant: 'canary', killed: false, trivial: true });
  });

  test('a mutant of the SWIM world is killed by a checker that should', async () => {
    const outcome = await sim('--mutant', 'G17', '--seeds', '1..5');
    expect(outcome.exitCode).toBe(0);
    expect(outcome.json).toMatchObject({ mutant: 'G17', killed: true, trivial: false });
  });
});

describe('one seed', () => {
  test('answers what it did, as JSON in the last line', async () => {
    const outcome = await sim('--seed', '0x2a', ...SWIM);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.json).toMatchObject({
      seed: 42,
      verdict: 'pass',
      checker: null,
      digest: expect.stringMatching(/^[\da-f]{16}$/),
      coreHash: expect.stringMatching(/^[\da-f]{16}$/),
    });
  });

  test('run twice is the same twice', async () => {
    const outcome = await sim('--seed', '7', ...SWIM, '--twice');
    expect(outcome.json).toMatchObject({ verdict: 'pass', twice: 'agrees' });
  });

  test('writes its trace as JSON lines, one an event', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'apex-sim-')), 'trace.jsonl');
    const outcome = await sim('--seed', '7', ...SWIM, '--trace', file);
    const rows = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(outcome.json).toMatchObject({ events: rows.length });
    expect(JSON.parse(rows[0]!)).toMatchObject({ event: 0, timeUs: expect.any(Number) });
  });

  test('writes its Raft trace, in the form that an outside judge reads', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'apex-sim-')), 'raft.jsonl');
    const outcome = await sim('--seed', '1', '--raft-trace', file);
    expect(outcome.json).toMatchObject({ verdict: 'pass' });
    const text = readFileSync(file, 'utf8');
    expect(text.split('\n').length).toBeGreaterThan(300);
    expect(traceProblems(text)).toEqual([]);
  });
});

test('many seeds get a thread for each core unless somebody says how many', () => {
  expect(parseRequest(['--seeds', '1..4']).jobs).toBe(availableParallelism());
  expect(parseRequest(['--seeds', '1..4', '--jobs', '1']).jobs).toBe(1);
  expect(parseRequest(['--seed', '1']).jobs).toBe(1);
});

test('many seeds are reported together, whatever thread ran them', async () => {
  const outcome = await sim('--seeds', '1..4', '--jobs', '2', ...SWIM);
  expect(outcome.exitCode).toBe(0);
  expect(outcome.json).toMatchObject({ passed: 4, failed: [], probes: { 'death-declared': 4 } });
  // What four seeds miss changes with the swarm; what all of them hit is not missed.
  expect(outcome.json).toMatchObject({ missedProbes: expect.any(Array) });
  expect(outcome.json).not.toMatchObject({
    missedProbes: expect.arrayContaining(['death-declared']),
  });
});

describe('a command line that makes no sense is refused with exit 2', () => {
  test.each([
    [['--seeed', '1'], 'Did you mean --seed?'],
    [[], 'nothing to do'],
    [['--seed', 'x'], 'A seed is'],
    [['--seed', '18446744073709551616'], 'A seed is'],
    [['--seeds', '5..1'], 'empty'],
    [['--seed', '1', '--seeds', '1..2'], 'not several'],
    [['--seed', '1', '--nodes', '8'], '1 to 7'],
    [['--seed', '1', '--faults', 'cosmic'], 'net,disk'],
    [['--seed', '1', '--world', 'flat'], 'cluster or swim'],
    [['--seeds', '1..2', '--twice', '--mutant', 'E01'], 'one --seed'],
    [['--seeds', '1..2', '--raft-trace', 'x'], 'one --seed'],
    [['--seed', '1', '--raft-trace', 'x', '--trace', 'y'], 'one of --twice, --trace, --raft-trace'],
    [['--seed', '1', '--raft-trace', 'x', '--world', 'swim'], 'for clusters'],
    [['--seed', '1', '--raft-trace', 'x', '--mutant', 'E08'], 'no --mutant'],
    [['--mutant', 'E99'], 'no mutant'],
    [['--mutants', 'some'], 'tier1 or all'],
    [['--seeds', '1..2', '--recorded'], 'are for hunts'],
    [['--seed', '1', '--mutant', 'E01', '--record'], 'are for hunts'],
    [['--seed', '1', '--mutant', 'E01', '--trace', 'x'], 'no --mutant'],
  ])('%j', (args, said) => {
    const refused = (): unknown => parseRequest(args);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(said);
  });
});

describe('the door', () => {
  const door = (...args: readonly string[]) =>
    spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

  test('refuses an unknown flag with exit 2 and a suggestion', () => {
    const { status, stderr } = door('--seeed', '1');
    expect(status).toBe(2);
    expect(stderr).toContain('Did you mean --seed?');
  });

  test('refuses a Raft trace that it cannot write, before the run', () => {
    const file = join(tmpdir(), 'no-such-folder', 'raft.jsonl');
    const { status, stderr, stdout } = door('--seed', '1', '--raft-trace', file);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--raft-trace: cannot write');
  });

  test('ends with 10 for a violation, and with one JSON object if asked to', () => {
    const { status, stdout } = door('--seed', '1', '--mutant', 'canary', '--json');
    expect(status).toBe(10);
    const last = stdout.trimEnd().split('\n').at(-1)!;
    expect(JSON.parse(last)).toMatchObject({ seed: 1, verdict: 'violation' });
  });
});

describe('a sweep of SWIM', () => {
  test('prints a row for each trial, with Lifeguard and without', async () => {
    const outcome = await sim('--sweep', 'slow', ...SWIM);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.lines.length).toBe(3);
    const row = { members: 3, lossPercent: 0, periods: 3000 };
    expect(outcome.json).toMatchObject({
      sweep: 'slow',
      rows: [
        { ...row, lifeguard: true, falseDeaths: 0 },
        { ...row, lifeguard: false, falseDeaths: expect.any(Number) },
      ],
    });
  });

  test('is refused for clusters, for seeds, and for what is no sweep', () => {
    for (const args of [
      ['--sweep', 'loss'],
      ['--sweep', 'loss', '--world', 'swim', '--seed', '1'],
      ['--sweep', 'wind', '--world', 'swim'],
    ]) {
      expect(() => parseRequest(args)).toThrow(UsageError);
    }
  });
});
