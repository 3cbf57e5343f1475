/**
 * The net port on plain Node: TCP for clients and peers, UDP for gossip.
 *
 *   accepted ──first bytes──► client: bytes to the node and back        (client-sockets.ts)
 *                        └──► peer: frames to the node                  (peer-streams.ts)
 *   dialled, one a peer ────► frames from the node                      (peer-link.ts)
 *
 * 1. A connection that has said nothing for `SILENT_MS` is announced as a client, so that the node
 *    counts it; should it turn out to be a slow peer, the node sees that client close.
 * 2. Nothing is decided here: bytes are moved, cut and counted.
 */
import type { Server, Socket } from 'node:net';
import { concatBytes } from '../base/bytes.ts';
import type { NodeId } from '../base/units.ts';
import type { ConnectionId, NetEvent } from '../ports/net.ts';
import { ClientSockets } from './client-sockets.ts';
import type { DaemonNet, DaemonNetOptions } from './daemon-net.ts';
import { plainDial } from './dial.ts';
import { plainBytes } from './endpoints.ts';
import { Gossip } from './gossip.ts';
import { readGreeting } from './greeting.ts';
import type { Helper, HelperName } from './helper.ts';
import { plainNetHelpers } from './helpers.ts';
import type { Listeners } from './listeners.ts';
import { NameLookup } from './name-lookup.ts';
import type { PeerLink } from './peer-link.ts';
import { PeerLinks } from './peer-links.ts';
import { PeerStreams } from './peer-streams.ts';

export const SILENT_MS = 200;

export interface PlainNetOptions extends DaemonNetOptions {
  readonly listeners: Listeners;
}

/** An accepted connection. */
interface Accepted {
  readonly socket: Socket;
  /** What has come and does not tell yet who calls. */
  unread: Uint8Array;
  connection: ConnectionId | null;
  timer: NodeJS.Timeout | null;
}

export class PlainNet implements DaemonNet {
  readonly implementation = 'node';
  readonly isThreaded = false;
  readonly keepsBytes = true;
  readonly clients: ClientSockets;
  readonly #links: PeerLinks;
  readonly gossip: Gossip;
  readonly #streams: PeerStreams;
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();
  readonly #listeners: Listeners;
  socketsRefused = 0;
  #isClosed = false;

  constructor(options: PlainNetOptions) {
    const { listeners } = options;
    const deliver = (event: NetEvent): void => {
      if (!this.#isClosed) options.deliver(event);
    };
    this.#listeners = listeners;
    this.clients = new ClientSockets(deliver);
    this.gossip = new Gossip(listeners.gossip, deliver);
    this.#links = new PeerLinks(options, plainDial(new NameLookup().lookup), deliver);
    this.#streams = new PeerStreams({
      deliver: (bytes) => deliver({ kind: 'peer-frame', bytes }),
      heard: (node) => this.#links.find(node)?.heard(),
      reportNoise: options.reportNoise,
    });
    this.#servers =
      listeners.peers === null ? [listeners.clients] : [listeners.clients, listeners.peers];
    const isShared = listeners.peers === null;
    listeners.clients.on('connection', (socket) => this.#accept(socket, isShared));
    listeners.peers?.on('connection', (socket) => this.#accept(socket, true));
    for (const server of this.#servers) server.on('drop', () => this.socketsRefused++);
    this.#links.start();
  }

  get links(): readonly PeerLink[] {
    return this.#links.all;
  }

  sendPeer(target: NodeId, frame: Uint8Array): void {
    this.#links.send(target, frame);
  }

  sendGossip(target: NodeId, datagram: Uint8Array): void {
    const link = this.#links.find(target);
    if (link !== undefined) this.gossip.send(link, datagram);
  }

  send(connection: ConnectionId, bytes: Uint8Array): void {
    this.clients.find(connection)?.send(bytes);
  }

  unsentBytes(connection: ConnectionId): number {
    return this.clients.find(connection)?.unsentBytes ?? 0;
  }

  pause(connection: ConnectionId): void {
    this.clients.find(connection)?.pause();
  }

  resume(connection: ConnectionId): void {
    this.clients.find(connection)?.resume();
  }

  close(connection: ConnectionId, reset: boolean): void {
    this.clients.find(connection)?.close(reset);
  }

  helpers(failed: (name: HelperName, error: unknown) => void): Helper[] {
    return plainNetHelpers(this.#listeners, this.gossip, failed);
  }

  stopListening(): void {
    for (const server of this.#servers) server.close();
  }

  shutDown(flush: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.stopListening();
    this.#links.close(!flush);
    for (const socket of this.#sockets) {
      if (flush) socket.destroySoon();
      else socket.destroy();
    }
    this.gossip.close();
  }

  #accept(socket: Socket, mayBePeer: boolean): void {
    const accepted: Accepted = { socket, unread: new Uint8Array(0), connection: null, timer: null };
    this.#sockets.add(socket);
    // Whatever it is, `close` follows.
    socket.on('error', () => {});
    socket.once('close', () => this.#closed(accepted));
    if (!mayBePeer) {
      this.#becomeClient(accepted);
      return;
    }
    accepted.timer = setTimeout(() => this.#announce(accepted), SILENT_MS);
    socket.on('data', (chunk: Buffer) => this.#sniff(accepted, plainBytes(chunk)));
  }

  #sniff(accepted: Accepted, chunk: Uint8Array): void {
    accepted.unread = accepted.unread.length === 0 ? chunk : concatBytes([accepted.unread, chunk]);
    const greeting = readGreeting(accepted.unread);
    if (greeting.kind === 'more') return;
    stopTimer(accepted);
    accepted.socket.removeAllListeners('data');
    if (greeting.kind === 'client') this.#becomeClient(accepted);
    else this.#becomePeer(accepted, greeting.node, greeting.bytes);
  }

  #announce(accepted: Accepted): void {
    stopTimer(accepted);
    accepted.connection ??= this.clients.open(accepted.socket);
  }

  #becomeClient(accepted: Accepted): void {
    this.#announce(accepted);
    const id = accepted.connection!;
    if (accepted.unread.length > 0) this.clients.received(id, accepted.unread);
    accepted.unread = new Uint8Array(0);
    accepted.socket.on('data', (chunk: Buffer) => this.clients.received(id, plainBytes(chunk)));
  }

  #becomePeer(accepted: Accepted, node: NodeId, greetingBytes: number): void {
    const { socket, connection, unread } = accepted;
    if (connection !== null) this.clients.gone(connection);
    accepted.connection = null;
    accepted.unread = new Uint8Array(0);
    const stream = this.#streams.adopt(() => socket.destroy(), node);
    socket.once('close', stream.closed);
    stream.push(unread.subarray(greetingBytes));
    socket.on('data', (chunk: Buffer) => stream.push(plainBytes(chunk)));
  }

  #closed(accepted: Accepted): void {
    stopTimer(accepted);
    this.#sockets.delete(accepted.socket);
    if (accepted.connection !== null) this.clients.gone(accepted.connection);
  }
}

function stopTimer(accepted: Accepted): void {
  if (accepted.timer !== null) clearTimeout(accepted.timer);
  accepted.timer = null;
}
