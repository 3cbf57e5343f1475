/**
 * The net port on the native helper: native/net moves the bytes, and cuts them where frames end.
 *
 *   accepted ──first frame──► client: bytes to the node and back
 *                        └──► peer: frames to the node              (../peer-streams.ts)
 *   dialled, one a peer ────► frames from the node                  (links.ts, ../peer-link.ts)
 *
 * 1. As src/runtime/net.ts, whose rules it keeps; sim/conformance holds the two side by side.
 * 2. `received` bytes are shown where they stand and are good until the turn is over; frames of
 *    peers and datagrams are copied out, a wake-up's worth at a time: a node keeps what it is sent.
 */
import { assert } from '../../base/assert.ts';
import type { NodeId } from '../../base/units.ts';
import { NO_RESTART, RESTARTS } from '../../node/supervision.ts';
import type { ConnectionId, NetEvent } from '../../ports/net.ts';
import type { DaemonNet, DaemonNetOptions } from '../daemon-net.ts';
import type { Helper, HelperName } from '../helper.ts';
import { NameLookup } from '../name-lookup.ts';
import type { PeerLink } from '../peer-link.ts';
import { PeerLinks } from '../peer-links.ts';
import { type PeerStream, PeerStreams } from '../peer-streams.ts';
import { NativeGossip } from './gossip.ts';
import { NativeLinks } from './links.ts';
import type { NativeListeners } from './listeners.ts';
import { DOOR, type Door, ORDER, RECORD, STAT } from './net-binding.ts';
import { type NativePoller, systemError } from './poller.ts';

export interface NativeNetOptions extends DaemonNetOptions {
  readonly listeners: NativeListeners;
}

interface Client {
  isClosing: boolean;
}

type Failed = (name: HelperName, error: unknown) => void;

const DOOR_NAMES: Record<Door, HelperName> = { [DOOR.CLIENTS]: 'clients', [DOOR.PEERS]: 'peers' };

export class NativeNet implements DaemonNet {
  readonly implementation = 'native';
  readonly keepsBytes = false;
  readonly #links: PeerLinks;
  readonly gossip: NativeGossip;
  readonly #options: NativeNetOptions;
  readonly #poller: NativePoller;
  readonly #dialled: NativeLinks;
  readonly #streams: PeerStreams;
  readonly #clients = new Map<ConnectionId, Client>();
  readonly #peers = new Map<ConnectionId, PeerStream>();
  #failed: Failed = () => {};
  #isClosed = false;

  constructor(options: NativeNetOptions) {
    const { listeners, reportNoise } = options;
    const { poller, ip, ports } = listeners;
    this.#options = options;
    this.#poller = poller;
    const deliver = (event: NetEvent): void => this.#deliver(event);
    this.gossip = new NativeGossip(poller, { ip, port: ports.gossipPort });
    this.#dialled = new NativeLinks(poller, new NameLookup());
    this.#links = new PeerLinks(options, this.#dialled.dial, deliver);
    this.#streams = new PeerStreams({
      deliver: (bytes) => deliver({ kind: 'peer-frame', bytes }),
      heard: (node) => this.#links.find(node)?.heard(),
      reportNoise,
    });
    poller.start((kind, id, a, b) => this.#take(kind, id, a, b));
    this.#links.start();
  }

  get isThreaded(): boolean {
    return this.#poller.isThreaded;
  }

  get socketsRefused(): number {
    return this.#poller.stat(STAT.REFUSED);
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
    if (this.#isOpen(connection)) this.#poller.send(connection, bytes);
  }

  unsentBytes(connection: ConnectionId): number {
    return this.#clients.has(connection) ? this.#poller.unsentBytes(connection) : 0;
  }

  pause(connection: ConnectionId): void {
    if (this.#isOpen(connection)) this.#poller.order(ORDER.PAUSE, connection);
  }

  resume(connection: ConnectionId): void {
    if (this.#isOpen(connection)) this.#poller.order(ORDER.RESUME, connection);
  }

  close(connection: ConnectionId, reset: boolean): void {
    const client = this.#clients.get(connection);
    if (client === undefined) return;
    client.isClosing = true;
    this.#poller.order(reset ? ORDER.RESET : ORDER.CLOSE, connection);
  }

  helpers(failed: Failed): Helper[] {
    this.#failed = failed;
    this.gossip.failed = (error) => failed('gossip', error);
    const { port, peerPort } = this.#options.listeners.ports;
    const doors = [this.#doorHelper(DOOR.CLIENTS, port)];
    if (peerPort !== null) doors.push(this.#doorHelper(DOOR.PEERS, peerPort));
    const gossip: Helper = {
      name: 'gossip',
      policy: RESTARTS,
      isVital: false,
      isUp: () => this.gossip.isUp,
      reopen: async () => this.gossip.reopen(),
      close: () => this.gossip.close(),
    };
    return [...this.#threadHelper(), ...doors, gossip];
  }

  stopListening(): void {
    this.#poller.closeDoor(DOOR.CLIENTS);
    this.#poller.closeDoor(DOOR.PEERS);
  }

  shutDown(flush: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#links.close(!flush);
    this.#poller.end(flush);
  }

  #isOpen(connection: ConnectionId): boolean {
    return this.#clients.get(connection)?.isClosing === false;
  }

  #deliver(event: NetEvent): void {
    if (!this.#isClosed) this.#options.deliver(event);
  }

  /** Never restarted: nobody knows what it has sent of what it was given. */
  #threadHelper(): Helper[] {
    if (!this.isThreaded) return [];
    const isUp = (): boolean => this.#poller.isUp();
    const policy = NO_RESTART;
    return [{ name: 'net-thread', policy, isVital: true, isUp, reopen: null, close: () => {} }];
  }

  #doorHelper(door: Door, port: number): Helper {
    const { ip, ports } = this.#options.listeners;
    const mayBePeer = door === DOOR.PEERS || ports.peerPort === null;
    return {
      name: DOOR_NAMES[door],
      policy: RESTARTS,
      isVital: true,
      isUp: () => this.#poller.isDoorOpen(door),
      reopen: async () => void this.#poller.openDoor(door, { ip, port, mayBePeer }),
      close: () => this.#poller.closeDoor(door),
    };
  }

  #take(kind: number, id: number, a: number, b: number): void {
    switch (kind) {
      case RECORD.RECEIVED:
        this.#received(id, a, b);
        break;
      case RECORD.PEER_RECEIVED:
        this.#peers.get(id)?.push(this.#poller.copy(a, b));
        break;
      case RECORD.CONNECTED:
        this.#clients.set(id, { isClosing: false });
        this.#deliver({ kind: 'connected', connection: id, address: this.#poller.text(a, b) });
        break;
      case RECORD.CLOSED:
        this.#closed(id);
        break;
      case RECORD.UNSENT:
        if (a === 0 && this.#isOpen(id)) this.#deliver({ kind: 'drained', connection: id });
        break;
      case RECORD.PEER_OPENED:
        this.#adopt(id, a as NodeId);
        break;
      case RECORD.LINK_UP:
        this.#dialled.up(id, this.#poller.text(a, b));
        break;
      case RECORD.GOSSIP:
        this.#deliver({ kind: 'gossip', bytes: this.#poller.copy(a, b) });
        break;
      case RECORD.GOSSIP_FAILED:
        this.gossip.ended(a);
        break;
      case RECORD.DOOR_FAILED:
        this.#failed(DOOR_NAMES[id as Door], systemError('accept', -a));
        break;
      default:
        assert(false, 'internal', 'a record of no known kind');
    }
  }

  #received(connection: ConnectionId, at: number, size: number): void {
    if (!this.#isOpen(connection)) return;
    this.#deliver({ kind: 'received', connection, bytes: this.#poller.bytes(at, size) });
  }

  #adopt(id: ConnectionId, node: NodeId): void {
    const end = (): void => this.#poller.order(ORDER.RESET, id);
    this.#peers.set(id, this.#streams.adopt(end, node));
  }

  #closed(id: ConnectionId): void {
    if (this.#clients.delete(id)) {
      this.#deliver({ kind: 'closed', connection: id });
      return;
    }
    const stream = this.#peers.get(id);
    this.#peers.delete(id);
    stream?.closed();
    if (stream === undefined) this.#dialled.closed(id);
  }
}
