/**
 * What nodes are told about their links: up and down, late, and sometimes for nothing.
 *
 * 1. A link is up while both nodes run and neither direction is cut. Each end learns of a change
 *    after a delay of its own, if the change still holds then.
 * 2. A flap is a down and an up with no change behind it; no frame is lost by it.
 * 3. A node that starts knows no link; it is told of each that comes up.
 */
import type { NodeId } from '../../src/base/units.ts';
import type { NetEvent } from '../../src/ports/net.ts';
import type { Scheduler } from './scheduler.ts';
import type { Delay, Stream, Streams } from './streams.ts';
import { eventKind } from './trace.ts';

const LINK_EVENT = eventKind('link');

export interface LinkOptions {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly detection: Delay;
  /** Whether the link really is up. */
  readonly isUp: (left: NodeId, right: NodeId) => boolean;
}

interface End {
  readonly stream: Stream;
  readonly deliver: (event: NetEvent) => void;
  /** The peers that this node believes to be linked. */
  readonly linked: Set<NodeId>;
}

export class LinkMonitor {
  private readonly options: LinkOptions;
  private readonly ends = new Map<NodeId, End>();
  private readonly draws = new Map<NodeId, Stream>();

  constructor(options: LinkOptions) {
    this.options = options;
  }

  up(node: NodeId, deliver: (event: NetEvent) => void): void {
    this.ends.set(node, { stream: this.stream(node), deliver, linked: new Set() });
    this.nodeChanged(node);
  }

  down(node: NodeId): void {
    this.ends.delete(node);
    this.nodeChanged(node);
  }

  /** The truth about the link between the two may have changed. */
  changed(left: NodeId, right: NodeId): void {
    this.tell(left, right);
    this.tell(right, left);
  }

  /** Tells `node` that its link to `peer` went down, and then that it is up again. */
  flap(node: NodeId, peer: NodeId): void {
    const end = this.ends.get(node);
    if (end?.linked.has(peer) !== true) return;
    end.linked.delete(peer);
    end.deliver({ kind: 'peer-link', peer, up: false });
    this.tell(node, peer);
  }

  private nodeChanged(node: NodeId): void {
    const peers = [...this.ends.keys()].sort((a, b) => a - b);
    for (const peer of peers) {
      if (peer !== node) this.changed(node, peer);
    }
  }

  /** After a while tells `node` how its link to `peer` stands, if that is news then. */
  private tell(node: NodeId, peer: NodeId): void {
    const end = this.ends.get(node);
    if (end === undefined) return;
    this.options.scheduler.after(end.stream.delay(this.options.detection), LINK_EVENT, node, () => {
      if (this.ends.get(node) === end) this.tellNow(end, node, peer);
    });
  }

  private tellNow(end: End, node: NodeId, peer: NodeId): void {
    const up = this.options.isUp(node, peer);
    if (end.linked.has(peer) === up) return;
    if (up) end.linked.add(peer);
    else end.linked.delete(peer);
    end.deliver({ kind: 'peer-link', peer, up });
  }

  private stream(node: NodeId): Stream {
    let stream = this.draws.get(node);
    if (stream === undefined) {
      stream = this.options.streams.stream(`link:${node}`);
      this.draws.set(node, stream);
    }
    return stream;
  }
}
