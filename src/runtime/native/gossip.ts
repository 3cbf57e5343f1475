/**
 * SWIM's datagrams through the native poller. Lost ones are no news: a failed send is counted and
 * forgotten. As in ../gossip.ts a datagram goes to an address, never to a name; the address of a
 * named peer is where its TCP link last led.
 */
import { isIP } from 'node:net';
import type { GossipStatus } from '../daemon-net.ts';
import type { PeerLink } from '../peer-link.ts';
import { STAT } from './net-binding.ts';
import { type NativePoller, systemError } from './poller.ts';

export class NativeGossip implements GossipStatus {
  readonly #poller: NativePoller;
  readonly #ip: string;
  /** Its own: what the kernel chose the first time is asked for again. */
  readonly #port: number;
  /** The address that each target number stands for now. */
  readonly #targets = new Map<number, string>();
  #dropped = 0;
  /** Told that the socket does not work any more. */
  failed: (error: unknown) => void = () => {};

  constructor(poller: NativePoller, { ip, port }: { readonly ip: string; readonly port: number }) {
    this.#poller = poller;
    this.#ip = ip;
    this.#port = port;
  }

  get isUp(): boolean {
    return this.#poller.isGossipOpen();
  }

  get port(): number | null {
    return this.isUp ? this.#port : null;
  }

  get datagramsDropped(): number {
    return this.#dropped + this.#poller.stat(STAT.DATAGRAMS_DROPPED);
  }

  send(link: PeerLink, datagram: Uint8Array): void {
    const { id, host } = link.endpoint;
    const address = isIP(host) > 0 ? host : link.remoteAddress;
    if (address === null || !this.#aim(link, address)) this.#dropped++;
    else this.#poller.sendGossip(id, datagram);
  }

  /** Another socket on the same port. */
  reopen(): void {
    this.#poller.openGossip(this.#ip, this.#port);
  }

  close(): void {
    this.#poller.closeGossip();
  }

  ended(errno: number): void {
    this.failed(systemError('recv', -errno));
  }

  #aim({ endpoint }: PeerLink, address: string): boolean {
    if (this.#targets.get(endpoint.id) === address) return true;
    if (!this.#poller.setTarget(endpoint.id, address, endpoint.gossipPort)) return false;
    this.#targets.set(endpoint.id, address);
    return true;
  }
}
