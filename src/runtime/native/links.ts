/**
 * Links over the native poller: each attempt is a connection with a number.
 *
 * A name is resolved through the one lookup that all links share; when it has several addresses they
 * are tried one after the other, and the link is lost when the last of them has failed.
 */
import { isIP } from 'node:net';
import type { PeerEndpoint } from '../endpoints.ts';
import type { NameLookup } from '../name-lookup.ts';
import type { DialLink, LinkNews, LinkSocket } from '../peer-link.ts';
import { ORDER } from './net-binding.ts';
import type { NativePoller } from './poller.ts';

export class NativeLinks {
  readonly #poller: NativePoller;
  readonly #names: NameLookup;
  readonly #sockets = new Map<number, NativeLinkSocket>();

  constructor(poller: NativePoller, names: NameLookup) {
    this.#poller = poller;
    this.#names = names;
  }

  readonly dial: DialLink = (endpoint, news) => {
    const socket = new NativeLinkSocket(this.#poller, this.#sockets, { endpoint, news });
    if (isIP(endpoint.host) > 0) socket.attempt([endpoint.host]);
    else {
      this.#names.resolve(endpoint.host).then(
        (addresses) => socket.attempt(addresses.map(({ address }) => address)),
        () => socket.attempt([]),
      );
    }
    return socket;
  };

  up(id: number, address: string): void {
    this.#sockets.get(id)?.up(address === '' ? null : address);
  }

  /** False: it was no link's. */
  closed(id: number): boolean {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return false;
    this.#sockets.delete(id);
    socket.closed();
    return true;
  }
}

class NativeLinkSocket implements LinkSocket {
  readonly #poller: NativePoller;
  readonly #sockets: Map<number, NativeLinkSocket>;
  readonly #endpoint: PeerEndpoint;
  readonly #news: LinkNews;
  /** The connection under way or up; null: none now. */
  #id: number | null = null;
  /** Addresses not tried yet. */
  #left: string[] = [];
  #isUp = false;
  #isOver = false;

  constructor(
    poller: NativePoller,
    sockets: Map<number, NativeLinkSocket>,
    { endpoint, news }: { readonly endpoint: PeerEndpoint; readonly news: LinkNews },
  ) {
    this.#poller = poller;
    this.#sockets = sockets;
    this.#endpoint = endpoint;
    this.#news = news;
  }

  get unsentBytes(): number {
    return this.#id === null ? 0 : this.#poller.unsentBytes(this.#id);
  }

  write(bytes: Uint8Array): void {
    if (this.#id !== null && this.#isUp) this.#poller.send(this.#id, bytes);
  }

  end(): void {
    if (this.#id !== null) this.#poller.order(ORDER.CLOSE, this.#id);
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#id !== null) this.#poller.order(ORDER.RESET, this.#id);
    else this.#tellClosed();
  }

  attempt(addresses: readonly string[]): void {
    if (this.#isOver) return;
    this.#left = [...addresses];
    this.#next();
  }

  up(address: string | null): void {
    this.#isUp = true;
    this.#news.connected(address);
  }

  closed(): void {
    this.#id = null;
    if (this.#isUp || this.#isOver) this.#news.closed();
    else this.#next();
  }

  #next(): void {
    const ip = this.#left.shift();
    if (ip === undefined) {
      this.#isOver = true;
      this.#tellClosed();
      return;
    }
    this.#id = this.#poller.dial(ip, this.#endpoint.port);
    if (this.#id === null) this.#next();
    else this.#sockets.set(this.#id, this);
  }

  /** Never before `dial` has returned. */
  #tellClosed(): void {
    setImmediate(this.#news.closed);
  }
}
