/**
 * One connection of a benchmark: it keeps a pipeline full, or keeps to a timetable, and times every
 * request from send to reply.
 *
 * 1. Requests of one turn leave in one write and carry the time of that turn; replies get the time
 *    at which their chunk came. An operation costs no object.
 * 2. With a rate, requests have due times. One that could not leave when it was due, because the
 *    pipeline was full or this process late, is timed from when it was due: a server that stalls
 *    does not get its omissions forgiven. Timers are good to a millisecond, which is in there.
 * 3. A refusal is an error and is not timed. What was in flight when a connection ended is so too;
 *    then the connection is made anew, a bounded number of times.
 */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { newPrng, nextBelow, type Prng } from '../../base/prng.ts';
import { newRequestView, writeRequest } from '../../core/protocol/client.ts';
import { FrameWriter } from '../../core/protocol/frame-writer.ts';
import { NO_STATUS, ReplyReader, readRefusal } from '../../core/protocol/replies.ts';
import { FLAG, REPLY, REQUEST } from '../../core/protocol/wire.ts';
import { STATUS } from '../../core/types.ts';
import { KEY_BYTES, type KeyDraw, newKeyDraw, writeKey } from './keys.ts';
import { OPERATIONS, type Plan, type Share } from './plan.ts';
import { Tally } from './tally.ts';

const COMMANDS = [REQUEST.GET, REQUEST.PUT, REQUEST.DEL] as const;
const PUT = 1;
const RECONNECTS_MAX = 50;
const RECONNECT_PAUSE_MS = 100;

export class Load {
  readonly tally = new Tally();
  /** Milliseconds of `performance.now()`; of the first request and the last reply. */
  startedAt = Number.POSITIVE_INFINITY;
  endedAt = 0;
  readonly #plan: Plan;
  readonly #share: Share;
  readonly #writer = new FrameWriter(0);
  readonly #view = newRequestView();
  readonly #prng: Prng;
  readonly #drawKey: KeyDraw;
  /** By seq modulo the pipeline: when a request left, or was due, and what it was. */
  readonly #sentAt: Float64Array;
  readonly #operationOf: Uint8Array;
  #reader = new ReplyReader();
  #socket: net.Socket | null = null;
  #sent = 0;
  #answered = 0;
  #reconnects = 0;
  #timer: NodeJS.Timeout | null = null;
  /** When the last reply came, or the connection began. */
  #heardAt = 0;
  #resolve: (complaint: string | null) => void = () => {};

  constructor(plan: Plan, share: Share) {
    this.#plan = plan;
    this.#share = share;
    this.#prng = newPrng([share.number, plan.operations, 0x62656e63, 1]);
    this.#drawKey = newKeyDraw(plan.distribution, plan.keys, share.number);
    this.#sentAt = new Float64Array(plan.pipeline);
    this.#operationOf = new Uint8Array(plan.pipeline);
    this.#view.key = new Uint8Array(KEY_BYTES);
    this.#view.value = new Uint8Array(plan.valueBytes).fill(0x76);
  }

  /** Null, or why there is no connection. */
  connect(): Promise<string | null> {
    const { host, port } = this.#share.address;
    const socket = net.connect({ host, port });
    return new Promise((resolve) => {
      socket.setTimeout(this.#plan.timeoutMs, () => socket.destroy(new Error('no connection')));
      socket.on('error', (error) => resolve(error.message));
      socket.once('connect', () => {
        this.#adopt(socket);
        resolve(null);
      });
    });
  }

  /** Does the share's work. Resolves to null, or to why it could not be finished. */
  run(): Promise<string | null> {
    this.startedAt = performance.now();
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#timer = setInterval(() => this.#tick(), 1);
      this.#fill(performance.now());
      this.#finishIfDone();
    });
  }

  #adopt(socket: net.Socket): void {
    this.#socket = socket;
    this.#reader = new ReplyReader();
    this.#heardAt = performance.now();
    socket.setNoDelay(true).setTimeout(0);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('close', () => void this.#onClose(socket));
  }

  #tick(): void {
    const now = performance.now();
    if (this.#share.intervalMs !== null) this.#fill(now);
    const isSilent = now - this.#heardAt > this.#plan.timeoutMs;
    if (isSilent && this.#sent > this.#answered) this.#socket?.destroy();
  }

  /** Sends whatever may leave now. */
  #fill(now: number): void {
    const socket = this.#socket;
    if (socket === null) return;
    const { pipeline } = this.#plan;
    const { operations, intervalMs } = this.#share;
    if (this.#sent === this.#answered) this.#heardAt = now;
    while (this.#sent < operations && this.#sent - this.#answered < pipeline) {
      const dueAt = intervalMs === null ? now : this.startedAt + this.#sent * intervalMs;
      if (dueAt > now) break;
      this.#append(dueAt);
    }
    if (this.#writer.pendingBytes > 0) socket.write(this.#writer.take());
  }

  #append(dueAt: number): void {
    const slot = this.#sent % this.#plan.pipeline;
    const { fillFrom } = this.#share;
    const operation = fillFrom === null ? this.#drawOperation() : PUT;
    const key = fillFrom === null ? this.#drawKey() : fillFrom + this.#sent;
    this.#sentAt[slot] = dueAt;
    this.#operationOf[slot] = operation;
    const view = this.#view;
    view.command = COMMANDS[operation]!;
    view.flags = this.#plan.isStale && view.command === REQUEST.GET ? FLAG.STALE : 0;
    view.seq = this.#sent % 0x1_0000_0000;
    writeKey(view.key, key);
    writeRequest(this.#writer, view);
    this.#sent++;
  }

  #drawOperation(): number {
    const { get, put, del } = this.#plan.mix;
    const drawn = nextBelow(this.#prng, get + put + del);
    if (drawn < get) return OPERATIONS.indexOf('get');
    return drawn < get + put ? PUT : OPERATIONS.indexOf('del');
  }

  #receive(chunk: Buffer): void {
    const now = performance.now();
    const reader = this.#reader;
    reader.clear();
    reader.receive(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    for (let row = 0; row < reader.count; row++) this.#count(row, now);
    this.#heardAt = now;
    if (reader.broken) this.#socket?.destroy();
    this.#fill(now);
    this.#finishIfDone();
  }

  #count(row: number, now: number): void {
    const reader = this.#reader;
    if (reader.seq[row] !== this.#answered % 0x1_0000_0000 || this.#answered === this.#sent) {
      this.tally.note('an answer out of order');
      this.#socket?.destroy();
      return;
    }
    const slot = this.#answered % this.#plan.pipeline;
    const operation = this.#operationOf[slot]!;
    this.#answered++;
    this.endedAt = now;
    const status = reader.status[row]!;
    if (status === NO_STATUS) {
      this.tally.fail(operation, codeOf(reader, row));
      return;
    }
    this.tally.succeed(operation, (now - this.#sentAt[slot]!) * 1000, status === STATUS.NOT_FOUND);
  }

  async #onClose(socket: net.Socket): Promise<void> {
    if (this.#socket !== socket) return;
    this.#socket = null;
    for (; this.#answered < this.#sent; this.#answered++) {
      this.tally.fail(this.#operationOf[this.#answered % this.#plan.pipeline]!, 'connection lost');
    }
    this.#finishIfDone();
    let complaint = 'the connection was lost too often';
    while (this.#timer !== null && this.#reconnects++ < RECONNECTS_MAX) {
      await sleep(RECONNECT_PAUSE_MS);
      const refusal = await this.connect();
      if (refusal === null) {
        this.#fill(performance.now());
        return;
      }
      complaint = refusal;
    }
    this.#finish(complaint);
  }

  #finishIfDone(): void {
    if (this.#answered === this.#share.operations) this.#finish(null);
  }

  #finish(complaint: string | null): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.end();
    this.#resolve(complaint);
  }
}

function codeOf(reader: ReplyReader, row: number): string {
  const command = reader.command[row];
  const isRefusal = command === REPLY.ERROR || command === REPLY.FAILURE;
  return isRefusal ? readRefusal(reader, row).code : `reply ${command}`;
}
