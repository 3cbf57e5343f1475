import { afterEach, expect, test, vi } from 'vitest';
import { Scheduler } from '../world/scheduler.ts';
import { parseRequest } from './arguments.ts';
import { obey } from './commands.ts';
import { runTwiceHere } from './compare-runs.ts';

interface Told {
  readonly exitCode: number;
  readonly text: string;
  readonly json: {
    readonly twice: string;
    readonly divergence: {
      readonly event: number;
      readonly simulatedMs: number;
      readonly node: number;
      readonly stacks: readonly {
        readonly scheduledBy: string | null;
        readonly decidedBy: string | null;
      }[];
    };
  };
}

afterEach(() => vi.restoreAllMocks());

const LEAK = 'canary-leak';
const SMALL = ['--seed', '2', '--nodes', '3'] as const;

async function twice(...args: readonly string[]): Promise<Told> {
  const lines: string[] = [];
  const { exitCode, json } = await obey(parseRequest([...args, '--twice', '--json']), (line) =>
    lines.push(line),
  );
  return { exitCode, text: lines.join('\n'), json: JSON.parse(JSON.stringify(json)) };
}

test('two runs of a sound simulator agree', async () => {
  const { exitCode, text, json } = await twice('--seed', '3', '--world', 'swim', '--nodes', '3');
  expect(exitCode).toBe(0);
  expect(json).toMatchObject({ verdict: 'pass', twice: 'agrees' });
  expect(json.divergence).toBeUndefined();
  expect(text).toContain('the second run was the same');
}, 120_000);

test('a Map that outlives a run is found at the first event that differs, with both stacks', async () => {
  const { exitCode, text, json } = await twice(...SMALL, '--mutant', LEAK);
  expect(exitCode).toBe(10);
  expect(json).toMatchObject({ twice: 'diverges' });
  const { event, simulatedMs, node, stacks } = json.divergence;
  expect(event).toBeGreaterThan(0);
  expect(simulatedMs).toBeGreaterThan(0);
  expect(node).toBeGreaterThanOrEqual(0);
  // What differs is when a node wakes: one of the two events is its alarm.
  const scheduled = stacks.map(({ scheduledBy }) => scheduledBy ?? 'nobody');
  expect(scheduled.length).toBe(2);
  expect(scheduled.every((stack) => stack.includes('    at '))).toBe(true);
  expect(scheduled.join('\n')).toContain('planWake');
  expect(text).toContain(`the runs differ from event ${event} on`);
  expect(text.match(/scheduled by/g)?.length).toBe(2);
}, 120_000);

test('where the same event says something else, the stacks lead to what it said', async () => {
  const { exitCode, text, json } = await twice(...SMALL, '--mutant', 'canary-counter');
  expect(exitCode).toBe(10);
  for (const { decidedBy } of json.divergence.stacks) expect(decidedBy).toContain('sim/world/');
  expect(text.match(/first decided otherwise by/g)?.length).toBe(2);
}, 120_000);

test('a random number that no seed gave never gets that far: the wall names it', async () => {
  const { exitCode, text } = await twice(...SMALL, '--mutant', 'canary-wall');
  expect(exitCode).toBe(10);
  expect(text).toContain('Math.random was used in a simulated run');
}, 120_000);

test('among many seeds, a run that its second differs from has failed', () => {
  const spec = parseRequest(['--seed', '3', '--world', 'swim', '--nodes', '3']).spec;
  expect(runTwiceHere('3', spec)).toMatchObject({ verdict: 'pass' });
  let notes = 0;
  const { note } = Scheduler.prototype;
  vi.spyOn(Scheduler.prototype, 'note').mockImplementation(function leaking(this: Scheduler, word) {
    note.call(this, word + notes++);
  });
  const { verdict, checker, message } = runTwiceHere('3', spec);
  expect([verdict, checker]).toEqual(['violation', 'internal']);
  expect(message).toContain('the second run differs from event');
});
