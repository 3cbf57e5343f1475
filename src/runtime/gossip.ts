/**
 * SWIM's datagrams over UDP. Lost ones are no news: a failed send is counted and forgotten.
 *
 * 1. A datagram goes to an address, never to a name: resolving one takes a thread of the pool that
 *    the disk needs. The address of a named peer is where its TCP link last led.
 * 2. A socket that ends, or whose reading fails, is told to `failed`, and another takes its place in
 *    time; what is sent while there is none is dropped and counted.
 */
import type { Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { NetEvent } from '../ports/net.ts';
import { plainBytes } from './endpoints.ts';
import type { PeerLink } from './peer-link.ts';

/** What the kernel tells of an earlier datagram (nobody listens there): no news of the socket. */
const NEWS_OF_DATAGRAMS = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'EMSGSIZE', 'EPERM'],
]);

export class Gossip {
  readonly #deliver: (event: NetEvent) => void;
  #socket: Socket | null = null;
  /** Told that the socket does not work any more. */
  failed: (error: unknown) => void = () => {};
  datagramsSent = 0;
  datagramsDropped = 0;

  constructor(socket: Socket, deliver: (event: NetEvent) => void) {
    this.#deliver = deliver;
    this.adopt(socket);
  }

  get isUp(): boolean {
    return this.#socket !== null;
  }

  /** Where datagrams come in; null: nowhere. */
  get port(): number | null {
    return this.#socket?.address().port ?? null;
  }

  /** From now on datagrams come and go here. */
  adopt(socket: Socket): void {
    this.close();
    this.#socket = socket;
    socket.on('message', (message) => {
      this.#deliver({ kind: 'gossip', bytes: plainBytes(message) });
    });
    socket.on('error', (error) => this.#erred(socket, error));
    socket.on('close', () => {
      if (this.#socket === socket) this.#ended('closed');
    });
  }

  send(link: PeerLink, datagram: Uint8Array): void {
    const { host, gossipPort } = link.endpoint;
    const address = isIP(host) > 0 ? host : link.remoteAddress;
    if (address === null || this.#socket === null) {
      this.datagramsDropped++;
      return;
    }
    this.datagramsSent++;
    try {
      this.#socket.send(datagram, gossipPort, address, (error) => {
        if (error !== null) this.datagramsDropped++;
      });
    } catch (error) {
      // A socket throws here once it is closed, which it may be before it has said so.
      this.datagramsDropped++;
      this.#ended(error);
    }
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) closeSocket(socket);
  }

  #erred(socket: Socket, error: NodeJS.ErrnoException): void {
    this.datagramsDropped++;
    const isNews = this.#socket === socket && !NEWS_OF_DATAGRAMS.has(error.code ?? '');
    if (isNews) this.failed(error);
  }

  #ended(error: unknown): void {
    this.#socket = null;
    this.failed(error);
  }
}

/** Node throws at whoever closes a socket that is closed; who closes wants no more than that. */
function closeSocket(socket: Socket): void {
  try {
    socket.close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
  }
}
