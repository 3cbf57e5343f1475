/**
 * `--shrink`: makes the failure of a seed small, writes it down as a schedule, and beside it a test
 * that fails as long as the bug is there.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, EXIT, exitOf, type Print, seedJson } from './answer.ts';
import type { Request, Task } from './arguments.ts';
import { SeedThread } from './pool.ts';
import { failureText, passLine } from './print.ts';
import type { RunSpec } from './report.ts';
import { type ScheduleFile, writeScheduleFile } from './schedule-file.ts';
import { Shrinker, type Shrunk } from './shrink.ts';

/** Where schedules lie, from where the command is given. */
const FOLDER = 'sim/regressions';

type SeedTask = Extract<Task, { readonly kind: 'seed' }>;

export async function shrinkSeed(
  { seed, mutant }: SeedTask,
  { spec }: Request,
  print: Print,
): Promise<Answer> {
  const thread = new SeedThread({ mutant: mutant?.id ?? null, seedWallMsMax: null });
  try {
    const failed = await thread.run({ seed, spec, view: 'none' });
    if (failed.verdict !== 'violation' || failed.checker === null) {
      print(`nothing to shrink: ${passLine(failed)}`);
      return { exitCode: exitOf(failed), json: seedJson(failed) };
    }
    const tryOne = (schedule: RunSpec['schedule']) =>
      thread.run({ seed, spec: { ...spec, schedule }, view: 'none' });
    const shrunk = await new Shrinker(failed, tryOne, print).shrink();
    const small = { ...spec, schedule: shrunk.schedule };
    const { story } = await thread.run({ seed, spec: small, view: 'story' });
    print(failureText(shrunk.report, spec, mutant?.id ?? null));
    for (const line of story) print(line);
    return written(seed, mutant?.id ?? null, small, shrunk, print);
  } finally {
    thread.stop();
  }
}

function written(
  seed: string,
  mutant: string | null,
  spec: RunSpec,
  { schedule, report, runs }: Shrunk,
  print: Print,
): Answer {
  const name = mutant === null ? `seed-${seed}` : `${mutant}-seed-${seed}`;
  const checker = report.checker!;
  const { nodes, groups, faults } = spec;
  const content: ScheduleFile = { seed, nodes, groups, faults, mutant, checker, schedule };
  mkdirSync(FOLDER, { recursive: true });
  const file = join(FOLDER, `${name}.json`);
  const test = join(FOLDER, `${name}.test.ts`);
  writeScheduleFile(file, content);
  writeFileSync(test, testOf(name, content));
  const strikes = schedule.strikes?.length ?? report.strikes.length;
  print('');
  print(`${strikes} strikes are left, after ${runs} runs: ${file}`);
  print(`npm run sim -- --schedule ${file} --story${mutant === null ? '' : ` --mutant ${mutant}`}`);
  print(`a test of it: ${test}`);
  const json = { ...seedJson(report), schedule: file, faults: strikes, test };
  return { exitCode: EXIT.violation, json };
}

function testOf(name: string, { checker, mutant, seed }: ScheduleFile): string {
  const origin = mutant === null ? `seed ${seed}` : `${mutant}, seed ${seed}`;
  return `/** Made by --shrink out of ${origin}, which ${checker} had failed. */
import { expect, test } from 'vitest';
import { verdictOf } from '../cli/run-schedule.ts';

test('${name}: ${checker} holds', async () => {
  expect(await verdictOf(new URL('./${name}.json', import.meta.url))).toBe('pass');
});
`;
}
