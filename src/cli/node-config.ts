/** From flags to what a node, its listeners and its links are started with. */
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { NodeId } from '../base/units.ts';
import { DEFAULT_SETTINGS } from '../core/settings.ts';
import type { Settings } from '../core/types.ts';
import { NODE_DEFAULTS, type NodeConfig } from '../node/config.ts';
import type { PeerEndpoint } from '../runtime/endpoints.ts';
import { gossipPortOf, httpPortOf, type ListenerPorts } from '../runtime/listeners.ts';
import { addressText } from './peer-list.ts';
import type { ServeFlags } from './serve-flags.ts';

export function nodeConfigOf(flags: ServeFlags, version: string): NodeConfig {
  const ids = new Set<NodeId>([flags.id, ...flags.peers.map(({ id }) => id)]);
  return {
    ...NODE_DEFAULTS,
    id: flags.id,
    ids: [...ids].sort((left, right) => left - right),
    addresses: addressesOf(flags),
    server: `apex-kv/${version}`,
    settings: { ...DEFAULT_SETTINGS, ...askedOf(flags) },
  };
}

/** The replicated settings that a flag names. */
export function askedOf({ durability, quota }: ServeFlags): Partial<Settings> {
  return {
    ...(durability === null ? {} : { durability }),
    ...(quota === null ? {} : { quotaBytes: quota }),
  };
}

export function listenerPortsOf({ port, peerPort }: ServeFlags): ListenerPorts {
  return { port, peerPort, gossipPort: gossipPortOf(port), httpPort: httpPortOf(port) };
}

export function endpointsOf({ peers }: ServeFlags): PeerEndpoint[] {
  return peers.map(({ id, host, port, peerPort }) => ({
    id,
    host,
    port: peerPort,
    gossipPort: gossipPortOf(port),
  }));
}

/** What REDIRECT names. */
function addressesOf(flags: ServeFlags): ReadonlyMap<NodeId, string> {
  const addresses = new Map<NodeId, string>();
  for (const { id, host, port } of flags.peers) addresses.set(id, addressText(host, port));
  addresses.set(flags.id, addressText(flags.advertise ?? reachableHost(flags.listen), flags.port));
  return addresses;
}

/** Nobody can connect to the wildcard address; the machine's name is the best guess for it. */
const reachableHost = (listen: string): string =>
  listen === '0.0.0.0' || listen === '::' ? hostname() : listen;

/** What an operator should know although nothing is wrong. */
export function warningsOf({ listen, durability }: ServeFlags): string[] {
  const warnings: string[] = [];
  if (!isLoopback(listen)) {
    warnings.push(`anyone who reaches ${listen} can read and write: there is no authentication`);
  }
  if (durability === 'unsafe') {
    warnings.push('durability is unsafe: acknowledged writes may be lost when machines fail');
  }
  return warnings;
}

function isLoopback(address: string): boolean {
  if (isIP(address) === 4) return address.startsWith('127.');
  return address === '::1' || address === 'localhost';
}
