/** The clients of one cluster: six, two at home at each node, every other one with a session. */

import type { WorkloadConfig } from '../../sim/run/config.ts';
import type { Streams } from '../../sim/world/streams.ts';
import type { Cluster } from './cluster.ts';
import { Ledger } from './ledger.ts';
import { LoadClient } from './load-client.ts';
import type { Recorder } from './recorder.ts';
import { verify } from './verify.ts';

const CLIENTS = 6;

const WORKLOAD: WorkloadConfig = {
  clients: CLIENTS,
  keys: 6,
  pipeline: 6,
  thinkMs: 40,
  valueBytesMax: 400,
  weights: [30, 0, 25, 6, 10, 8, 6],
  sessionPermille: 500,
  patienceMs: 0,
  dawdlePermille: 0,
  expiringMs: 0,
  roughMs: 0,
  burstMs: 0,
  rudeMs: 0,
};

export class Load {
  readonly ledger = new Ledger();
  readonly recorder: Recorder;
  readonly #cluster: Cluster;
  readonly #clients: LoadClient[];
  #epoch = 0;
  #touched = new Set<string>();
  #isWorking = false;

  constructor(cluster: Cluster, recorder: Recorder, streams: Streams) {
    this.#cluster = cluster;
    this.recorder = recorder;
    const touched = (key: string) => this.#touched.add(key);
    this.#clients = Array.from({ length: CLIENTS }, (_, at) => {
      const name = `${cluster.name}-${at + 1}`;
      const homeward = [0, 1, 2].map((step) => cluster.address(((at + step) % 3) + 1));
      return new LoadClient({
        name,
        addresses: homeward,
        usesSession: at >= CLIENTS / 2,
        stream: streams.stream(`client/${name}`),
        workload: WORKLOAD,
        recorder,
        ledger: this.ledger,
        touched,
      });
    });
  }

  /** Goes on, or begins, under fresh keys: a key's history stays short enough to be judged. */
  work(): void {
    this.#isWorking = true;
    this.#epoch++;
    for (const client of this.#clients) client.work(`${this.#cluster.name}.${this.#epoch}.`);
  }

  /** Stops the clients, then reads back at every node all that was written since the last time. */
  async restAndVerify(): Promise<void> {
    if (!this.#isWorking) return;
    this.#isWorking = false;
    await Promise.all(this.#clients.map((client) => client.rest()));
    const keys = [...this.#touched];
    this.#touched = new Set();
    await verify(this.#cluster, { recorder: this.recorder, ledger: this.ledger, keys });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
