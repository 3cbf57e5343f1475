/**
 * A simulated client: it speaks the real wire protocol over a simulated connection, keeps several
 * requests in flight, and writes down what it asked and what it was told.
 *
 * 1. Every value it writes is unique, so that a read tells which write it saw.
 * 2. A connection that ends leaves the outcome of its unanswered writes unknown; a client with a
 *    session asks again, under the same sequence, until it is told.
 * 3. A session with nothing under way is closed now and then, and another one opened.
 */

import { errorRow, isErrorCode } from '../../src/base/errors.ts';
import { asciiBytes } from '../../src/base/text.ts';
import type { NodeId } from '../../src/base/units.ts';
import { newRequestView, type RequestView, writeRequest } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import { NO_STATUS, ReplyReader, readRefusal } from '../../src/core/protocol/replies.ts';
import { FLAG, REPLY, REQUEST } from '../../src/core/protocol/wire.ts';
import { STATUS } from '../../src/core/types.ts';
import type { ClientProbes, Retry } from '../check/probes/clients.ts';
import type { SimulatedNet } from '../world/net.ts';
import type { ClientConnection } from '../world/net-clients.ts';
import type { Scheduler } from '../world/scheduler.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import { drawAction, GROWING, put, resultOf, statusNamed } from './actions.ts';
import { ClientSession } from './client-session.ts';
import type { WorkloadConfig } from './config.ts';
import { Dawdling } from './dawdling.ts';
import { checkDeserved } from './deserved.ts';
import type { History, Pending } from './history.ts';
import { Retries } from './retries.ts';

const CLIENT_EVENT = eventKind('client');
const CONNECT_MS_MAX = 1_000;
const CLOSE_PERMILLE = 20;
/** A client that a node refuses to serve tries another one, sooner or later; in the calm at once. */
const MOVE_PERMILLE = 150;

/** A request without an answer. */
interface Asked {
  readonly seq: number;
  /** Position in the session; 0: sessionless. */
  readonly sequence: number;
  readonly view: RequestView;
  /** Null for what is not part of the history: opening or closing a session, stale reads. */
  readonly pending: Pending | null;
  askedAtMs: number;
  /** Null: asked once. */
  retry: Retry | null;
  tries: number;
}

export interface ClientOptions {
  readonly name: string;
  readonly net: SimulatedNet;
  readonly scheduler: Scheduler;
  readonly stream: Stream;
  /** Decides when it stops reading, apart from all else. */
  readonly dawdling: Stream;
  readonly workload: WorkloadConfig;
  readonly nodes: readonly NodeId[];
  readonly history: History;
  readonly probes: ClientProbes;
  /** Whether the group of this key is the one that sessions are opened in. */
  readonly isOfSession: (key: Uint8Array) => boolean;
  /** Numbers that are used once in the run. */
  readonly nextOrder: () => number;
}

export class SimulatedClient {
  readonly #options: ClientOptions;
  readonly #writer = new FrameWriter(7);
  #reader = new ReplyReader();
  #connection: ClientConnection | null = null;
  #isConnected = false;
  #connectingSinceMs = 0;
  #connectionOrder = 0;
  #epoch = 0;
  #asked: Asked[] = [];
  #nextSeq = 1;
  #serial = 0;
  readonly #retries = new Retries<Asked>();
  readonly #dawdling: Dawdling;
  readonly #usesSession: boolean;
  readonly #session = new ClientSession();
  /** By key: what the newest answer said that it holds. */
  readonly #lastSeen = new Map<string, string | null>();
  #isRefused = false;
  isStopped = false;
  /** What is still to be probed; null: an ordinary client. */
  #probes: { readonly key: string; readonly isWrite: boolean }[] | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#dawdling = new Dawdling(options.dawdling, options.workload.dawdlePermille);
    this.#usesSession =
      options.name !== 'probe' && options.stream.permille(options.workload.sessionPermille);
  }

  start(): void {
    this.#tickAfter(this.#options.stream.below(5_000));
  }

  /** Reads and then writes each of `keys`, once, asking again whatever is refused or lost. */
  startProbing(keys: readonly string[]): void {
    this.#probes = keys.flatMap((key) => [
      { key, isWrite: false },
      { key: `p${key}`, isWrite: true },
    ]);
    this.start();
  }

  /** Whether the session is the client's, or it may yet be told so. */
  mayOwn = (id: number): boolean => this.#session.mayBe(id);

  /** Nothing waits for an answer. */
  get isIdle(): boolean {
    return this.#asked.length === 0 && this.#retries.waiting.length === 0;
  }

  isDone(): boolean {
    return this.#probes !== null && this.#probes.length === 0 && this.#asked.length === 0;
  }

  #nowMs(): number {
    return Math.floor(this.#options.scheduler.nowUs() / 1_000);
  }

  #tickAfter(delayUs: number): void {
    this.#options.scheduler.after(delayUs, CLIENT_EVENT, 0, () => this.#tick());
  }

  #tick(): void {
    const { stream, workload } = this.#options;
    if (this.isStopped && this.isIdle) return;
    if (this.#connection === null) this.#connect();
    else if (this.#isDawdling(this.#connection)) this.#ask();
    else if (this.#isOutOfPatience()) this.#drop(true);
    else if (!this.#isConnected) this.#wait();
    else if (this.#probes !== null) this.#askProbe(this.#probes);
    else this.#askOn();
    // A probe has nothing to wait for.
    const thinkMs = this.#probes === null ? workload.thinkMs : 0;
    this.#tickAfter(500 + stream.below(Math.max(1, thinkMs * 2_000)));
  }

  #askOn(): void {
    this.#askAgain();
    if (!this.isStopped) this.#ask();
  }

  #isDawdling(connection: ClientConnection): boolean {
    if (!this.#isConnected || this.#probes !== null) return false;
    if (!this.isStopped) return this.#dawdling.isUnder(connection, this.#nowMs());
    this.#dawdling.end(connection);
    return false;
  }

  /** A node that neither accepts nor refuses is given up too. */
  #wait(): void {
    const patienceMs = Math.min(this.#options.workload.patienceMs, CONNECT_MS_MAX);
    if (this.#nowMs() - this.#connectingSinceMs > patienceMs) this.#drop(true);
  }

  #isOutOfPatience(): boolean {
    const oldest = this.#asked[0];
    if (oldest === undefined || !this.#isConnected) return false;
    return this.#nowMs() - oldest.askedAtMs > this.#options.workload.patienceMs;
  }

  #connect(): void {
    const { net, stream, nodes, name } = this.#options;
    const epoch = ++this.#epoch;
    const isCurrent = (): boolean => epoch === this.#epoch;
    this.#reader = new ReplyReader();
    this.#connectingSinceMs = this.#nowMs();
    this.#connectionOrder = this.#options.nextOrder();
    this.#connection = net.connect(stream.pick(nodes), name, {
      connected: () => {
        if (isCurrent()) this.#resume();
      },
      received: (bytes) => {
        if (isCurrent()) this.#receive(bytes);
      },
      closed: () => {
        if (isCurrent()) this.#drop(false);
      },
    });
  }

  /** A new connection: what a session asked is asked again, the same sequences in order. */
  #resume(): void {
    this.#isConnected = true;
    for (const asked of this.#asked) {
      asked.askedAtMs = this.#nowMs();
      asked.retry ??= this.#options.probes.retried(asked.view.key);
      writeRequest(this.#writer, asked.view);
    }
    this.#flush();
  }

  /** What was refused under this session, under the same sequences. */
  #askAgain(): void {
    if (this.#retries.waiting.length === 0) return;
    for (const asked of this.#retries.take()) {
      if (asked.view.session !== this.#session.id) this.#options.history.lost(asked.pending!);
      else this.#sendAgain(asked);
    }
    this.#flush();
  }

  #sendAgain(asked: Asked): void {
    const seq = this.#nextSeq++;
    asked.view.seq = seq;
    asked.retry ??= this.#options.probes.retried(asked.view.key);
    this.#asked.push({ ...asked, seq, askedAtMs: this.#nowMs() });
    writeRequest(this.#writer, asked.view);
  }

  /** The connection is over. Without a session nobody can tell what became of the writes. */
  #drop(isOurs: boolean): void {
    const { history, stream } = this.#options;
    this.#epoch++;
    this.#dawdling.reset();
    if (isOurs) this.#connection?.close(stream.permille(500));
    this.#connection = null;
    this.#isConnected = false;
    const kept: Asked[] = [];
    for (const asked of this.#asked) {
      if (asked.sequence > 0 && asked.view.session === this.#session.id) kept.push(asked);
      else if (asked.pending !== null) history.lost(asked.pending);
    }
    this.#asked = kept;
    this.#session.isOpening = false;
  }

  #ask(): void {
    const { stream, workload } = this.#options;
    const room = workload.pipeline - this.#asked.length - this.#retries.waiting.length;
    const session = this.#session;
    if (room <= 0 || session.isClosing) return;
    if (session.id !== 0 && this.isIdle && stream.permille(CLOSE_PERMILLE)) {
      const view = session.close();
      this.#sendNow({ view, pending: null, sequence: view.sequence });
      return;
    }
    if (this.#usesSession && session.id === 0) {
      const mayOpen = !session.isOpening && this.#asked.length === 0;
      if (mayOpen) this.#sendNow({ view: session.open(), pending: null, sequence: 0 });
      return;
    }
    const count = stream.between(1, room);
    for (let n = 0; n < count; n++) this.#askOne();
    this.#flush();
  }

  /** One at a time; it leaves the list when it is answered. */
  #askProbe(probes: { readonly key: string; readonly isWrite: boolean }[]): void {
    const next = probes[0];
    if (next === undefined || this.#asked.length > 0) return;
    const view = newRequestView();
    view.command = next.isWrite ? REQUEST.PUT : REQUEST.GET;
    view.key = asciiBytes(next.key);
    const value = `${this.#options.name}.${++this.#serial}`;
    view.value = asciiBytes(value);
    const call = next.isWrite ? put(value) : ({ name: 'get' } as const);
    const pending = this.#options.history.call(
      this.#options.name,
      next.key,
      call,
      this.#connectionOrder,
    );
    this.#send({ view, pending, sequence: 0 });
    this.#flush();
  }

  #askOne(): void {
    const { stream, workload, history, name } = this.#options;
    const serial = `${name}.${++this.#serial}`;
    const action = drawAction(stream, workload, serial, this.#lastSeen);
    const view = newRequestView();
    view.command = action.command;
    view.flags = action.flags;
    view.key = asciiBytes(action.key);
    view.value = asciiBytes(action.value);
    view.expected = action.expected === null ? null : asciiBytes(action.expected);
    let sequence = 0;
    if (this.#session.id > 0 && action.isWrite && this.#options.isOfSession(view.key)) {
      sequence = this.#session.use(view);
      view.lowestUnacknowledged = this.#lowestSequence(sequence);
    }
    const isStale = (view.flags & FLAG.STALE) !== 0;
    // A request under a session may be asked again: it is ordered with no other.
    const order = sequence > 0 ? this.#options.nextOrder() : this.#connectionOrder;
    const pending = isStale ? null : history.call(name, action.key, action.call, order);
    this.#send({ view, pending, sequence });
  }

  #lowestSequence(fallback: number): number {
    let lowest = fallback;
    for (const { sequence } of [...this.#asked, ...this.#retries.waiting]) {
      if (sequence > 0 && sequence < lowest) lowest = sequence;
    }
    return lowest;
  }

  #sendNow(request: Omit<Asked, 'seq' | 'askedAtMs' | 'retry' | 'tries'>): void {
    this.#send(request);
    this.#flush();
  }

  #send(request: Omit<Asked, 'seq' | 'askedAtMs' | 'retry' | 'tries'>): void {
    const seq = this.#nextSeq++;
    request.view.seq = seq;
    this.#asked.push({ ...request, seq, askedAtMs: this.#nowMs(), retry: null, tries: 0 });
    writeRequest(this.#writer, request.view);
  }

  #flush(): void {
    if (this.#writer.pendingBytes > 0) this.#connection?.send(this.#writer.take());
  }

  #receive(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.clear();
    reader.receive(bytes);
    this.#isRefused = false;
    for (let row = 0; row < reader.count; row++) this.#take(row);
    if (reader.broken) throw new Error('a node sent what is no reply');
    if (this.#isRefused && this.#isToMove()) this.#drop(true);
  }

  #isToMove(): boolean {
    if (this.isStopped) return true;
    return this.#asked.length === 0 && this.#options.stream.permille(MOVE_PERMILLE);
  }

  #take(row: number): void {
    const reader = this.#reader;
    const at = this.#asked.findIndex(({ seq }) => seq === reader.seq[row]);
    if (at !== 0) throw new Error('a reply out of order, or to nothing that was asked');
    const asked = this.#asked.shift()!;
    const isDone = reader.status[row] === STATUS.OK;
    const { command } = asked.view;
    if (this.#session.answered(command, isDone, reader.revision[row]!)) return;
    this.#record(asked, row);
  }

  #record(asked: Asked, row: number): void {
    const reader = this.#reader;
    const { history, probes } = this.#options;
    const status = reader.status[row]!;
    if (status === NO_STATUS) {
      this.#recordRefusal(asked, row);
      return;
    }
    const { call } = asked.pending ?? { call: { name: 'get' as const } };
    const result = resultOf(call, status, reader.value(row));
    if (this.#probes !== null) this.#probes.shift();
    if (call.name === 'get') this.#lastSeen.set(asciiText(asked.view.key), result);
    probes.answered(reader.revision[row]!, asked.retry);
    if (GROWING.has(call.name)) probes.grew(asked.view.key);
    if (asked.pending !== null) history.answered(asked.pending, result);
    else history.staleReads++;
  }

  #recordRefusal(asked: Asked, row: number): void {
    const { history, probes } = this.#options;
    const { code } = readRefusal(this.#reader, row);
    probes.refused(code, asked.view.key);
    checkDeserved(code);
    if (this.#reader.command[row] !== REPLY.ERROR && this.#reader.command[row] !== REPLY.FAILURE) {
      throw new Error(`an unexpected reply to ${asked.view.command}`);
    }
    this.#isRefused = true;
    if (code === 'SESSION_EXPIRED') this.#session.expired(asked.view.session);
    // Whoever is refused for lack of room was served.
    if (code === 'QUOTA_EXCEEDED') this.#probes?.shift();
    if (asked.pending === null || this.#retries.keep(asked, this.#session.id, code)) return;
    const { call } = asked.pending;
    const seen = resultOf(call, statusNamed(code), new Uint8Array(0));
    if (seen !== null && call.name !== 'get') history.answered(asked.pending, seen);
    else if (isErrorCode(code) && errorRow(code).outcome === 'not-applied') {
      // A retry under a session may be refused though the first attempt was executed.
      if (asked.sequence > 0) history.lost(asked.pending);
      else if (code === 'QUOTA_EXCEEDED') history.declined(asked.pending);
      else history.void(asked.pending);
    } else history.lost(asked.pending);
  }
}

const asciiText = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
