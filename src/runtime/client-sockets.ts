/**
 * Clients' connections over TCP: sockets by number, as the net port's rules want them.
 *
 * 1. A number is never used twice. `closed` is the last event of a connection, and comes once.
 * 2. A paused socket is not read; Node keeps at most a buffer of it and the kernel stops the sender.
 * 3. A flushing close takes no more bytes in: it reads on only to see the other end close, because a
 *    kernel that closes over unread bytes resets, and the reset may overtake the last replies.
 *    A client that does not take them within `LINGER_MS` loses them.
 *
 * How many connections there may be, and how much may be unsent, is the node's to say.
 */
import type { Socket } from 'node:net';
import type { ConnectionId, NetEvent } from '../ports/net.ts';

const LINGER_MS = 5000;

type Deliver = (event: NetEvent) => void;

class ClientSocket {
  readonly #id: ConnectionId;
  readonly #socket: Socket;
  readonly #deliver: Deliver;
  #isClosing = false;
  #owesDrained = false;
  /** One function for all writes of the connection. */
  readonly #onWritten = (): void => {
    if (!this.#owesDrained || this.#isClosing || this.#socket.writableLength > 0) return;
    this.#owesDrained = false;
    this.#deliver({ kind: 'drained', connection: this.#id });
  };

  constructor(id: ConnectionId, socket: Socket, deliver: Deliver) {
    this.#id = id;
    this.#socket = socket;
    this.#deliver = deliver;
  }

  get unsentBytes(): number {
    return this.#socket.destroyed ? 0 : this.#socket.writableLength;
  }

  received(bytes: Uint8Array): void {
    if (this.#isClosing) return;
    this.#deliver({ kind: 'received', connection: this.#id, bytes });
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosing || this.#socket.destroyed || bytes.length === 0) return;
    this.#socket.write(bytes, this.#onWritten);
    if (this.#socket.writableLength > 0) this.#owesDrained = true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(reset: boolean): void {
    if (reset) {
      this.#isClosing = true;
      this.#socket.resetAndDestroy();
      return;
    }
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#socket.resume();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER_MS);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }
}

export class ClientSockets {
  readonly #rows = new Map<ConnectionId, ClientSocket>();
  readonly #deliver: Deliver;
  #lastId: ConnectionId = 0;

  constructor(deliver: Deliver) {
    this.#deliver = deliver;
  }

  get count(): number {
    return this.#rows.size;
  }

  find(id: ConnectionId): ClientSocket | null {
    return this.#rows.get(id) ?? null;
  }

  /** From now on the socket is a client's; who reads it calls `received` and, once, `gone`. */
  open(socket: Socket): ConnectionId {
    const id = ++this.#lastId;
    this.#rows.set(id, new ClientSocket(id, socket, this.#deliver));
    const address = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    this.#deliver({ kind: 'connected', connection: id, address });
    return id;
  }

  received(id: ConnectionId, chunk: Uint8Array): void {
    this.#rows.get(id)?.received(chunk);
  }

  gone(id: ConnectionId): void {
    if (this.#rows.delete(id)) this.#deliver({ kind: 'closed', connection: id });
  }
}
