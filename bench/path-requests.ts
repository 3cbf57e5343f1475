/** Requests of the path bench as bytes, and how many of them are answered. */
import { asciiBytes } from '../src/base/text.ts';
import { newRequestView, writeRequest } from '../src/core/protocol/client.ts';
import { FrameWriter } from '../src/core/protocol/frame-writer.ts';
import { NO_STATUS, ReplyReader } from '../src/core/protocol/replies.ts';
import { FLAG, REQUEST } from '../src/core/protocol/wire.ts';
import type { ConnectionId } from '../src/ports/net.ts';

export interface PathShape {
  readonly kind: 'get' | 'put' | 'stale';
  readonly connections: number;
  readonly pipeline: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** One key after the other, or drawn. */
  readonly isSequential: boolean;
}

export class PathRequests {
  readonly connections: readonly ConnectionId[];
  readonly #shape: PathShape;
  readonly #writer = new FrameWriter(0);
  readonly #view = newRequestView();
  readonly #reader = new ReplyReader();
  #random = 1;
  #key = 0;
  #asked = 0;
  #answered = 0;

  constructor(shape: PathShape, firstConnection: ConnectionId) {
    this.#shape = shape;
    this.connections = Array.from({ length: shape.connections }, (_, at) => firstConnection + at);
    this.#view.command = shape.kind === 'put' ? REQUEST.PUT : REQUEST.GET;
    this.#view.flags = shape.kind === 'stale' ? FLAG.STALE : 0;
    this.#view.value = new Uint8Array(shape.valueBytes).fill(0x76);
  }

  get batchSize(): number {
    return this.#shape.connections * this.#shape.pipeline;
  }

  get isAnswered(): boolean {
    return this.#answered === this.#asked;
  }

  /** A pipeline's worth of requests of every connection. */
  next(): { readonly connection: ConnectionId; readonly bytes: Uint8Array }[] {
    return this.connections.map((connection) => {
      for (let seq = 0; seq < this.#shape.pipeline; seq++) {
        this.#view.seq = seq;
        this.#view.key = asciiBytes(`key:${`${this.#nextKey()}`.padStart(16, '0')}`);
        writeRequest(this.#writer, this.#view);
      }
      this.#asked += this.#shape.pipeline;
      return { connection, bytes: this.#writer.take() };
    });
  }

  answer(bytes: Uint8Array): void {
    const reader = this.#reader;
    reader.clear();
    reader.receive(bytes);
    const isFailed = reader.status.subarray(0, reader.count).includes(NO_STATUS);
    if (isFailed || reader.broken) throw new Error('a request of the bench was refused');
    this.#answered += reader.count;
  }

  #nextKey(): number {
    const { keys, isSequential } = this.#shape;
    if (isSequential) return this.#key++ % keys;
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#random / 2 ** 32) * keys);
  }
}
