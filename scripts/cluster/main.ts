/**
 * `npm start`: a cluster of three nodes on this machine, in the foreground.
 *
 * 1. Each node is a process of its own, started by the launcher as a user would start it.
 * 2. Ready is what the nodes say of themselves at /readyz; the leader is who says so in /metrics.
 * 3. Ctrl-C stops all three; one that has not ended by then is killed. The data stays, in .apex-dev
 *    or the folder that APEX_DEV_FOLDER names.
 * 4. A node that ends by itself is told and not restarted: two of three go on, and are seen to.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import pretty from 'pino-pretty';

import { isReady, leads, type NodeAddress, nodes, peersOf } from './nodes.ts';

const { APEX_DEV_FOLDER: DATA_FOLDER = '.apex-dev' } = process.env;
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 5_000;
const POLL_EVERY_MS = 200;

const logs = pretty({ destination: 1, sync: true, ignore: 'pid,hostname' });
const children: ChildProcess[] = [];
let stopping = false;

function boot(node: NodeAddress): ChildProcess {
  const own = ['--id', `${node.id}`, '--port', `${node.port}`];
  const args = [...own, '--peers', peersOf(node), '--wal-dir', DATA_FOLDER];
  const child = spawn('build/kv', args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own: Ctrl-C comes to this script, which stops the nodes in its own manner.
    detached: true,
  });
  child.stdout.pipe(logs, { end: false });
  child.on('error', (error) => say(`node ${node.id} does not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (!stopping) say(`node ${node.id} ended (${signal ?? `exit ${code}`})`);
    if (!stopping && !children.some(isRunning)) void stop(1);
  });
  return child;
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function untilReady(): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += POLL_EVERY_MS) {
    const answers = await Promise.all(nodes.map(isReady));
    if (answers.every((ready) => ready)) return true;
    await sleep(POLL_EVERY_MS);
  }
  return false;
}

async function announce(): Promise<void> {
  const leading = await Promise.all(nodes.map(leads));
  say('');
  for (const [position, node] of nodes.entries()) {
    const role = leading[position] === true ? '  leader' : '';
    say(`node ${node.id}  clients 127.0.0.1:${node.port}  http 127.0.0.1:${node.httpPort}${role}`);
  }
  say('');
  const [{ port } = { port: 0 }] = nodes;
  say(`Talk to it:  ./build/kv --client 127.0.0.1:${port}        Stop it: Ctrl-C`);
}

async function stop(exitCode: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const child of children.filter(isRunning)) child.kill('SIGTERM');
  const deadline = Date.now() + STOP_WITHIN_MS;
  while (children.some(isRunning) && Date.now() < deadline) await sleep(50);
  for (const child of children.filter(isRunning)) child.kill('SIGKILL');
  process.exit(exitCode);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => void stop(0));
}
mkdirSync(DATA_FOLDER, { recursive: true });
children.push(...nodes.map(boot));
if (await untilReady()) await announce();
else {
  say(`not ready after ${READY_WITHIN_MS / 1000} s; the log above says why`);
  await stop(1);
}
