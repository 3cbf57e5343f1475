/**
 * Writes at short, regular intervals at some nodes, to see when writes stop and when they resume.
 *
 * Each write has a key of its own in the ledger and waits for nobody; what was asked before a fault
 * and is acknowledged after it proves nothing, so resuming goes by when a write was asked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../../src/client/connection.ts';
import type { Cluster } from './cluster.ts';
import type { Load } from './load.ts';
import { putOf, record, viewOf } from './requests.ts';
import { demand } from './verdict.ts';

const EVERY_MS = 20;
const PATIENCE_MS = 10_000;
const RESUME_WITHIN_MS = 15_000;

interface Acknowledged {
  readonly askedAt: number;
  readonly answeredAt: number;
}

export class Pulse {
  readonly #load: Load;
  readonly #connections: readonly Connection[];
  readonly #name: string;
  readonly #acknowledged: Acknowledged[] = [];
  readonly #loop: Promise<void>;
  #serial = 0;
  #isOver = false;

  private constructor(load: Load, name: string, connections: readonly Connection[]) {
    this.#load = load;
    this.#name = name;
    this.#connections = connections;
    this.#loop = this.#run();
  }

  /** Begins at the nodes `ids`. `name` must be new. */
  static async start(
    cluster: Cluster,
    load: Load,
    { name, ids }: { readonly name: string; readonly ids: readonly number[] },
  ): Promise<Pulse> {
    const connections: Connection[] = [];
    for (const id of ids) {
      const made = await Connection.open(cluster.address(id), PATIENCE_MS);
      demand(typeof made !== 'string', `node ${id} cannot be reached: ${made}`);
      connections.push(made);
    }
    return new Pulse(load, `${cluster.name}-${name}`, connections);
  }

  /** Until the first acknowledgement of a write that was asked after `sinceMs`. */
  async resumed(sinceMs: number): Promise<number> {
    const giveUpAt = performance.now() + RESUME_WITHIN_MS;
    for (;;) {
      const first = this.#acknowledged.find(({ askedAt }) => askedAt >= sinceMs);
      if (first !== undefined) return first.answeredAt - sinceMs;
      demand(performance.now() < giveUpAt, `no write within ${RESUME_WITHIN_MS / 1000} s`);
      await sleep(2);
    }
  }

  /** The longest time without an acknowledgement since `sinceMs`. */
  longestGap(sinceMs: number): number {
    const times = this.#acknowledged
      .map(({ answeredAt }) => answeredAt)
      .filter((at) => at >= sinceMs)
      .sort((left, right) => left - right);
    let longest = 0;
    let last = sinceMs;
    for (const at of [...times, performance.now()]) {
      longest = Math.max(longest, at - last);
      last = at;
    }
    return longest;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
    for (const connection of this.#connections) connection.close();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      for (const connection of this.#connections) if (connection.isOpen) this.#beat(connection);
      await sleep(EVERY_MS);
    }
  }

  #beat(connection: Connection): void {
    const { recorder, ledger } = this.#load;
    const value = `${this.#name}.${++this.#serial}`;
    const action = putOf(`ledger.${value}`, value);
    const asked = recorder.call(this.#name, action.key, action.call);
    const askedAt = performance.now();
    ledger.uncertain.set(action.key, value);
    void connection.request(viewOf(action)).then((answer) => {
      const { fate } = record(recorder, asked, answer);
      if (fate !== 'lost') ledger.uncertain.delete(action.key);
      if (fate !== 'answered') return;
      ledger.acknowledged.set(action.key, value);
      this.#acknowledged.push({ askedAt, answeredAt: performance.now() });
    });
  }
}
