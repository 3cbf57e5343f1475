/**
 * A forwarder in the way of one node's link to another, which can be cut.
 *
 * A cut is a partition, not a refusal: connections stay open and nothing passes, either way; what
 * was on its way arrives late, after the cut is healed. Whoever connects meanwhile is accepted, as
 * by a kernel's backlog, and led on afterwards.
 */
import net from 'node:net';
import { HOST } from '../../src/runtime/testing/ports.ts';

export class LinkProxy {
  readonly #server: net.Server;
  readonly #target: number;
  readonly #sockets = new Set<net.Socket>();
  readonly #waiting = new Set<net.Socket>();
  #isCut = false;

  private constructor(target: number) {
    this.#target = target;
    this.#server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      socket.on('error', () => {});
      this.#keep(socket);
      if (this.#isCut) this.#waiting.add(socket);
      else this.#join(socket);
    });
  }

  static async open(target: number): Promise<LinkProxy> {
    const proxy = new LinkProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, HOST, resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  heal(): void {
    this.#isCut = false;
    for (const socket of this.#waiting) this.#join(socket);
    this.#waiting.clear();
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#waiting.delete(socket);
    });
  }

  #join(caller: net.Socket): void {
    if (caller.destroyed) return;
    const called = net.connect({ host: HOST, port: this.#target, noDelay: true });
    this.#keep(called);
    this.#relay(caller, called);
    this.#relay(called, caller);
  }

  /** An end of one side is an end of the other; while cut it is not read, so it comes late too. */
  #relay(source: net.Socket, target: net.Socket): void {
    source.on('error', () => {});
    source.on('data', (chunk) => target.write(chunk));
    source.on('end', () => target.end());
    source.on('close', () => target.destroy());
    if (this.#isCut) source.pause();
    else source.resume();
  }
}
