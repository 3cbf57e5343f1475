/**
 * Three nodes of `kv serve`, their directories, and the ways between them.
 *
 * A proxied cluster's peers talk through forwarders that can be cut; clients and gossip do not (no
 * decision hangs on gossip).
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../src/client/address.ts';
import { freePort, HOST } from '../../src/runtime/testing/ports.ts';
import { LinkProxy } from './link-proxy.ts';
import { type Ended, NodeProcess } from './node-process.ts';
import { demand } from './verdict.ts';

const ANSWER_WITHIN_MS = 1000;
const POLL_EVERY_MS = 25;
const READY_WITHIN_MS = 30_000;

export interface Member {
  readonly id: number;
  readonly store: string;
}

/** One group as /health tells it; there is but one. */
export interface GroupHealth {
  readonly role: string;
  readonly leader: number | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly stateHash: string;
  readonly configuration: {
    readonly voters: readonly Member[];
    readonly outgoing: readonly Member[];
    readonly learners: readonly Member[];
  };
}

export interface Health {
  readonly status: 'ready' | 'unready';
  readonly node: number;
  readonly phase: string;
  readonly cluster: string | null;
  readonly store: string | null;
  readonly groups: readonly GroupHealth[];
  readonly checks: readonly { readonly name: string; readonly detail: string }[];
}

export interface Seat {
  readonly id: number;
  readonly port: number;
  process: NodeProcess | null;
}

export class Cluster {
  readonly name: string;
  readonly folder: string;
  readonly seats: readonly Seat[];
  readonly #proxies: ReadonlyMap<string, LinkProxy>;

  private constructor(
    at: { readonly name: string; readonly folder: string },
    seats: readonly Seat[],
    proxies: ReadonlyMap<string, LinkProxy>,
  ) {
    this.name = at.name;
    this.folder = at.folder;
    this.seats = seats;
    this.#proxies = proxies;
  }

  /** Boots three nodes below `folder` and waits until all are ready. */
  static async boot(
    at: { readonly name: string; readonly folder: string },
    isProxied: boolean,
  ): Promise<Cluster> {
    const taken = new Set<number>();
    const seats: Seat[] = [];
    for (const id of [1, 2, 3]) seats.push({ id, port: await freePort(taken), process: null });
    const proxies = new Map<string, LinkProxy>();
    for (const from of isProxied ? seats : []) {
      for (const to of seats.filter((seat) => seat !== from)) {
        proxies.set(`${from.id}>${to.id}`, await LinkProxy.open(to.port));
      }
    }
    mkdirSync(at.folder, { recursive: true });
    const cluster = new Cluster(at, seats, proxies);
    for (const { id } of seats) cluster.start(id);
    await cluster.untilReady();
    return cluster;
  }

  get ids(): number[] {
    return this.seats.map(({ id }) => id);
  }

  others(id: number): number[] {
    return this.ids.filter((other) => other !== id);
  }

  seat(id: number): Seat {
    return this.seats[id - 1]!;
  }

  address(id: number): Address {
    return { host: HOST, port: this.seat(id).port };
  }

  directory(id: number): string {
    return join(this.folder, `apex-${id}`);
  }

  logFile(id: number): string {
    return join(this.folder, `node-${id}.log`);
  }

  start(id: number): NodeProcess {
    const seat = this.seat(id);
    demand(!seat.process?.isRunning, `node ${id} runs already`);
    const args = ['--id', `${id}`, '--port', `${seat.port}`, '--peers', this.#peersOf(id)];
    const at = { logFile: this.logFile(id), folder: this.folder };
    seat.process = new NodeProcess(id, ['serve', ...args, '--wal-dir', this.folder], at);
    return seat.process;
  }

  async end(id: number, signal: NodeJS.Signals): Promise<Ended> {
    return await this.seat(id).process!.end(signal);
  }

  signal(id: number, signal: NodeJS.Signals): void {
    this.seat(id).process!.signal(signal);
  }

  wipe(id: number): void {
    rmSync(this.directory(id), { recursive: true });
  }

  /** Nothing passes any more on the links from and to `id`, or on those to it alone. */
  isolate(id: number, way: 'both' | 'inbound'): void {
    for (const [link, proxy] of this.#proxies) {
      const isInbound = link.endsWith(`>${id}`);
      if (isInbound || (way === 'both' && link.startsWith(`${id}>`))) proxy.cut();
    }
  }

  heal(): void {
    for (const proxy of this.#proxies.values()) proxy.heal();
  }

  async close(): Promise<void> {
    this.heal();
    const left = this.seats.flatMap(({ process }) => (process?.isRunning ? [process] : []));
    for (const process of left) process.signal('SIGCONT');
    await Promise.all(left.map((process) => process.end('SIGKILL')));
    for (const proxy of this.#proxies.values()) proxy.close();
  }

  /** Null: it does not answer. */
  async health(id: number): Promise<Health | null> {
    try {
      const url = `http://${HOST}:${this.seat(id).port + 2000}/health`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
      return (await answer.json()) as Health;
    } catch {
      return null;
    }
  }

  async healthOf(ids: readonly number[]): Promise<(Health | null)[]> {
    return await Promise.all(ids.map((id) => this.health(id)));
  }

  /** Of those that say so, the one of the highest term. */
  async leader(ids: readonly number[] = this.ids): Promise<number | null> {
    let found: { id: number; term: number } | null = null;
    for (const health of await this.healthOf(ids)) {
      const group = health?.groups[0];
      if (health === null || group?.role !== 'leader') continue;
      if (found === null || group.term > found.term) found = { id: health.node, term: group.term };
    }
    return found?.id ?? null;
  }

  async untilLed(ids: readonly number[] = this.ids): Promise<number> {
    let leader: number | null = null;
    await until('a leader', READY_WITHIN_MS, async () => {
      leader = await this.leader(ids);
      return leader !== null;
    });
    return leader!;
  }

  async untilReady(ids: readonly number[] = this.ids): Promise<void> {
    await until(`nodes ${ids.join(', ')} ready`, READY_WITHIN_MS, async () => {
      const lost = ids.find((id) => !this.seat(id).process?.isRunning);
      demand(lost === undefined, `node ${lost} has ended; see ${this.logFile(lost ?? 0)}`);
      return (await this.healthOf(ids)).every((health) => health?.status === 'ready');
    });
  }

  #peersOf(id: number): string {
    const peers = this.others(id).map((other) => {
      const proxy = this.#proxies.get(`${id}>${other}`);
      const { port } = this.seat(other);
      return `${HOST}:${port}${proxy === undefined ? '' : `/${proxy.port}`}:${other}`;
    });
    return peers.join(',');
  }
}

export async function until(
  what: string,
  withinMs: number,
  isReached: () => Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await isReached())) {
    demand(performance.now() < giveUpAt, `not within ${withinMs / 1000} s: ${what}`);
    await sleep(POLL_EVERY_MS);
  }
}
