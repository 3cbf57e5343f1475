/**
 * A client under load: keeps several requests in flight over one connection to one node, writes
 * values that nobody else writes, and writes down what it was told.
 *
 * 1. Each client has a node where it is at home. It goes elsewhere when home cannot be reached, and
 *    comes back when it is told to.
 * 2. A client with a session asks again, under the same sequence, for whatever it was not answered;
 *    without one the outcome of a lost write stays unknown.
 * 3. Every few writes one is for the ledger.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Action, drawAction } from '../../sim/run/actions.ts';
import type { WorkloadConfig } from '../../sim/run/config.ts';
import type { Stream } from '../../sim/world/streams.ts';
import type { Address } from '../../src/client/address.ts';
import type { Answer } from '../../src/client/answer.ts';
import { Connection, type Lost } from '../../src/client/connection.ts';
import { newRequestView, type RequestView } from '../../src/core/protocol/client.ts';
import { FLAG, REQUEST } from '../../src/core/protocol/wire.ts';
import type { Ledger } from './ledger.ts';
import type { Asked, Recorder } from './recorder.ts';
import { putOf, record, viewOf } from './requests.ts';

/** Longer than any pause of a node, so that what waits in a paused node's socket is answered late. */
const PATIENCE_MS = 8000;
const DIAL_AGAIN_MS = 50;
const LEDGER_PERMILLE = 200;

export interface LoadClientOptions {
  readonly name: string;
  /** The first is home. */
  readonly addresses: readonly Address[];
  readonly usesSession: boolean;
  readonly stream: Stream;
  readonly workload: WorkloadConfig;
  readonly recorder: Recorder;
  readonly ledger: Ledger;
  /** Called when a key is used for the first time. */
  readonly touched: (key: string) => void;
}

interface Flight {
  readonly asked: Asked;
  readonly view: RequestView;
  /** Position in the session; 0: sessionless. */
  readonly sequence: number;
  readonly ledgerKey: string | null;
  isRepeated: boolean;
}

/** Half of the swaps expect what was there lately: see below. */
const NOTHING_SEEN: ReadonlyMap<string, string | null> = new Map();

export class LoadClient {
  readonly #options: LoadClientOptions;
  #connection: Connection | null = null;
  #at = 0;
  #inFlight: Flight[] = [];
  /** Of the session, without an answer; to be asked again first of all, in this order. */
  #again: Flight[] = [];
  #session = 0;
  #sequence = 0;
  #serial = 0;
  #prefix = '';
  readonly #seen = new Map<string, string>();
  #isResting = true;
  #isOver = false;
  readonly #loop: Promise<void>;

  constructor(options: LoadClientOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  /** From now on under keys with this prefix, and from home if that can be reached. */
  work(prefix: string): void {
    this.#prefix = prefix;
    this.#seen.clear();
    this.#isResting = false;
    if (this.#at !== 0) this.#leave();
  }

  /** Asks no more; resolves when everything is answered or given up. */
  async rest(): Promise<void> {
    this.#isResting = true;
    while (this.#inFlight.length > 0 || this.#again.length > 0) await sleep(10);
  }

  async close(): Promise<void> {
    this.#isResting = true;
    this.#isOver = true;
    await this.#loop;
    this.#leave();
    for (const flight of [...this.#inFlight, ...this.#again]) this.#giveUp(flight);
  }

  #leave(): void {
    this.#at = 0;
    this.#connection?.close();
    this.#connection = null;
  }

  async #run(): Promise<void> {
    const { stream, workload } = this.#options;
    while (!this.#isOver) {
      if (this.#connection?.isOpen !== true) await this.#connect();
      else if (!this.#isResting) await this.#ask(this.#connection);
      await sleep(stream.between(1, 2 * workload.thinkMs));
    }
  }

  async #connect(): Promise<void> {
    const { addresses } = this.#options;
    const made = await Connection.open(addresses[this.#at]!, PATIENCE_MS);
    if (typeof made === 'string') {
      this.#at = (this.#at + 1) % addresses.length;
      await sleep(DIAL_AGAIN_MS);
      return;
    }
    this.#connection = made;
    const again = this.#again;
    this.#again = [];
    for (const flight of again) this.#send(made, flight);
  }

  async #ask(connection: Connection): Promise<void> {
    const { stream, workload, usesSession } = this.#options;
    if (usesSession && this.#session === 0) {
      await this.#openSession(connection);
      return;
    }
    const room = workload.pipeline - this.#inFlight.length;
    const count = room <= 0 ? 0 : stream.between(1, room);
    for (let n = 0; n < count; n++) this.#askOne(connection);
  }

  async #openSession(connection: Connection): Promise<void> {
    const view = { ...newRequestView(), command: REQUEST.OPEN_SESSION };
    const answer = await connection.request(view);
    if (answer.kind !== 'result') return;
    this.#session = answer.revision;
    this.#sequence = 0;
  }

  #askOne(connection: Connection): void {
    const { recorder, name, touched, ledger } = this.#options;
    const action = this.#draw();
    const view = viewOf(action);
    const sequence = this.#session > 0 && action.isWrite ? ++this.#sequence : 0;
    if (sequence > 0) {
      view.flags |= FLAG.SESSION;
      view.session = this.#session;
      view.sequence = sequence;
      view.lowestUnacknowledged = this.#lowestSequence(sequence);
    }
    const isLedger = action.key.startsWith('ledger');
    if (isLedger) ledger.uncertain.set(action.key, action.value);
    else touched(action.key);
    const ledgerKey = isLedger ? action.key : null;
    const asked = recorder.call(name, action.key, action.call);
    this.#send(connection, { asked, view, sequence, ledgerKey, isRepeated: false });
  }

  #draw(): Action {
    const { stream, workload, name } = this.#options;
    const serial = `${name}.${++this.#serial}`;
    if (stream.permille(LEDGER_PERMILLE)) return putOf(`ledger.${serial}`, serial);
    const drawn = drawAction(stream, workload, serial, NOTHING_SEEN);
    const action = { ...drawn, key: `${this.#prefix}${drawn.key}` };
    if (action.call.name !== 'swap') return action;
    // Half of them expect what was there lately, so that some hold and some do not.
    const expected = stream.permille(500) ? (this.#seen.get(action.key) ?? null) : null;
    return { ...action, expected, call: { ...action.call, expected } };
  }

  #lowestSequence(own: number): number {
    let lowest = own;
    for (const { sequence } of [...this.#inFlight, ...this.#again]) {
      if (sequence > 0 && sequence < lowest) lowest = sequence;
    }
    return lowest;
  }

  #send(connection: Connection, flight: Flight): void {
    this.#inFlight.push(flight);
    void connection.request(flight.view).then((answer) => this.#take(flight, answer));
  }

  #take(flight: Flight, answer: Answer | Lost): void {
    this.#inFlight.splice(this.#inFlight.indexOf(flight), 1);
    if (answer.kind === 'lost' && flight.sequence > 0 && !this.#isOver) {
      flight.isRepeated = true;
      this.#again.push(flight);
      return;
    }
    const { recorder, ledger } = this.#options;
    const { asked, ledgerKey } = flight;
    const { fate, result } = record(recorder, asked, answer, flight.isRepeated);
    const { key, call } = asked;
    if (call.name === 'get' && result !== null) this.#seen.set(key, result);
    if (answer.kind === 'refused' && answer.code === 'SESSION_EXPIRED') this.#session = 0;
    if (ledgerKey === null || fate === 'lost') return;
    const value = ledger.uncertain.get(ledgerKey)!;
    ledger.uncertain.delete(ledgerKey);
    if (fate === 'answered') ledger.acknowledged.set(ledgerKey, value);
  }

  #giveUp(flight: Flight): void {
    this.#options.recorder.lost(flight.asked);
  }
}
