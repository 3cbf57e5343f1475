/**
 * The entry point: `kv COMMAND …`. One line a command; each is a file in cli/.
 *
 * Only the file of the command that was asked for is loaded, since a health check that first loads
 * a whole node costs more than what it checks. Help and mistakes take all of them.
 */
import { type CommandFile, newProgram, runProgram } from './cli/program.ts';
import { withCommand } from './cli/seed-forms.ts';

const COMMANDS: ReadonlyMap<string, () => Promise<CommandFile>> = new Map([
  ['serve', () => import('./cli/serve.ts')],
  ['client', () => import('./cli/client.ts')],
  ['bench', () => import('./cli/bench.ts')],
  ['config', () => import('./cli/config.ts')],
  ['status', () => import('./cli/status.ts')],
  ['healthcheck', () => import('./cli/healthcheck.ts')],
  ['sim', () => import('./cli/sim.ts')],
  ['test', () => import('./cli/test.ts')],
]);

const names = [...COMMANDS.keys()];
const args = withCommand(process.argv.slice(2), names);
const asked = names.filter((name) => name === args[0]);
const needed = asked.length > 0 ? asked : names;
const files = await Promise.all(needed.map((name) => COMMANDS.get(name)!()));
const exit = await runProgram(newProgram(files), args);
if (exit !== null) process.exitCode = exit;
