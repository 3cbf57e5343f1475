/**
 * PUTs through the client protocol, from one connection with a bounded number in flight: what the
 * memory bench loads with, since it wants another size with every value.
 *
 * A refusal ends it: a bench that lost writes has measured something else.
 */
import net from 'node:net';
import { newRequestView, writeRequest } from '../src/core/protocol/client.ts';
import { FrameWriter } from '../src/core/protocol/frame-writer.ts';
import { ReplyReader, readRefusal } from '../src/core/protocol/replies.ts';
import { REPLY, REQUEST } from '../src/core/protocol/wire.ts';

const HOST = '127.0.0.1';
/** Of requests, for a start; the node's own limit is 4,096. */
const PIPELINE = 1024;
const PIPELINE_BYTES_MAX = 4 * 1024 * 1024;
const KEY_BYTES = 20;
const PREFIX = 'key:';

/** One write: which key, how long a value. */
export interface Put {
  key: number;
  valueBytes: number;
}

export interface Writing {
  readonly count: number;
  readonly valueBytesMax: number;
  /** Fills in the next write. */
  readonly next: (put: Put, at: number) => void;
}

/** Writes all of it to the node at `port`; answers the seconds it took. */
export function writeAll(port: number, writing: Writing): Promise<number> {
  const startedAt = performance.now();
  const socket = net.connect({ host: HOST, port }).setNoDelay(true);
  const stream = new WriteStream(socket, writing);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => stream.fill());
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the node closed the connection')));
    socket.on('data', (chunk: Buffer) => {
      const refusal = stream.receive(chunk);
      if (refusal !== null) reject(new Error(refusal));
      if (refusal === null && !stream.isDone) return;
      socket.destroy();
      resolve((performance.now() - startedAt) / 1000);
    });
  });
}

class WriteStream {
  readonly #socket: net.Socket;
  readonly #writing: Writing;
  readonly #writer = new FrameWriter(0);
  readonly #reader = new ReplyReader();
  readonly #view = newRequestView();
  readonly #values: Uint8Array;
  readonly #put: Put = { key: 0, valueBytes: 0 };
  readonly #pipeline: number;
  #sent = 0;
  #answered = 0;

  constructor(socket: net.Socket, writing: Writing) {
    this.#socket = socket;
    this.#writing = writing;
    this.#values = new Uint8Array(writing.valueBytesMax).fill(0x76);
    const { valueBytesMax } = writing;
    const fitting = Math.floor(PIPELINE_BYTES_MAX / Math.max(1, valueBytesMax));
    this.#pipeline = Math.max(1, Math.min(PIPELINE, fitting));
    this.#view.command = REQUEST.PUT;
    this.#view.key = new Uint8Array(KEY_BYTES);
    for (let at = 0; at < PREFIX.length; at++) this.#view.key[at] = PREFIX.charCodeAt(at);
  }

  get isDone(): boolean {
    return this.#answered === this.#writing.count;
  }

  /** Sends whatever may leave now, in one write. */
  fill(): void {
    while (this.#sent < this.#writing.count && this.#sent - this.#answered < this.#pipeline) {
      this.#writing.next(this.#put, this.#sent);
      writeDigits(this.#view.key, this.#put.key);
      this.#view.value = this.#values.subarray(0, this.#put.valueBytes);
      this.#view.seq = ++this.#sent;
      writeRequest(this.#writer, this.#view);
    }
    if (this.#writer.pendingBytes > 0) this.#socket.write(this.#writer.take());
  }

  /** Null, or why it cannot go on. */
  receive(chunk: Uint8Array): string | null {
    const reader = this.#reader;
    reader.clear();
    reader.receive(chunk);
    if (reader.broken) return 'the node does not speak the protocol';
    for (let row = 0; row < reader.count; row++) {
      if (reader.command[row] !== REPLY.OK) return readRefusal(reader, row).code;
    }
    this.#answered += reader.count;
    this.fill();
    return null;
  }
}

function writeDigits(key: Uint8Array, number: number): void {
  let rest = number;
  for (let at = KEY_BYTES - 1; at >= PREFIX.length; at--) {
    key[at] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
