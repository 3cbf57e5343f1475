/**
 * The smallest driver that uses every port: for the world's own tests and for measuring it.
 *
 * Every `periodMs` it sends a numbered ping to each peer and writes its counter to disk; it answers
 * pings with pongs and clients with what they said, and reads its file when it starts.
 */
import { type Millis, millis, NEVER, type NodeId } from '../../src/base/units.ts';
import type { NodeDriver, NodeEvent, NodePorts } from '../../src/node/contract.ts';

const PING = 1;
const PONG = 2;

export interface ToyOptions {
  readonly node: NodeId;
  readonly ports: NodePorts;
  readonly peers: readonly NodeId[];
  readonly periodMs: number;
  /** Writes to disk every period, or not at all. */
  readonly writes: boolean;
}

export class ToyNode implements NodeDriver {
  readonly seen: string[] = [];
  private readonly options: ToyOptions;
  private nextPing: Millis = millis(0);
  private count = 0;
  private ticket = 0;
  pongs = 0;

  constructor(options: ToyOptions) {
    this.options = options;
    this.count = options.ports.entropy.word() & 0xff;
    if (options.writes) this.submit({ kind: 'create', file: 'toy', bytes: 65_536 });
  }

  input(event: NodeEvent): void {
    const { ports } = this.options;
    this.seen.push(event.kind);
    if (event.kind === 'received') ports.net.send(event.connection, event.bytes);
    if (event.kind !== 'peer-frame') return;
    const sender = event.bytes[1]! as NodeId;
    if (event.bytes[0] === PING) ports.net.sendPeer(sender, this.frame(PONG));
    else this.pongs++;
  }

  turn(now: Millis): void {
    if (now < this.nextPing) return;
    this.nextPing = millis(now + this.options.periodMs);
    this.count++;
    for (const peer of this.options.peers) {
      if (peer !== this.options.node) this.options.ports.net.sendPeer(peer, this.frame(PING));
    }
    if (!this.options.writes) return;
    const offset = (this.count % 128) * 512;
    const parts = [this.frame(PING)];
    this.submit({ kind: 'write', file: 'toy', offset, parts, sync: true });
  }

  deadline(): Millis {
    return this.options.peers.length === 0 ? NEVER : this.nextPing;
  }

  private submit(operation: Parameters<NodePorts['disk']['submit']>[1]): void {
    this.options.ports.disk.submit(++this.ticket, operation);
  }

  private frame(kind: number): Uint8Array {
    return Uint8Array.of(kind, this.options.node, this.count, this.count >>> 8);
  }
}
