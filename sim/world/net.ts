/**
 * The simulated network: what a node sees of it (the net port) and what a nemesis does to it.
 *
 * 1. Frames and gossip between nodes: net-peers.ts. What nodes are told about links: net-links.ts.
 *    Clients' byte streams: net-clients.ts and net-connection.ts.
 * 2. A partition drops; a clog keeps. Both are directed and both end with `heal`.
 * 3. The port of a dead incarnation does nothing.
 */
import type { NodeId } from '../../src/base/units.ts';
import type { NetEvent, NetPort } from '../../src/ports/net.ts';
import type { NetKnobs } from './config.ts';
import type { FaultLedger } from './faults.ts';
import { type ClientConnection, ClientNetwork } from './net-clients.ts';
import type { ClientSink } from './net-connection.ts';
import { LinkMonitor } from './net-links.ts';
import { type Message, PeerNetwork, type Rule } from './net-peers.ts';
import type { Scheduler } from './scheduler.ts';
import type { Streams } from './streams.ts';

export interface NetOptions {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly knobs: NetKnobs;
  readonly faults: FaultLedger;
  readonly nodes: readonly NodeId[];
  readonly report: (node: NodeId, error: unknown) => void;
}

export class SimulatedNet {
  readonly peers: PeerNetwork;
  readonly clients: ClientNetwork;
  private readonly links: LinkMonitor;
  private readonly nodes: readonly NodeId[];

  constructor(options: NetOptions) {
    const { scheduler, streams, knobs, faults, report } = options;
    this.nodes = options.nodes;
    this.peers = new PeerNetwork({ scheduler, streams, faults, knobs: knobs.peers });
    this.clients = new ClientNetwork({ scheduler, streams, faults, report, knobs: knobs.clients });
    this.links = new LinkMonitor({
      scheduler,
      streams,
      detection: knobs.linkDetection,
      isUp: (left, right) => this.isLinked(left, right),
    });
  }

  /** A node's incarnation begins to listen. */
  up(node: NodeId, deliver: (event: NetEvent) => void): void {
    this.peers.up(node, deliver);
    this.clients.up(node, deliver);
    this.links.up(node, deliver);
  }

  down(node: NodeId): void {
    this.peers.down(node);
    this.clients.down(node);
    this.links.down(node);
  }

  /** The port of one incarnation of `node`. Every other pair of nodes keeps what it is given to send. */
  port(node: NodeId, isAlive: () => boolean): NetPort {
    const { peers, clients } = this;
    const keepsBytes = (node >> 1) % 2 === 1;
    return {
      keepsBytes,
      sendPeer(target, frame) {
        if (isAlive()) peers.send('frame', node, target, frame);
      },
      sendGossip(target, datagram) {
        if (isAlive()) peers.send('gossip', node, target, datagram);
      },
      send(connection, bytes) {
        const sent = keepsBytes ? bytes : bytes.slice();
        if (isAlive()) clients.find(node, connection)?.sendFromNode(sent);
      },
      unsentBytes(connection) {
        return isAlive() ? (clients.find(node, connection)?.unsentFromNode() ?? 0) : 0;
      },
      pause(connection) {
        if (isAlive()) clients.find(node, connection)?.pauseNode(true);
      },
      resume(connection) {
        if (isAlive()) clients.find(node, connection)?.pauseNode(false);
      },
      close(connection, reset) {
        if (isAlive()) clients.find(node, connection)?.closeFromNode(reset);
      },
    };
  }

  connect(node: NodeId, address: string, sink: ClientSink): ClientConnection {
    return this.clients.connect(node, address, sink);
  }

  /** Cuts `source` → `target`, and the way back unless `oneWay`. */
  cut(source: NodeId, target: NodeId, oneWay: boolean): void {
    this.peers.cut(source, target);
    if (!oneWay) this.peers.cut(target, source);
    this.links.changed(source, target);
  }

  mend(source: NodeId, target: NodeId): void {
    this.peers.mend(source, target);
    this.peers.mend(target, source);
    this.links.changed(source, target);
  }

  /** Cuts every path between nodes of different sides. A node on no side keeps all its paths. */
  partition(sides: readonly (readonly NodeId[])[]): void {
    for (let left = 0; left < sides.length; left++) {
      for (let right = left + 1; right < sides.length; right++) {
        this.cutAll(sides[left]!, sides[right]!);
      }
    }
  }

  isolate(node: NodeId): void {
    this.partition([[node], this.nodes.filter((other) => other !== node)]);
  }

  /** Two sides that only `middle` can reach. */
  bridge(middle: NodeId, left: readonly NodeId[]): void {
    const right = this.nodes.filter((node) => node !== middle && !left.includes(node));
    this.partition([left.filter((node) => node !== middle), right]);
  }

  clog(source: NodeId, target: NodeId): void {
    this.peers.clog(source, target);
  }

  unclog(source: NodeId, target: NodeId): void {
    this.peers.unclog(source, target);
  }

  /** Breaks the link between the two: what was under way either way is lost, both hear of it. */
  resetLink(left: NodeId, right: NodeId): void {
    this.peers.reset(left, right);
    this.peers.reset(right, left);
    this.flap(left, right);
    this.flap(right, left);
  }

  /** Tells `node` that its link to `peer` went down and up again, without losing a frame. */
  flap(node: NodeId, peer: NodeId): void {
    this.links.flap(node, peer);
  }

  /** Ends every cut and every clog, between nodes and towards clients. Rules stay. */
  heal(): void {
    for (const source of this.nodes) {
      for (const target of this.nodes) {
        if (source === target) continue;
        this.peers.mend(source, target);
        this.peers.unclog(source, target);
        if (source < target) this.links.changed(source, target);
      }
      this.clients.mend(source);
    }
  }

  /** Sets aside every message that matches from now on, as it arrives. */
  hold(matches: (message: Message) => boolean): Rule {
    return this.peers.addRule('hold', matches);
  }

  /** Loses every message that matches from now on. */
  drop(matches: (message: Message) => boolean): Rule {
    return this.peers.addRule('drop', matches);
  }

  /** Ends a rule and delivers what it held. */
  release(rule: Rule): void {
    this.peers.release(rule);
  }

  private cutAll(left: readonly NodeId[], right: readonly NodeId[]): void {
    for (const source of left) {
      for (const target of right) this.cut(source, target, false);
    }
  }

  private isLinked(left: NodeId, right: NodeId): boolean {
    const { peers } = this;
    const isCut = peers.isCut(left, right) || peers.isCut(right, left);
    return peers.isUp(left) && peers.isUp(right) && !isCut;
  }
}
