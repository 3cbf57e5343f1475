/** The prompt: a line at a time, with history, completion, and answers for eyes. */
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { addressText } from '../../client/address.ts';
import type { Client } from '../../client/client.ts';
import { VERSION } from '../version.ts';
import { COMMAND_NAMES, parseLine } from './grammar.ts';
import { HISTORY_LINES_MAX, loadHistory, saveHistory } from './history.ts';
import { toByteString } from './quoting.ts';
import type { Speaker } from './speaker.ts';

export const PROMPT = 'apex> ';

export interface Terminal {
  readonly input: Readable;
  readonly output: Writable;
  readonly historyFile: string;
}

export async function runRepl(terminal: Terminal, client: Client, speaker: Speaker): Promise<void> {
  const { input, output } = terminal;
  let history = loadHistory(terminal.historyFile);
  const prompt = createInterface({
    input,
    output,
    prompt: PROMPT,
    history,
    historySize: HISTORY_LINES_MAX,
    removeHistoryDuplicates: true,
    completer: complete,
    terminal: true,
  });
  prompt.on('history', (lines: string[]) => {
    history = [...lines];
  });
  clearOnInterrupt(prompt);
  output.write(`apex-kv ${VERSION} at ${addressText(client.address)}; HELP lists the commands\n`);
  // The input may end while a command is under way.
  let isOpen = true;
  prompt.once('close', () => {
    isOpen = false;
  });
  prompt.prompt();
  for await (const line of prompt) {
    if (!(await perform(line, client, speaker))) break;
    if (isOpen) prompt.prompt();
  }
  prompt.close();
  saveHistory(terminal.historyFile, history);
}

/** False: it is time to go. */
async function perform(line: string, client: Client, speaker: Speaker): Promise<boolean> {
  const parsed = parseLine(toByteString(line));
  switch (parsed.kind) {
    case 'quit':
      return false;
    case 'help':
      speaker.help(parsed.text);
      return true;
    case 'mistake':
      speaker.mistake(parsed);
      return true;
    case 'request':
      speaker.answer(parsed, await client.call(parsed.request));
      return true;
    case 'empty':
      return true;
  }
}

/** Ctrl-C empties the line, and on an empty one leaves. */
function clearOnInterrupt(prompt: Interface): void {
  prompt.on('SIGINT', () => {
    if (prompt.line === '') {
      prompt.close();
      return;
    }
    prompt.write(null, { ctrl: true, name: 'e' });
    prompt.write(null, { ctrl: true, name: 'u' });
  });
}

/** The first word may be any command; behind it there is nothing to complete. */
export function complete(line: string): [string[], string] {
  const typed = line.trimStart();
  if (/\s/.test(typed)) return [[], line];
  const fitting = COMMAND_NAMES.filter((name) => name.startsWith(typed.toUpperCase()));
  return [fitting.map((name) => `${name} `), typed];
}
