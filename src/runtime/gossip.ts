/**
 * SWIM's datagrams over UDP. Lost ones are no news: a failed send is counted and forgotten.
 *
 * A datagram goes to an address, never to a name: resolving one takes a thread of the pool that the
 * disk needs. The address of a named peer is where its TCP link last led.
 */
import type { Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { NetEvent } from '../ports/net.ts';
import { plainBytes } from './endpoints.ts';
import type { PeerLink } from './peer-link.ts';

export class Gossip {
  readonly #socket: Socket;
  datagramsSent = 0;
  datagramsDropped = 0;

  constructor(socket: Socket, deliver: (event: NetEvent) => void) {
    this.#socket = socket;
    socket.on('message', (message) => deliver({ kind: 'gossip', bytes: plainBytes(message) }));
    // What the kernel tells of an earlier datagram (nobody listens there) is no news either.
    socket.on('error', () => {
      this.datagramsDropped++;
    });
  }

  send(link: PeerLink, datagram: Uint8Array): void {
    const { host, gossipPort } = link.endpoint;
    const address = isIP(host) > 0 ? host : link.remoteAddress;
    if (address === null) {
      this.datagramsDropped++;
      return;
    }
    this.datagramsSent++;
    this.#socket.send(datagram, gossipPort, address, (error) => {
      if (error !== null) this.datagramsDropped++;
    });
  }

  close(): void {
    this.#socket.close();
  }
}
