/**
 * A read that a deposed leader must not answer from what it still believes.
 *
 * The connection to the leader is made, and the first value written, while all is well. The second
 * value is written elsewhere after the leader was cut off; only then is the read sent to it.
 */
import type { Answer } from '../../src/client/answer.ts';
import { Connection, type Lost } from '../../src/client/connection.ts';
import type { Cluster } from './cluster.ts';
import type { Load } from './load.ts';
import { getOf, putOf, record, viewOf } from './requests.ts';
import { demand } from './verdict.ts';

const PATIENCE_MS = 12_000;
const TRIES_MAX = 40;

export class Marker {
  readonly #key: string;
  readonly #load: Load;
  readonly #atLeader: Connection;
  readonly #elsewhere: Connection;

  private constructor(key: string, load: Load, connections: readonly [Connection, Connection]) {
    this.#key = key;
    this.#load = load;
    [this.#atLeader, this.#elsewhere] = connections;
  }

  static async place(
    cluster: Cluster,
    load: Load,
    { name, leader }: { readonly name: string; readonly leader: number },
  ): Promise<Marker> {
    const [other] = cluster.others(leader);
    const atLeader = await Connection.open(cluster.address(leader), PATIENCE_MS);
    const elsewhere = await Connection.open(cluster.address(other!), PATIENCE_MS);
    demand(typeof atLeader !== 'string' && typeof elsewhere !== 'string', 'no connection');
    const key = `${cluster.name}.marker.${name}`;
    const marker = new Marker(key, load, [atLeader, elsewhere]);
    await marker.#write('first');
    return marker;
  }

  /** The second value, acknowledged by whoever leads now. */
  async move(): Promise<void> {
    await this.#write('second');
  }

  /** Sends the read to the former leader now; the word says, later, what came of it. */
  async ask(): Promise<string> {
    const action = getOf(this.#key);
    const asked = this.#load.recorder.call(`${this.#key}-reader`, action.key, action.call);
    const answer = await this.#atLeader.request(viewOf(action));
    const { fate, result } = record(this.#load.recorder, asked, answer);
    demand(fate !== 'answered' || result === 'second', `a stale read: ${result}`);
    return fate === 'answered' ? 'the new value' : wordFor(answer);
  }

  close(): void {
    this.#atLeader.close();
    this.#elsewhere.close();
  }

  /** Until it is acknowledged: a try that is refused was certainly not applied. */
  async #write(value: string): Promise<void> {
    const { recorder } = this.#load;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const action = putOf(this.#key, value);
      const asked = recorder.call(`${this.#key}-writer`, action.key, action.call);
      const { fate } = record(recorder, asked, await this.#elsewhere.request(viewOf(action)));
      if (fate === 'answered') return;
    }
    demand(false, `the marker cannot be set to its ${value} value`);
  }
}

const wordFor = (answer: Answer | Lost): string =>
  answer.kind === 'refused' ? `refused: ${answer.code}` : answer.kind;
