/** The prompt and the script, each against a server. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { Client } from '../../client/client.ts';
import { TinyServer } from '../../client/testing/tiny-server.ts';
import { historyFile, loadHistory, saveHistory } from './history.ts';
import { complete, runRepl } from './repl.ts';
import { runScript } from './script.ts';
import { Speaker } from './speaker.ts';

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

async function connect(): Promise<Client> {
  const server = await TinyServer.open();
  const client = new Client({ addresses: [server.address], timeoutMs: 5000 });
  toClose.push(
    () => server.close(),
    () => client.close(),
  );
  return client;
}

function speak(stdout: PassThrough): Speaker {
  return new Speaker({ form: 'text', stdout, stderr: new PassThrough(), isOneShot: false });
}

function textOf(stream: PassThrough): string {
  let text = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += chunk.toString();
  return text;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'apex-kv-'));
  toClose.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('a script', () => {
  async function run(...chunks: string[]) {
    const stdout = new PassThrough();
    const speaker = speak(stdout);
    const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
    await runScript(input, await connect(), speaker);
    return { lines: textOf(stdout).split('\n').slice(0, -1), exit: speaker.exit };
  }

  test("the seed's lines are answered as the seed shows", async () => {
    const { lines, exit } = await run(
      'PUT mykey hello world\nGET mykey\nDEL mykey\nGET mykey\nMETRICS\n',
    );
    const metrics = 'ops_get=12345 ops_put=6789 p99_get=234µs p99_put=1102µs';
    expect(lines).toEqual(['OK', 'hello world', 'OK', '(nil)', metrics]);
    expect(exit).toBe(0);
  });

  test('lines may be cut anywhere, and the last one needs no end', async () => {
    const { lines } = await run('PUT k', ' v\r', '\nGE', 'T k\n\n', 'PING');
    expect(lines).toEqual(['OK', 'v', 'PONG']);
  });

  test('a mistake is answered in its turn and stops nothing', async () => {
    const { lines, exit } = await run('PUT k v\nPTU k w\nGET k\n');
    expect(lines).toEqual(['OK', 'UNKNOWN_COMMAND "PTU"; did you mean PUT?', 'v']);
    expect(exit).toBe(2);
  });

  test('behind QUIT nothing is read', async () => {
    const { lines } = await run('PUT k v\nQUIT\nGET k\n');
    expect(lines).toEqual(['OK']);
  });

  test('more commands than may be in flight are answered in order', async () => {
    const puts = Array.from({ length: 500 }, (_, at) => `PUT k ${at}\nGET k\n`);
    const { lines } = await run(puts.join(''));
    expect(lines).toEqual(Array.from({ length: 500 }, (_, at) => ['OK', `${at}`]).flat());
  });

  test('an answer does not wait for the next line', async () => {
    const input = new PassThrough();
    const stdout = new PassThrough();
    const done = runScript(input, await connect(), speak(stdout));
    input.write('PING\n');
    const [answer] = await new Promise<Buffer[]>((resolve) =>
      stdout.once('data', (chunk: Buffer) => resolve([chunk])),
    );
    expect(answer!.toString()).toBe('PONG\n');
    input.end();
    await done;
  });
});

describe('the prompt', () => {
  async function type(keys: string, file: string): Promise<string> {
    const input = new PassThrough();
    const output = new PassThrough();
    const stdout = new PassThrough();
    const done = runRepl({ input, output, historyFile: file }, await connect(), speak(stdout));
    input.end(keys);
    await done;
    expect(textOf(output)).toContain('apex> ');
    return textOf(stdout);
  }

  test('answers line by line, and what was typed is there the next time', async () => {
    const file = join(temporaryFolder(), 'state', 'history');
    expect(await type('put k v\rGET k\r secret\rquit\r', file)).toBe(
      'OK\nv\nUNKNOWN_COMMAND "secret"; HELP lists what there is\n',
    );
    expect(readFileSync(file, 'utf8')).toBe('quit\nGET k\nput k v\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    // Arrow up twice.
    expect(await type('\x1b[A\x1b[A\r', file)).toBe('(nil)\n');
  });

  test('Ctrl-C empties the line, and on an empty one leaves', async () => {
    const file = join(temporaryFolder(), 'history');
    expect(await type('PUT k wrong\x03PING\r', file)).toBe('PONG\n');
    expect(await type('\x03', file)).toBe('');
  });

  test('the first word is completed', () => {
    expect(complete('g')).toEqual([['GET '], 'g']);
    expect(complete('p')[0]).toEqual(['PUT ', 'PING ']);
    expect(complete('GET k')).toEqual([[], 'GET k']);
  });
});

test('the history is in the state folder, and its absence is no problem', () => {
  expect(historyFile({ XDG_STATE_HOME: '/state' })).toBe('/state/apex-kv/history');
  expect(historyFile({ XDG_STATE_HOME: 'relative' })).toMatch(/\.local\/state\/apex-kv\/history$/);
  expect(loadHistory('/nowhere/at/all')).toEqual([]);
  saveHistory('/dev/null/history', ['GET k']);
});
