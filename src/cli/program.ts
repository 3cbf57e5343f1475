/** The `kv` command: its commands, and what becomes of a command line that makes no sense. */
import { Command, CommanderError } from 'commander';
import { EXIT } from '../base/errors.ts';
import { withCommand } from './seed-forms.ts';
import { VERSION } from './version.ts';

/** A command's file. It sets `process.exitCode` where it does not end with 0. */
export interface CommandFile {
  register(program: Command): void;
}

export function newProgram(commands: readonly CommandFile[]): Command {
  const program = new Command('kv')
    .description('a strongly consistent, distributed key-value store')
    .version(VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(kv --help, or kv COMMAND --help, says more)');
  for (const { register } of commands) register(program);
  return program;
}

/** Runs a command line; answers the exit status, null where the command has set it itself. */
export async function runProgram(
  program: Command,
  args: readonly string[],
): Promise<number | null> {
  const commands = program.commands.map((command) => command.name());
  try {
    await program.parseAsync(withCommand(args, commands), { from: 'user' });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  }
}
