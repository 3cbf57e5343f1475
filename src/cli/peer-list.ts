/**
 * The address list, `--peers "HOST:PORT:ID,…"`.
 *
 * HOST is a name, an IPv4 address or an IPv6 address in brackets; PORT is the peer's client port.
 * A peer with `--peer-port` is written `HOST:PORT/PEERPORT:ID`. A node may list itself or not.
 */
import type { NodeId } from '../base/units.ts';
import { parseInteger } from './quantities.ts';

export const NODE_ID_MAX = 65_535;
/** The highest client port whose HTTP port, 2000 above, still is one. */
export const CLIENT_PORT_MAX = 63_535;
export const PORT_MAX = 65_535;

export interface ListedPeer {
  readonly id: NodeId;
  readonly host: string;
  readonly port: number;
  readonly peerPort: number;
}

const PEER = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/[\]]+)):(\d+)(?:\/(\d+))?:(\d+)$/;

/** The peers, or a sentence that says what is wrong with the list. */
export function parsePeers(text: string): readonly ListedPeer[] | string {
  const peers: ListedPeer[] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue;
    const peer = parsePeer(part);
    if (peer === null) return `"${part}" is not HOST:PORT:ID`;
    const twin = peers.find(({ id }) => id === peer.id);
    if (twin !== undefined) return `two peers have the id ${peer.id}`;
    if (peers.some(({ host, port }) => host === peer.host && port === peer.port)) {
      return `two peers have the address ${peer.host}:${peer.port}`;
    }
    peers.push(peer);
  }
  return peers;
}

function parsePeer(text: string): ListedPeer | null {
  const match = PEER.exec(text);
  if (match === null) return null;
  const [, ipv6, name, portText, peerPortText, idText] = match;
  const port = parseInteger(portText!, 1, CLIENT_PORT_MAX);
  const peerPort = parseInteger(peerPortText ?? portText!, 1, PORT_MAX);
  const id = parseInteger(idText!, 1, NODE_ID_MAX);
  if (port === null || peerPort === null || id === null) return null;
  return { id: id as NodeId, host: ipv6 ?? name!, port, peerPort };
}

/** `host:port`, an IPv6 address in brackets. */
export function addressText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
