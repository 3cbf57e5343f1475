/**
 * `kv --test`: does this installation, on this machine, compute and store what it must?
 *
 * Its last line, alone: `N passed, N failed`. The project's own tests are another thing: npm test.
 */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { EXIT, type ExitStatus } from '../base/errors.ts';
import type { Check } from './self-test/check.ts';
import { SIMULATOR } from './sim.ts';

export function register(program: Command): void {
  program
    .command('test')
    .description('self-test of this installation (also: kv --test)')
    .action(async () => {
      process.exitCode = await selfTest();
    });
}

async function selfTest(): Promise<ExitStatus> {
  const [{ vectorChecks }, { frameChecks }, { logChecks }] = await Promise.all([
    import('./self-test/vectors.ts'),
    import('./self-test/frames.ts'),
    import('./self-test/log.ts'),
  ]);
  let [passed, failed] = [0, 0];
  for (const check of [...vectorChecks, ...frameChecks, ...logChecks]) {
    if (await holds(check)) passed++;
    else failed++;
  }
  const seeds = existsSync(SIMULATOR) ? await simulatorSeeds() : { passed: 0, failed: 0 };
  say(`${passed + seeds.passed} passed, ${failed + seeds.failed} failed`);
  if (seeds.failed > 0) return EXIT.VIOLATION_FOUND;
  return failed === 0 ? EXIT.OK : EXIT.ERROR;
}

async function holds({ claim, run }: Check): Promise<boolean> {
  try {
    await run();
    say(`ok    ${claim}`);
    return true;
  } catch (error) {
    say(`FAIL  ${claim}\n      ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

async function simulatorSeeds(): Promise<{ readonly passed: number; readonly failed: number }> {
  const { runSeeds } = await import('./self-test/simulator.ts');
  const { passed, failed, told } = await runSeeds();
  say(
    `${failed === 0 ? 'ok  ' : 'FAIL'}  the simulator's seeds: ${passed} passed, ${failed} failed`,
  );
  if (told !== '') say(`      ${told}`);
  return { passed, failed };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
