/**
 * Runs a schedule that was written down, for its test. With MUTANT=id in the environment the known
 * bug is put back first: then the test must fail.
 */
import { fileURLToPath } from 'node:url';
import { runApart } from './pool.ts';
import { readScheduleFile, specOf } from './schedule-file.ts';

/** `pass`, or the verdict with what it says. */
export async function verdictOf(file: URL): Promise<string> {
  const { MUTANT } = process.env;
  const content = readScheduleFile(fileURLToPath(file));
  const order = { seed: content.seed, spec: specOf(content), view: 'none' as const };
  const { verdict, message } = await runApart(order, MUTANT ?? null);
  return message === '' ? verdict : `${verdict}: ${message}`;
}
