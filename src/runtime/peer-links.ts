/** The links of a node: one to each other node, and the look at those that hear nothing. */
import type { NetEvent } from '../ports/net.ts';
import type { DaemonNetOptions } from './daemon-net.ts';
import { peerGreeting } from './greeting.ts';
import { type DialLink, PeerLink } from './peer-link.ts';

const LOOK_MS = 1000;

/** Sorted by id; none is dialled yet. */
export function linksTo(
  { self, peers }: Pick<DaemonNetOptions, 'self' | 'peers'>,
  dial: DialLink,
  deliver: (event: NetEvent) => void,
): PeerLink[] {
  const greeting = peerGreeting(self);
  return [...peers]
    .filter(({ id }) => id !== self)
    .sort((left, right) => left.id - right.id)
    .map((endpoint) => {
      const changed = (up: boolean): void => deliver({ kind: 'peer-link', peer: endpoint.id, up });
      return new PeerLink({ endpoint, greeting, dial, changed });
    });
}

export function recycleNowAndThen(links: readonly PeerLink[]): NodeJS.Timeout {
  const timer = setInterval(() => {
    const now = performance.now();
    for (const link of links) link.recycleIfSilent(now);
  }, LOOK_MS);
  return timer.unref();
}
