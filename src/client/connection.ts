/**
 * One TCP connection to a node: requests out, answers in, in the same order.
 *
 * 1. Any number of requests may be in flight; what is asked in one turn of the event loop leaves in
 *    one write.
 * 2. A connection ends once and never comes back. Whatever was in flight then ends `lost`: the
 *    request was handed to the socket, and nobody here knows how far it came.
 * 3. A request without an answer in time ends the connection. Its answer may still come, and every
 *    answer is for the oldest request: there is no going on without it.
 *
 * It does not try anything twice; see client.ts.
 */
import net from 'node:net';
import { type RequestView, writeRequest } from '../core/protocol/client.ts';
import { FrameWriter } from '../core/protocol/frame-writer.ts';
import { ReplyReader } from '../core/protocol/replies.ts';
import { type Address, addressText } from './address.ts';
import { type Answer, readAnswer } from './answer.ts';

/** The request left, and no answer will come. */
export interface Lost {
  readonly kind: 'lost';
  readonly reason: string;
}

interface Waiting {
  readonly seq: number;
  readonly deadline: number;
  readonly resolve: (answer: Answer | Lost) => void;
}

const SEQ_MAX = 0xffff_ffff;

export class Connection {
  readonly address: Address;
  readonly #socket: net.Socket;
  readonly #timeoutMs: number;
  readonly #writer = new FrameWriter(0);
  readonly #reader = new ReplyReader();
  readonly #waiting: Waiting[] = [];
  #seq = 0;
  #timer: NodeJS.Timeout | null = null;
  #isFlushDue = false;
  /** Null while it lives. */
  #end: string | null = null;

  private constructor(socket: net.Socket, address: Address, timeoutMs: number) {
    this.#socket = socket;
    this.address = address;
    this.#timeoutMs = timeoutMs;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#finish(error.message));
    socket.on('close', () => this.#finish('the node closed the connection'));
  }

  /** A connection, or a sentence that says why there is none. */
  static open(address: Address, timeoutMs: number): Promise<Connection | string> {
    const socket = net.connect({ host: address.host, port: address.port });
    return new Promise<Connection | string>((resolve) => {
      const fail = (reason: string) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(reason);
      };
      const timer = setTimeout(() => fail(`no connection within ${timeoutMs} ms`), timeoutMs);
      // Stays, since a socket whose errors nobody hears ends the process; by then it does nothing.
      socket.on('error', (error) => fail(reasonOf(error)));
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve(new Connection(socket, address, timeoutMs));
      });
    });
  }

  get isOpen(): boolean {
    return this.#end === null;
  }

  /** Copies `view` at once; it may be reused. */
  request(view: RequestView): Promise<Answer | Lost> {
    if (this.#end !== null) return Promise.resolve({ kind: 'lost', reason: this.#end });
    this.#seq = this.#seq === SEQ_MAX ? 1 : this.#seq + 1;
    view.seq = this.#seq;
    writeRequest(this.#writer, view);
    this.#flushSoon();
    return new Promise((resolve) => {
      const deadline = performance.now() + this.#timeoutMs;
      this.#waiting.push({ seq: view.seq, deadline, resolve });
      this.#timer ??= setTimeout(() => this.#expire(), this.#timeoutMs);
    });
  }

  close(): void {
    this.#finish('the connection was closed here');
  }

  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      if (this.#end === null) this.#socket.write(this.#writer.take());
    });
  }

  #receive(chunk: Buffer): void {
    const reader = this.#reader;
    reader.clear();
    reader.receive(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    for (let row = 0; row < reader.count && this.#end === null; row++) this.#answer(row);
    if (reader.broken) this.#finish(`${addressText(this.address)} does not speak this protocol`);
  }

  #answer(row: number): void {
    const answer = readAnswer(this.#reader, row);
    const seq = this.#reader.seq[row]!;
    if (seq !== this.#waiting[0]?.seq) {
      // Seq 0 is the node's last word on a stream that it cannot read.
      const told = answer.kind === 'refused' ? `${answer.code} ${answer.message}` : 'out of order';
      this.#finish(`the node answered ${told}`);
      return;
    }
    this.#waiting.shift()!.resolve(answer);
    if (this.#waiting.length === 0) this.#stopTimer();
  }

  /** The timer is set for the oldest request of its time; by now another one is the oldest. */
  #expire(): void {
    this.#timer = null;
    const oldest = this.#waiting[0];
    if (oldest === undefined) return;
    const leftMs = oldest.deadline - performance.now();
    if (leftMs > 0) this.#timer = setTimeout(() => this.#expire(), Math.ceil(leftMs));
    else this.#finish(`no answer within ${this.#timeoutMs} ms`);
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #finish(reason: string): void {
    if (this.#end !== null) return;
    this.#end = reason;
    this.#stopTimer();
    this.#socket.destroy();
    for (const { resolve } of this.#waiting.splice(0)) resolve({ kind: 'lost', reason });
  }
}

/** With several addresses behind one name Node reports a list, which has no message of its own. */
function reasonOf(error: Error): string {
  const [first] = error instanceof AggregateError ? error.errors : [];
  return first instanceof Error ? first.message : error.message;
}
