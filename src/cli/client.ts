/**
 * `kv client HOST:PORT[,…] [COMMAND …]`
 *
 * With a command it runs that one; with a terminal it asks for them; else it reads a script.
 */
import type { Command } from 'commander';
import { EXIT, type ExitStatus } from '../base/errors.ts';
import type { Address } from '../client/address.ts';
import { Client } from '../client/client.ts';
import { addresses, type OutputForm, outputOption, timeoutOption } from './arguments.ts';
import { parseShellWords } from './client/grammar.ts';
import { historyFile } from './client/history.ts';
import { runRepl } from './client/repl.ts';
import { runScript } from './client/script.ts';
import { type Form, Speaker } from './client/speaker.ts';
import { endQuietlyWithoutReader } from './output.ts';

/** Longer than a node waits before it gives a request up, so that its own words come first. */
const TIMEOUT_MS = 15_000;

interface ClientFlags {
  readonly timeout: number;
  readonly output?: OutputForm;
}

export function register(program: Command): void {
  program
    .command('client')
    .description('talk to a cluster: a prompt, one command, or a script on standard input')
    .argument('<addresses>', 'HOST:PORT, or several with commas to try in turn', addresses)
    .argument('[command...]', 'one command to run, as in: kv client 127.0.0.1:7001 GET key')
    .addOption(timeoutOption(TIMEOUT_MS))
    .addOption(outputOption('text'))
    .addHelpText('after', '\nWords that begin with a dash stand behind a --. HELP at the prompt.')
    .action(async (to: readonly Address[], words: readonly string[], flags: ClientFlags) => {
      endQuietlyWithoutReader();
      process.exitCode = await talk(to, words, flags);
    });
}

async function talk(
  to: readonly Address[],
  words: readonly string[],
  { timeout: timeoutMs, output = 'table' }: ClientFlags,
): Promise<ExitStatus> {
  const client = new Client({ addresses: to, timeoutMs });
  const { stdin, stdout, stderr } = process;
  const form: Form = output === 'table' ? 'text' : output;
  const isOneShot = words.length > 0;
  const speaker = new Speaker({ form, stdout, stderr, isOneShot });
  if (isOneShot) await runOne(words, client, speaker);
  else if (stdin.isTTY && stdout.isTTY) {
    const terminal = { input: stdin, output: stdout, historyFile: historyFile() };
    await runRepl(terminal, client, speaker);
  } else await runScript(stdin, client, speaker);
  client.close();
  return stdin.isTTY && stdout.isTTY && !isOneShot ? EXIT.OK : speaker.exit;
}

async function runOne(words: readonly string[], client: Client, speaker: Speaker): Promise<void> {
  const parsed = parseShellWords(words);
  switch (parsed.kind) {
    case 'request':
      speaker.answer(parsed, await client.call(parsed.request));
      return;
    case 'mistake':
      speaker.mistake(parsed);
      return;
    case 'help':
      speaker.help(parsed.text);
      return;
    default:
      return;
  }
}
