/**
 * A native poller's tables: rows are read from one pair, orders are written to the other.
 *
 *   wake-up ─▶ records ─▶ taker … the turn … ─▶ orders ─▶ exchange (a microtask after the turn)
 *                                            └▶ release  (an immediate after the turn's)
 *
 * 1. One call in a wake-up, one call out a turn; a turn that sends more than the tables hold takes
 *    more.
 * 2. Nobody is told anything from within a call of theirs: what an exchange brings to light is told
 *    once the turn is over.
 * 3. Bytes of records stay where they are until the turn that a wake-up made due has run: turns are
 *    planned by `setImmediate` (turn-loop.ts), and so is the release, after them.
 */
import { getSystemErrorName } from 'node:util';
import { assert } from '../../base/assert.ts';
import { concatBytes } from '../../base/bytes.ts';
import { decodeUtf8, encodeUtf8 } from '../../base/text.ts';
import {
  DIALLED_IDS,
  type Door,
  IN_BYTES,
  type NetBinding,
  ORDER,
  ORDERS_MAX,
  OUT_BYTES,
  type PollerHandle,
  pollerConfig,
  RECORD,
  RECORDS_MAX,
  ROW_NUMBERS,
  STAT,
  STAT_COUNT,
} from './net-binding.ts';

/** Told each record: its kind and its three numbers. */
export type Taker = (kind: number, id: number, a: number, b: number) => void;

export interface PollerOptions {
  readonly silentMs: number;
  readonly lingerMs: number;
  /** On a thread of its own. */
  readonly isThreaded: boolean;
}

export class NativePoller {
  readonly isThreaded: boolean;
  readonly #net: NetBinding;
  readonly #records = new Float64Array(RECORDS_MAX * ROW_NUMBERS);
  readonly #inBytes = new Uint8Array(IN_BYTES);
  readonly #orders = new Float64Array(ORDERS_MAX * ROW_NUMBERS);
  readonly #outBytes = new Uint8Array(OUT_BYTES);
  readonly #stats = new Float64Array(STAT_COUNT);
  /** Bytes that the kernel has not taken, by connection; those with none are not there. */
  readonly #unsent = new Map<number, number>();
  #handle: PollerHandle | null;
  #taker: Taker = () => {};
  /** Records told of, and records looked at for `unsentBytes`. */
  #told = 0;
  #noted = 0;
  #count = 0;
  #orderCount = 0;
  #outUsed = 0;
  #isFlushPlanned = false;
  #isReleasePlanned = false;
  #isEnding = false;
  #dialled = 0;

  constructor(net: NetBinding, { silentMs, lingerMs, isThreaded }: PollerOptions) {
    this.#net = net;
    this.isThreaded = isThreaded;
    const handle = net.open(
      pollerConfig(silentMs, lingerMs),
      this.#records,
      this.#inBytes,
      this.#orders,
      this.#outBytes,
      (records) => this.#woken(records),
      isThreaded,
    );
    if (typeof handle === 'number') throw systemError(isThreaded ? 'thread' : 'epoll', handle);
    this.#handle = handle;
  }

  /** From now on connections are accepted, and `taker` is told what happens. */
  start(taker: Taker): void {
    this.#taker = taker;
    this.#net.start(this.#open());
  }

  /** Answers the port, or throws. */
  openDoor(door: Door, at: { ip: string; port: number; mayBePeer: boolean }): number {
    const port = this.#net.openDoor(this.#open(), door, at.ip, at.port, at.mayBePeer);
    if (port < 0) throw systemError('listen', port, at.port);
    return port;
  }

  closeDoor(door: Door): void {
    if (this.#handle !== null) this.#net.closeDoor(this.#handle, door);
  }

  isDoorOpen(door: Door): boolean {
    return this.#handle !== null && this.#net.isDoorOpen(this.#handle, door);
  }

  /** Answers the port, or throws. */
  openGossip(ip: string, port: number): number {
    const bound = this.#net.openGossip(this.#open(), ip, port);
    if (bound < 0) throw systemError('bind', bound, port);
    return bound;
  }

  closeGossip(): void {
    if (this.#handle !== null) this.#net.closeGossip(this.#handle);
  }

  isGossipOpen(): boolean {
    return this.#handle !== null && this.#net.isGossipOpen(this.#handle);
  }

  /** Where datagrams for `target` go from now on. False: `ip` is no address. */
  setTarget(target: number, ip: string, port: number): boolean {
    return this.#handle !== null && this.#net.setTarget(this.#handle, target, ip, port) === 0;
  }

  /** The connection's number, of which LINK_UP or CLOSED will be told; null: the poller has ended. */
  dial(ip: string, port: number): number | null {
    if (this.#handle === null || this.#isEnding) return null;
    const id = DIALLED_IDS + this.#dialled++;
    const where = concatBytes([Uint8Array.of(port >>> 8, port & 255), encodeUtf8(ip)]);
    this.#orderWhole(ORDER.DIAL, id, where);
    return id;
  }

  /** False: its thread is gone; nothing comes and nothing leaves any more. */
  isUp(): boolean {
    return this.#handle === null || this.#net.isUp(this.#handle);
  }

  /** Copies `bytes`, in as many pieces as the tables ask for. */
  send(id: number, bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      if (this.#outUsed === OUT_BYTES) this.#exchange();
      const size = Math.min(bytes.length - from, OUT_BYTES - this.#outUsed);
      const piece = size === bytes.length ? bytes : bytes.subarray(from, from + size);
      this.#order(ORDER.SEND, id, piece);
      from += size;
    }
  }

  /** Best effort, like the datagram. */
  sendGossip(target: number, datagram: Uint8Array): void {
    if (datagram.length <= OUT_BYTES) this.#orderWhole(ORDER.GOSSIP, target, datagram);
  }

  order(kind: number, id: number): void {
    this.#order(kind, id, null);
  }

  /** What the kernel had not taken when it was last tried. */
  unsentBytes(id: number): number {
    return this.#unsent.get(id) ?? 0;
  }

  /** A record's bytes where they stand: good until the turn is over. */
  bytes(at: number, size: number): Uint8Array {
    return this.#inBytes.subarray(at, at + size);
  }

  /** A record's bytes to keep. */
  copy(at: number, size: number): Uint8Array {
    return this.#inBytes.slice(at, at + size);
  }

  text(at: number, size: number): string {
    return decodeUtf8(this.bytes(at, size));
  }

  stat(stat: (typeof STAT)[keyof typeof STAT]): number {
    if (this.#handle !== null) this.#net.stats(this.#handle, this.#stats);
    return this.#stats[stat]!;
  }

  /** Nothing is told any more. `flush`: what was sent still leaves; then the poller ends. */
  end(flush: boolean): void {
    if (this.#handle === null || this.#isEnding) return;
    this.#isEnding = true;
    this.#taker = () => {};
    if (flush) this.#exchange();
    this.#net.shutDown(this.#handle, flush);
    this.#closeIfIdle();
  }

  #open(): PollerHandle {
    assert(this.#handle !== null, 'internal', 'the poller has ended');
    return this.#handle;
  }

  #orderWhole(kind: number, id: number, bytes: Uint8Array): void {
    if (this.#outUsed + bytes.length > OUT_BYTES) this.#exchange();
    this.#order(kind, id, bytes);
  }

  #order(kind: number, id: number, bytes: Uint8Array | null): void {
    if (this.#handle === null) return;
    if (this.#orderCount === ORDERS_MAX) this.#exchange();
    const row = this.#orderCount++ * ROW_NUMBERS;
    const orders = this.#orders;
    orders[row] = kind;
    orders[row + 1] = id;
    if (bytes !== null) {
      this.#outBytes.set(bytes, this.#outUsed);
      orders[row + 2] = this.#outUsed;
      orders[row + 3] = bytes.length;
      this.#outUsed += bytes.length;
    }
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    queueMicrotask(() => this.#flush());
  }

  /** The turn is over. */
  #flush(): void {
    this.#isFlushPlanned = false;
    this.#exchange();
    this.#tell();
  }

  #exchange(): void {
    if (this.#handle === null || this.#orderCount === 0) return;
    this.#count = this.#net.exchange(this.#handle, this.#orderCount);
    this.#orderCount = 0;
    this.#outUsed = 0;
    this.#note();
  }

  #woken(count: number): void {
    this.#count = count;
    this.#note();
    this.#tell();
    if (this.#isEnding) this.#closeIfIdle();
  }

  #note(): void {
    const records = this.#records;
    for (; this.#noted < this.#count; this.#noted++) {
      const row = this.#noted * ROW_NUMBERS;
      const kind = records[row]!;
      const id = records[row + 1]!;
      const unsent = records[row + 2]!;
      if (kind === RECORD.CLOSED || (kind === RECORD.UNSENT && unsent === 0)) {
        this.#unsent.delete(id);
      } else if (kind === RECORD.UNSENT) this.#unsent.set(id, unsent);
    }
  }

  #tell(): void {
    if (this.#told === this.#count) return;
    const records = this.#records;
    while (this.#told < this.#count) {
      const row = this.#told++ * ROW_NUMBERS;
      this.#taker(records[row]!, records[row + 1]!, records[row + 2]!, records[row + 3]!);
    }
    if (this.#isReleasePlanned) return;
    this.#isReleasePlanned = true;
    setImmediate(() => this.#release());
  }

  #release(): void {
    this.#isReleasePlanned = false;
    if (this.#handle === null) return;
    // An exchange may have left records that a microtask is about to tell.
    this.#tell();
    this.#count = this.#net.release(this.#handle);
    this.#told = 0;
    this.#noted = 0;
    this.#note();
    this.#tell();
  }

  #closeIfIdle(): void {
    if (this.#handle === null || this.stat(STAT.CONNECTIONS) > 0) return;
    this.#net.close(this.#handle);
    this.#handle = null;
  }
}

export function systemError(call: string, error: number, port: number | null = null): Error {
  const code = getSystemErrorName(error);
  return Object.assign(new Error(`${call} ${code}`), { code, port });
}
