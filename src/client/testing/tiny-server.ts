/**
 * A server for tests: the real protocol machine over a Map, in one process, on a port of the
 * kernel's choice. A test says what becomes of each request.
 */
import net from 'node:net';
import { type ErrorCode, errorRow, isErrorCode } from '../../base/errors.ts';
import { decodeUtf8, encodeUtf8 } from '../../base/text.ts';
import { millis } from '../../base/units.ts';
import { newCommandView, readCommand } from '../../core/command.ts';
import { FrameWriter } from '../../core/protocol/frame-writer.ts';
import { ProtocolOut } from '../../core/protocol/requests.ts';
import { protocol } from '../../core/protocol/step.ts';
import { REQUEST } from '../../core/protocol/wire.ts';
import {
  newReplyView,
  writeFailure,
  writeMetrics,
  writePong,
  writeResult,
} from '../../core/protocol/writer.ts';
import { STATUS } from '../../core/types.ts';
import type { Address } from '../address.ts';

const HOST = '127.0.0.1';

/** What to do with a request: answer it, or refuse it, or say nothing, or close the connection. */
export type Fate = 'answer' | ErrorCode | 'silence' | 'close';

export interface Seen {
  readonly command: number;
  readonly flags: number;
  readonly key: string;
  readonly value: string;
}

export class TinyServer {
  readonly seen: Seen[] = [];
  readonly store = new Map<string, string>();
  connections = 0;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #fateOf: (request: Seen) => Fate;

  private constructor(fateOf: (request: Seen) => Fate) {
    this.#fateOf = fateOf;
    this.#server = net.createServer((socket) => this.#serve(socket));
  }

  static async open(fateOf: (request: Seen) => Fate = () => 'answer'): Promise<TinyServer> {
    const server = new TinyServer(fateOf);
    await new Promise<void>((resolve) => server.#server.listen(0, HOST, resolve));
    return server;
  }

  get address(): Address {
    return { host: HOST, port: (this.#server.address() as net.AddressInfo).port };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: net.Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    const state = protocol.init({ connection: this.connections, mode: 'unknown' });
    const out = new ProtocolOut();
    const writer = new FrameWriter(1);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      out.clear();
      protocol.step(state, { kind: 'received', bytes: new Uint8Array(chunk) }, millis(0), out);
      let isClosing = out.closes.length > 0;
      for (let row = 0; row < out.requests.count && !isClosing; row++) {
        isClosing = this.#perform(out, row, writer);
      }
      if (writer.pendingBytes > 0) socket.write(writer.take());
      if (isClosing) socket.destroy();
    });
  }

  /** True: the connection is to be closed, whatever was answered before. */
  #perform({ requests }: ProtocolOut, row: number, writer: FrameWriter): boolean {
    const view = newCommandView();
    const from = requests.at[row]!;
    const { commands } = requests;
    const isCommand = readCommand(commands, from, from + requests.bytes[row]!, view);
    const text = (at: number, bytes: number) => decodeUtf8(commands, at, at + bytes);
    const seen = {
      command: requests.command[row]!,
      flags: requests.flags[row]!,
      key: isCommand ? text(view.keyAt, view.keyBytes) : '',
      value: isCommand ? text(view.valueAt, view.valueBytes) : '',
    };
    this.seen.push(seen);
    const request = { seq: requests.seq[row]!, ...seen };
    const fate = requests.error[row] ?? this.#fateOf(seen);
    if (fate === 'close' || fate === 'silence') return fate === 'close';
    if (isErrorCode(fate)) {
      writeFailure(writer, request, { code: fate, detail: errorRow(fate).meaning });
    } else this.#answer(writer, request);
    return false;
  }

  #answer(writer: FrameWriter, request: Seen & { readonly seq: number }): void {
    if (request.command === REQUEST.PING) {
      writePong(writer, request.seq);
    } else if (request.command === REQUEST.METRICS) {
      const metrics = { opsGet: 12345, opsPut: 6789, p99GetMicros: 234, p99PutMicros: 1102 };
      writeMetrics(writer, request.seq, metrics);
    } else {
      const { status, value } = this.#execute(request);
      const source = encodeUtf8(value);
      const { seq, command, flags } = request;
      const reply = { ...newReplyView(), seq, command, flags, status };
      writeResult(writer, { ...reply, revision: 7, source, valueBytes: source.length });
    }
  }

  #execute({ command, key, value }: Seen): { readonly status: number; readonly value: string } {
    const old = this.store.get(key);
    switch (command) {
      case REQUEST.GET:
        if (old === undefined) return { status: STATUS.NOT_FOUND, value: '' };
        return { status: STATUS.VALUE, value: old };
      case REQUEST.PUT:
        this.store.set(key, value);
        return { status: STATUS.OK, value: '' };
      case REQUEST.DEL:
        return { status: this.store.delete(key) ? STATUS.OK : STATUS.NOT_FOUND, value: '' };
      default:
        return { status: STATUS.CONDITION_FAILED, value: old ?? '' };
    }
  }
}
