/** Processes of a comparison: started here, ended by their id, and asked for their CPU time. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOST } from '../ports.ts';

/** USER_HZ, the same on every Linux that Node runs on. */
export const TICKS_PER_SECOND = 100;
/** Where our own nodes are not looked for. */
export const PEER_PORTS = { from: 31_000, below: 32_700 };
const STOP_WITHIN_MS = 10_000;
const READY_WITHIN_MS = 30_000;
const POLL_EVERY_MS = 50;

/** Whether a program can be started. */
export function isInstalled(program: string, versionFlag = '--version'): boolean {
  return spawnSync(program, [versionFlag], { stdio: 'ignore' }).error === undefined;
}

export class Daemon {
  readonly #child: ChildProcess;
  readonly #said: string[] = [];

  constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.#said.push(`${chunk}`);
        if (this.#said.length > 20) this.#said.shift();
      });
    }
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  cpuTicks(): number {
    return this.isRunning ? cpuTicksOf(this.#child.pid!) : 0;
  }

  /** What it said last, for whoever has to explain why it ended. */
  lastWords(): string {
    return this.#said.join('').trimEnd().split('\n').slice(-3).join('\n');
  }

  /** As SIGTERM asks; killed when it does not go in time. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
    await ended;
    clearTimeout(timer);
  }
}

/** User and system: fields 14 and 15 of proc(5), and 16 and 17 of children that have ended. */
export function cpuTicksOf(pid: number | 'self', withChildren = false): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ').map(Number);
  const own = fields[11]! + fields[12]!;
  return withChildren ? own + fields[13]! + fields[14]! : own;
}

/** Resolves when `isReady` says so; rejects when a daemon ends before, or it takes too long. */
export async function untilReady(
  what: string,
  daemons: readonly Daemon[],
  isReady: () => Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + READY_WITHIN_MS;
  while (!(await isReady())) {
    const ended = daemons.find(({ isRunning }) => !isRunning);
    if (ended !== undefined) throw new Error(`${what} ended: ${ended.lastWords()}`);
    if (performance.now() > giveUpAt) throw new Error(`${what} does not become ready`);
    await sleep(POLL_EVERY_MS);
  }
}

/** Whether somebody there answers `question` with something that begins with `answer`. */
export function answers(port: number, question: string, answer: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: HOST, port });
    const end = (isAnswer: boolean) => {
      socket.destroy();
      resolve(isAnswer);
    };
    socket.setTimeout(1000, () => end(false));
    socket.on('error', () => end(false));
    socket.once('data', (chunk) => end(`${chunk}`.startsWith(answer)));
    socket.once('connect', () => socket.write(question));
  });
}
