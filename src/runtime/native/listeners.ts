/**
 * The ports of a node whose sockets the native helper owns. HTTP stays with Node. As in
 * ../listeners.ts, all are bound before anything else is begun; who calls waits in the kernel until
 * the net starts.
 */
import dns from 'node:dns';
import { isIP } from 'node:net';
import { type Failure, failure } from '../../base/errors.ts';
import {
  failureOf,
  type HttpDoor,
  type ListenerPorts,
  listen,
  newHttpServer,
} from '../listeners.ts';
import { SILENT_MS } from '../net.ts';
import { DOOR, type NetBinding } from './net-binding.ts';
import { NativePoller } from './poller.ts';

/** A client that does not take its last replies within this loses them. */
const LINGER_MS = 5000;

export interface NativeNetBinding {
  readonly binding: NetBinding;
  /** The poller has a thread of its own. */
  readonly isThreaded: boolean;
}

export interface NativeListeners extends HttpDoor {
  readonly poller: NativePoller;
  /** What `host` was resolved to; doors are opened again there. */
  readonly ip: string;
}

export async function openNativeListeners(
  { binding, isThreaded }: NativeNetBinding,
  host: string,
  wanted: ListenerPorts,
): Promise<NativeListeners | Failure> {
  const poller = openPoller(binding, isThreaded);
  if ('code' in poller) return poller;
  const http = newHttpServer();
  try {
    const ip = isIP(host) > 0 ? host : (await dns.promises.lookup(host)).address;
    const bound = openDoors(poller, ip, wanted);
    const httpPort = await listen(http, host, wanted.httpPort);
    return { host, ip, ports: { ...bound, httpPort }, poller, http };
  } catch (error) {
    poller.end(false);
    http.close();
    return failureOf(error as NodeJS.ErrnoException & { port?: number }, host);
  }
}

function openPoller(binding: NetBinding, isThreaded: boolean): NativePoller | Failure {
  const options = { silentMs: SILENT_MS, lingerMs: LINGER_MS, isThreaded };
  try {
    return new NativePoller(binding, options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failure('HELPER_DOWN', `the poller of the sockets does not start: ${reason}`);
  }
}

function openDoors(poller: NativePoller, ip: string, wanted: ListenerPorts) {
  const isShared = wanted.peerPort === null;
  const port = poller.openDoor(DOOR.CLIENTS, { ip, port: wanted.port, mayBePeer: isShared });
  const peerPort = isShared
    ? null
    : poller.openDoor(DOOR.PEERS, { ip, port: wanted.peerPort!, mayBePeer: true });
  const gossipPort = poller.openGossip(ip, wanted.gossipPort);
  return { port, peerPort, gossipPort };
}
