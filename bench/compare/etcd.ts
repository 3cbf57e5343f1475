/**
 * Three etcd nodes, loaded by a Go program on etcd's own client (bench/etcd-load).
 *
 * They are started anew before GETs: an etcd that has just taken PUTs answers them at half the rate of
 * one that has just come up, and the better figure is the one to compare with.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePorts, HOST } from '../ports.ts';
import type { Contestant, Operation, Sample, Shape } from './contestant.ts';
import { Daemon, isInstalled, PEER_PORTS, untilReady } from './processes.ts';

const run = promisify(execFile);
const PROGRAM = 'etcd';
const NODES = 3;
const SOURCE = fileURLToPath(new URL('../etcd-load', import.meta.url));
const GO_PLACES = ['go', '/usr/local/go/bin/go'];

const findGo = (): string | null =>
  GO_PLACES.find((place) => isInstalled(place, 'version')) ?? null;

/** Null, or what is not there. */
export function etcdMissing(): string | null {
  if (!isInstalled(PROGRAM)) return `${PROGRAM} is not installed`;
  return findGo() === null ? 'go is not installed, which the load for etcd is built with' : null;
}

export async function startEtcd(folder: string): Promise<Contestant> {
  const program = join(folder, 'etcd-load');
  const { status, stderr } = spawnSync(findGo()!, ['build', '-o', program, '.'], {
    cwd: SOURCE,
    encoding: 'utf8',
  });
  if (status !== 0 || !existsSync(program)) throw new Error(`etcd-load: ${stderr}`);
  const ports = await freePorts(2 * NODES, PEER_PORTS);
  const cluster = new EtcdNodes(folder, ports);
  await cluster.start();
  const ask = async (op: Operation | 'fill', shape: Shape, operations: number) => {
    const { connections, pipeline, keys, valueBytes } = shape;
    const numbers = { connections, pipeline, ops: operations, keys, 'value-bytes': valueBytes };
    const flags = Object.entries(numbers).flatMap(([name, value]) => [`-${name}`, `${value}`]);
    const args = ['-op', op, '-endpoints', cluster.endpoints(), ...flags];
    const { stdout } = await run(program, args);
    return sampleOf(stdout);
  };
  return {
    name: 'etcd',
    cpuTicks: () => cluster.cpuTicks(),
    fill: async (shape) => void (await ask('fill', shape, shape.keys)),
    run: async (operation, shape, operations) => {
      if (operation === 'get') await cluster.restart();
      return ask(operation, shape, operations);
    },
    stop: () => cluster.stop(),
  };
}

function sampleOf(stdout: string): Sample {
  const found = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  if (found.errors > 0) throw new Error(`etcd: ${found.errors} requests failed`);
  const { opsPerSecond, p50us, p99us, clientCpuSeconds, ops: operations } = found;
  return { opsPerSecond, p50us, p99us, clientCpuSeconds, operations };
}

class EtcdNodes {
  readonly #folder: string;
  readonly #ports: readonly number[];
  #daemons: readonly Daemon[] = [];
  /** Of nodes that have been stopped. */
  #ticksBefore = 0;

  /** Two ports a node: for clients, and for each other. */
  constructor(folder: string, ports: readonly number[]) {
    this.#folder = folder;
    this.#ports = ports;
  }

  endpoints(): string {
    return this.#numbers()
      .map((at) => this.#clientUrl(at).slice('http://'.length))
      .join(',');
  }

  cpuTicks(): number {
    return this.#ticksBefore + this.#daemons.reduce((sum, each) => sum + each.cpuTicks(), 0);
  }

  async start(): Promise<void> {
    this.#daemons = this.#numbers().map((at) => new Daemon(PROGRAM, this.#flags(at)));
    await untilReady(PROGRAM, this.#daemons, async () => {
      const healthy = await Promise.all(
        this.#numbers().map((at) => isHealthy(this.#clientUrl(at))),
      );
      return healthy.every((one) => one);
    });
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    this.#ticksBefore = this.cpuTicks();
    const stopping = this.#daemons;
    this.#daemons = [];
    await Promise.all(stopping.map((daemon) => daemon.stop()));
  }

  #flags(at: number): string[] {
    const peers = this.#numbers().map((peer) => `node${peer}=${this.#peerUrl(peer)}`);
    const settings = {
      name: `node${at}`,
      'data-dir': join(this.#folder, `etcd${at}`),
      'listen-client-urls': this.#clientUrl(at),
      'advertise-client-urls': this.#clientUrl(at),
      'listen-peer-urls': this.#peerUrl(at),
      'initial-advertise-peer-urls': this.#peerUrl(at),
      'initial-cluster': peers.join(','),
      'quota-backend-bytes': `${8 * 2 ** 30}`,
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  }

  #numbers = (): number[] => Array.from({ length: NODES }, (_, at) => at);
  #clientUrl = (at: number): string => `http://${HOST}:${this.#ports[at]}`;
  #peerUrl = (at: number): string => `http://${HOST}:${this.#ports[NODES + at]}`;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok;
  } catch {
    return false;
  }
}
