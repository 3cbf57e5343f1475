/**
 * A client that reads from one node while that node is cut off, and maybe stands still: what the others
 * write meanwhile must not be missing from what it is told.
 *
 * It connects before the node is out of reach, and asks for everything it knows again and again. Only
 * answers count: the history holds a read that is refused, or never answered, as saying nothing.
 */
import { asciiBytes } from '../../src/base/text.ts';
import type { NodeId } from '../../src/base/units.ts';
import { newRequestView, writeRequest } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import { NO_STATUS, ReplyReader, readRefusal } from '../../src/core/protocol/replies.ts';
import { REQUEST } from '../../src/core/protocol/wire.ts';
import type { ClientConnection } from '../world/net-clients.ts';
import type { ClientSink } from '../world/net-connection.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { World } from '../world/world.ts';
import { resultOf } from './actions.ts';
import { checkDeserved } from './deserved.ts';
import type { History, Pending } from './history.ts';

const WATCH_EVENT = eventKind('watch');
const ROUNDS_MAX = 8;
const KEYS_MAX = 6;

const GET = { name: 'get' } as const;

export interface WatcherOptions {
  readonly world: World;
  readonly history: History;
  readonly stream: Stream;
  readonly name: string;
  /** Of the workload. */
  readonly keys: number;
  /** Used by no other connection. */
  readonly order: number;
}

export class Watcher implements ClientSink {
  readonly #options: WatcherOptions;
  readonly #reader = new ReplyReader();
  readonly #writer = new FrameWriter(7);
  /** In the order of their requests. */
  readonly #asked: Pending[] = [];
  #connection: ClientConnection | null = null;
  #isConnected = false;
  #nextSeq = 1;
  #lastAnswered = 0;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** Reads from `node` at drawn moments within `spanMs`, and hangs up some time later. */
  watch(node: NodeId, spanMs: number): void {
    const { world, stream, name } = this.#options;
    this.#connection = world.net.connect(node, name, this);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      this.#after(stream.between(1, spanMs), () => this.#ask());
    }
    this.#after(2 * spanMs + stream.between(1, spanMs), () => this.#hangUp());
  }

  connected(): void {
    this.#isConnected = true;
  }

  received(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.clear();
    reader.receive(bytes);
    for (let row = 0; row < reader.count; row++) this.#take(row);
    if (reader.broken) throw new Error('a node sent what is no reply');
  }

  closed(): void {
    this.#connection = null;
    for (const pending of this.#asked.splice(0)) this.#options.history.lost(pending);
  }

  #after(delayMs: number, act: () => void): void {
    this.#options.world.scheduler.after(delayMs * 1_000, WATCH_EVENT, 0, act);
  }

  #ask(): void {
    const { history, name, keys, stream, order } = this.#options;
    if (this.#connection === null || !this.#isConnected) return;
    for (let count = Math.min(keys, KEYS_MAX); count > 0; count--) {
      const key = `k${stream.below(keys)}`;
      const view = newRequestView();
      view.command = REQUEST.GET;
      view.key = asciiBytes(key);
      view.seq = this.#nextSeq++;
      writeRequest(this.#writer, view);
      this.#asked.push(history.call(name, key, GET, order));
    }
    this.#connection.send(this.#writer.take());
  }

  #take(row: number): void {
    const { history } = this.#options;
    const pending = this.#asked.shift();
    const isNext = this.#reader.seq[row] === ++this.#lastAnswered;
    if (pending === undefined || !isNext) throw new Error('a reply out of order, or to nothing');
    const status = this.#reader.status[row]!;
    if (status === NO_STATUS) {
      checkDeserved(readRefusal(this.#reader, row).code);
      history.lost(pending);
    } else history.answered(pending, resultOf(GET, status, this.#reader.value(row)));
  }

  #hangUp(): void {
    this.#connection?.close(this.#options.stream.permille(300));
    this.closed();
  }
}
