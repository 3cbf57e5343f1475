/** The links of a node: one to each other node, and the look at those that hear nothing. */
import type { NodeId } from '../base/units.ts';
import type { NetEvent } from '../ports/net.ts';
import type { DaemonNetOptions } from './daemon-net.ts';
import { peerGreeting } from './greeting.ts';
import { type DialLink, PeerLink } from './peer-link.ts';

const LOOK_MS = 1000;

export class PeerLinks {
  /** Sorted by id. */
  readonly all: readonly PeerLink[];
  readonly #byId: ReadonlyMap<NodeId, PeerLink>;
  #sweep: NodeJS.Timeout | undefined;

  /** None is dialled yet. */
  constructor(
    { self, peers }: Pick<DaemonNetOptions, 'self' | 'peers'>,
    dial: DialLink,
    deliver: (event: NetEvent) => void,
  ) {
    const greeting = peerGreeting(self);
    this.all = [...peers]
      .filter(({ id }) => id !== self)
      .sort((left, right) => left.id - right.id)
      .map((endpoint) => {
        const changed = (up: boolean): void =>
          deliver({ kind: 'peer-link', peer: endpoint.id, up });
        return new PeerLink({ endpoint, greeting, dial, changed });
      });
    this.#byId = new Map(this.all.map((link) => [link.endpoint.id, link]));
  }

  start(): void {
    this.#sweep = setInterval(() => this.#recycleSilent(), LOOK_MS).unref();
    for (const link of this.all) link.dial();
  }

  find(peer: NodeId): PeerLink | undefined {
    return this.#byId.get(peer);
  }

  send(target: NodeId, frame: Uint8Array): void {
    this.#byId.get(target)?.send(frame, performance.now());
  }

  close(reset: boolean): void {
    clearInterval(this.#sweep);
    for (const link of this.all) link.close(reset);
  }

  #recycleSilent(): void {
    const now = performance.now();
    for (const link of this.all) link.recycleIfSilent(now);
  }
}
