/**
 * A decent client beside a storm: it reads and writes at short intervals, each request on its own, and
 * notes how long answers take. A request that is refused or lost is counted, not hidden.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from '../../src/client/address.ts';
import type { Answer } from '../../src/client/answer.ts';
import { Connection, type Lost } from '../../src/client/connection.ts';
import { newRequestView } from '../../src/core/protocol/client.ts';
import { FLAG, REQUEST } from '../../src/core/protocol/wire.ts';
import { demand } from '../integration/verdict.ts';

const EVERY_MS = 5;
const PATIENCE_MS = 20_000;
const KEY = new TextEncoder().encode('probe');

/** Milliseconds from request to answer. */
export interface Probed {
  readonly get: readonly [p50: number, p99: number];
  readonly put: readonly [p50: number, p99: number];
  readonly answered: number;
  readonly failed: number;
}

export class Prober {
  readonly #connection: Connection;
  readonly #loop: Promise<void>;
  #gets: number[] = [];
  #puts: number[] = [];
  #failed = 0;
  #serial = 0;
  #broken: unknown = null;
  #isOver = false;

  private constructor(connection: Connection) {
    this.#connection = connection;
    // Told where somebody asks.
    this.#loop = this.#run().catch((error: unknown) => {
      this.#broken = error;
    });
  }

  static async start(address: Address): Promise<Prober> {
    const connection = await Connection.open(address, PATIENCE_MS);
    demand(typeof connection !== 'string', `the prober is not let in: ${connection}`);
    return new Prober(connection);
  }

  /** What was measured since the last call. */
  take(): Probed {
    if (this.#broken !== null) throw this.#broken;
    const probed = {
      get: quantiles(this.#gets),
      put: quantiles(this.#puts),
      answered: this.#gets.length + this.#puts.length,
      failed: this.#failed,
    };
    this.#gets = [];
    this.#puts = [];
    this.#failed = 0;
    return probed;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#loop;
    this.#connection.close();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const value = new TextEncoder().encode(`${++this.#serial}`);
      const isPut = await this.#ask(REQUEST.PUT, value, this.#puts);
      const seen = await this.#ask(REQUEST.GET, null, this.#gets);
      const isSame = seen !== null && Buffer.from(seen).equals(value);
      demand(isPut === null || seen === null || isSame, 'a read does not show the write before it');
      demand(this.#connection.isOpen, 'the prober lost its connection');
      await sleep(EVERY_MS);
    }
  }

  /** The value of the answer; null: there is none. */
  async #ask(command: number, value: Uint8Array | null, times: number[]) {
    const view = { ...newRequestView(), command, flags: FLAG.TYPED, key: KEY };
    const askedAt = performance.now();
    const answer: Answer | Lost = await this.#connection.request(
      value === null ? view : { ...view, value },
    );
    if (answer.kind !== 'result') {
      this.#failed++;
      return null;
    }
    times.push(performance.now() - askedAt);
    return answer.value;
  }
}

function quantiles(times: readonly number[]): [number, number] {
  const sorted = [...times].sort((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return [at(0.5), at(0.99)];
}
