/**
 * What a daemon needs of its net beyond the port that the node sees. Two there are: on plain Node
 * (net.ts) and on the native helper (native/net.ts).
 */
import type { NodeId } from '../base/units.ts';
import type { NetEvent, NetPort } from '../ports/net.ts';
import type { PeerEndpoint } from './endpoints.ts';
import type { Helper, HelperName } from './helper.ts';
import type { Implementation } from './native/choice.ts';
import type { PeerLink } from './peer-link.ts';

export interface GossipStatus {
  readonly isUp: boolean;
  /** Where datagrams come in; null: nowhere. */
  readonly port: number | null;
  readonly datagramsDropped: number;
}

export interface DaemonNet extends NetPort {
  readonly implementation: Implementation;
  /** Its sockets are served by a thread of their own. */
  readonly isThreaded: boolean;
  /** Sorted by id. */
  readonly links: readonly PeerLink[];
  readonly gossip: GossipStatus;
  /** Connections closed as soon as they came: too many sockets, or no descriptor left. */
  readonly socketsRefused: number;
  /** The doors and the gossip socket, supervised; `failed` is told from now on. */
  helpers(failed: (name: HelperName, error: unknown) => void): Helper[];
  /** Takes no new connection any more. */
  stopListening(): void;
  /** Everything ends, and no event comes any more. `flush`: what was sent still leaves. */
  shutDown(flush: boolean): void;
}

export interface DaemonNetOptions {
  readonly self: NodeId;
  readonly peers: readonly PeerEndpoint[];
  readonly deliver: (event: NetEvent) => void;
  /** A peer's connection carried no frames; it was closed. */
  readonly reportNoise: (node: NodeId) => void;
}
