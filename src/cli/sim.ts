/**
 * `kv sim …`: hands everything to the simulator's own command line, as `npm run sim -- …` does.
 *
 * A process of its own: the simulator puts traps in the place of clocks and chance while it runs.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';

export const SIMULATOR = fileURLToPath(new URL('../../sim/cli/main.ts', import.meta.url));

const SIGNAL_STATUS_OFFSET = 128;
const SIGNAL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['SIGINT', 2],
  ['SIGKILL', 9],
  ['SIGTERM', 15],
]);

export function register(program: Command): void {
  program
    .command('sim')
    .description('run the simulator; `kv sim --help` lists its flags')
    .argument('[args...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: readonly string[]) => {
      process.exitCode = await runSimulator(args);
    });
}

function runSimulator(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [SIMULATOR, ...args], { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; here it only must not end the parent first.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) =>
      resolve(code ?? SIGNAL_STATUS_OFFSET + (SIGNAL_NUMBERS.get(signal ?? '') ?? 1)),
    );
  });
}
