/** Nodes as a user runs them: the launcher's `kv serve`, a process each, on free ports here. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePorts, HOST } from './ports.ts';

export const KV_MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('../build/kv', import.meta.url));
/** Gossip is at the client port + 1000, HTTP at + 2000. */
const HTTP_PORT_OFFSET = 2000;
const OFFSETS = [0, 1000, HTTP_PORT_OFFSET];
const PORTS = { from: 20_000, below: 30_000 };
const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 10_000;
const POLL_EVERY_MS = 100;
/** USER_HZ, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface ServeOptions {
  readonly nodes: number;
  readonly walDirectory: string;
  /** Passed to Node, in NODE_OPTIONS. */
  readonly nodeFlags: readonly string[];
  /** Passed to `kv serve`, behind its own. */
  readonly serveFlags?: readonly string[];
}

export class Servers {
  readonly ports: readonly number[];
  readonly #children: readonly ChildProcess[];

  private constructor(ports: readonly number[], children: readonly ChildProcess[]) {
    this.ports = ports;
    this.#children = children;
  }

  /** Resolves when every node says that it is ready. */
  static async start(options: ServeOptions): Promise<Servers> {
    const ports = await freePorts(options.nodes, PORTS, OFFSETS);
    const servers = new Servers(
      ports,
      ports.map((_, at) => boot(ports, at, options)),
    );
    try {
      await servers.#untilReady();
    } catch (error) {
      await servers.stop();
      throw error;
    }
    return servers;
  }

  /** The client addresses, the leader's first. */
  async addresses(): Promise<string[]> {
    const leading = await Promise.all(this.ports.map(leads));
    const at = Math.max(0, leading.indexOf(true));
    return [...this.ports.slice(at), ...this.ports.slice(0, at)].map((port) => `${HOST}:${port}`);
  }

  /** As the first node's metrics say; one of `unsafe`, `durable`, `strict`. */
  async durability(): Promise<string> {
    const metrics = (await ask(this.ports[0]!, '/metrics')) ?? '';
    return /^apex_durability\{mode="([a-z]+)"\} 1$/m.exec(metrics)?.[1] ?? 'unknown';
  }

  /** CPU that all nodes together have taken, user and system. Linux only. */
  cpuSeconds(): number {
    return this.#children.reduce((sum, { pid }) => sum + cpuTicksOf(pid!), 0) / TICKS_PER_SECOND;
  }

  /** As SIGTERM asks; who does not go in time is killed. */
  async stop(): Promise<void> {
    await Promise.all(this.#children.map(stopChild));
  }

  async #untilReady(): Promise<void> {
    const giveUpAt = performance.now() + READY_WITHIN_MS;
    for (;;) {
      if (this.#children.some((child) => !isRunning(child))) throw new Error('a node ended');
      const answers = await Promise.all(this.ports.map((port) => ask(port, '/readyz')));
      if (answers.every((answer) => answer !== null)) return;
      if (performance.now() > giveUpAt) throw new Error('the nodes do not become ready');
      await sleep(POLL_EVERY_MS);
    }
  }
}

function boot(ports: readonly number[], at: number, options: ServeOptions): ChildProcess {
  const { walDirectory, nodeFlags, serveFlags = [] } = options;
  const peers = ports.map((port, peer) => `${HOST}:${port}:${peer + 1}`).filter((_, n) => n !== at);
  const flags = ['--id', `${at + 1}`, '--port', `${ports[at]}`, '--wal-dir', walDirectory];
  const list = peers.length === 0 ? [] : ['--peers', peers.join(',')];
  const env = { ...process.env, NODE_OPTIONS: nodeFlags.join(' ') };
  const args = ['serve', ...flags, ...list, ...serveFlags];
  return spawn(LAUNCHER, args, { stdio: ['ignore', 'ignore', 'inherit'], env });
}

/** Fields 14 and 15 of proc(5); the second field may hold blanks, so counting begins behind it. */
function cpuTicksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

const isRunning = (child: ChildProcess): boolean =>
  child.exitCode === null && child.signalCode === null;

async function stopChild(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}

async function leads(port: number): Promise<boolean> {
  const metrics = await ask(port, '/metrics');
  return metrics !== null && /^apex_raft_role\{role="leader"\} 1$/m.test(metrics);
}

/** The body of a good answer; null when there is none. */
async function ask(port: number, path: string): Promise<string | null> {
  try {
    const answer = await fetch(`http://${HOST}:${port + HTTP_PORT_OFFSET}${path}`);
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}
