/**
 * `npm start` as a user runs it, but on free ports and in a folder of its own: it says where to
 * connect, a value written at one node is read at another, and Ctrl-C ends it with nothing left.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts, HOST } from '../../src/runtime/testing/ports.ts';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'apex-kv-start-'));
const first = await freePorts(3, new Set());

function start(): ChildProcess {
  const env = { ...process.env, APEX_DEV_PORT: `${first}`, APEX_DEV_FOLDER: folder };
  // A group of its own: Ctrl-C is a signal to all of it.
  return spawn('npm', ['start'], { env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function untilSaid(child: ChildProcess, word: string): Promise<void> {
  const giveUp = AbortSignal.timeout(READY_WITHIN_MS);
  let said = '';
  while (!said.includes(word)) {
    const [chunk] = await once(child.stdout!, 'data', { signal: giveUp });
    said += `${chunk}`;
    process.stdout.write(chunk);
  }
  child.stdout!.resume();
}

async function client(port: number, ...words: string[]): Promise<string> {
  const { stdout } = await run('build/kv', ['client', `${HOST}:${port}`, ...words]);
  return stdout.trim();
}

async function untilGone(): Promise<void> {
  const giveUpAt = performance.now() + STOP_WITHIN_MS;
  const isThere = () => fetch(`http://${HOST}:${first + 2000}/livez`).then(Boolean, () => false);
  while (await isThere()) {
    demand(performance.now() < giveUpAt, 'a node is still there');
    await sleep(100);
  }
}

function demand(holds: boolean, promise: string): void {
  if (!holds) throw new Error(promise);
}

const child = start();
const ended = once(child, 'exit', { signal: AbortSignal.timeout(READY_WITHIN_MS * 2) });
try {
  await untilSaid(child, `Talk to it:  ./build/kv --client ${HOST}:${first}`);
  demand((await client(first, 'PUT', 'key', 'a value')) === 'OK', 'PUT is not answered by OK');
  demand((await client(first + 1, 'GET', 'key')) === 'a value', 'another node has no such value');
  process.kill(-child.pid!, 'SIGINT');
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), STOP_WITHIN_MS);
  const [status, signal] = await ended;
  clearTimeout(timer);
  // npm passes a Ctrl-C on as its own end.
  demand(status === 0 || signal === 'SIGINT', `Ctrl-C ended it with ${status ?? signal}`);
  await untilGone();
} finally {
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
