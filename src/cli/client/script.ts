/**
 * A script: commands from a pipe or a file, one a line.
 *
 * 1. Up to PIPELINE_MAX commands are in flight; their answers come in the order of the lines.
 * 2. Each answer is printed as it comes, so that a program may also talk through a pair of pipes.
 * 3. A failed command does not stop the ones after it; the first failure is the exit status.
 */
import type { Readable } from 'node:stream';
import type { Client } from '../../client/client.ts';
import { type Parsed, parseLine } from './grammar.ts';
import type { Speaker } from './speaker.ts';

const PIPELINE_MAX = 64;

export async function runScript(input: Readable, client: Client, speaker: Speaker): Promise<void> {
  const order = new Order();
  for await (const line of linesOf(input)) {
    const parsed = parseLine(line);
    if (parsed.kind === 'quit') break;
    await order.push(begin(parsed, client, speaker));
  }
  await order.drained();
  speaker.end();
}

/** Begins what the line asks for; the promise gives what to do when its turn to speak has come. */
function begin(parsed: Parsed, client: Client, speaker: Speaker): Promise<() => void> {
  switch (parsed.kind) {
    case 'request':
      return client.call(parsed.request).then((answer) => () => speaker.answer(parsed, answer));
    case 'mistake':
      return Promise.resolve(() => speaker.mistake(parsed));
    case 'help':
      return Promise.resolve(() => speaker.help(parsed.text));
    default:
      return Promise.resolve(() => {});
  }
}

/** Runs what promises give in the order in which they were pushed, not in that of their coming. */
class Order {
  #tail: Promise<void> = Promise.resolve();
  readonly #open: Promise<void>[] = [];

  /** Resolves when there is room for another. */
  async push(next: Promise<() => void>): Promise<void> {
    const before = this.#tail;
    this.#tail = next.then(async (speak) => {
      await before;
      speak();
    });
    this.#open.push(this.#tail);
    if (this.#open.length >= PIPELINE_MAX) await this.#open.shift();
  }

  drained(): Promise<void> {
    return this.#tail;
  }
}

/** Lines as byte strings; the last one counts without a line end too. */
async function* linesOf(input: Readable): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of input) {
    const lines = (rest + (chunk as Buffer).toString('latin1')).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
