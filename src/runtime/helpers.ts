/**
 * The helpers of a daemon, made of what it has opened.
 *
 * | helper | when it is given up |
 * |---|---|
 * | disk | at its first failure, as the machines see it, and when its threads are gone; the node stops |
 * | clients, peers | the node hands over, drains and stops: nobody reaches it any more |
 * | gossip | the node goes on: nothing that must be right rests on gossip |
 * | http | the node goes on: who asks for health gets no answer, which is one |
 *
 * Links to peers are no helpers: each dials for as long as the node runs (peer-link.ts).
 */
import type { Server } from 'node:net';
import { NO_RESTART, RESTARTS } from '../node/supervision.ts';
import type { DaemonDisk } from './daemon-disk.ts';
import type { DaemonNet } from './daemon-net.ts';
import type { Gossip } from './gossip.ts';
import type { Helper, HelperName } from './helper.ts';
import { type HttpDoor, type Listeners, listen, reopenGossip } from './listeners.ts';

type Failed = (name: HelperName, error: unknown) => void;

export interface HelperParts {
  readonly listeners: HttpDoor;
  readonly net: DaemonNet;
  readonly disk: DaemonDisk;
}

/** `failed` is told from now on, not before this returns. */
export function helpersOf({ listeners, net, disk }: HelperParts, failed: Failed): Helper[] {
  const { host, ports, http } = listeners;
  const httpDoor = serverHelper('http', { server: http, host, port: ports.httpPort }, failed);
  return [diskHelper(disk), ...net.helpers(failed), httpDoor];
}

/** Those of the plain net. */
export function plainNetHelpers(listeners: Listeners, gossip: Gossip, failed: Failed): Helper[] {
  const { host, ports, clients, peers } = listeners;
  const doors = [serverHelper('clients', { server: clients, host, port: ports.port }, failed)];
  if (peers !== null) {
    doors.push(serverHelper('peers', { server: peers, host, port: ports.peerPort! }, failed));
  }
  gossip.failed = (error) => failed('gossip', error);
  return [...doors, gossipHelper(listeners, gossip)];
}

function serverHelper(
  name: HelperName,
  { server, host, port }: { server: Server; host: string; port: number },
  failed: Failed,
): Helper {
  server.on('error', (error) => failed(name, error));
  server.on('close', () => failed(name, 'closed'));
  return {
    name,
    policy: RESTARTS,
    isVital: name !== 'http',
    isUp: () => server.listening,
    reopen: async () => void (await listen(server, host, port)),
    close: () => server.close(),
  };
}

/** Its operations' failures are the machines' to judge; its end shows here. */
function diskHelper(disk: DaemonDisk): Helper {
  return {
    name: 'disk',
    policy: NO_RESTART,
    isVital: true,
    isUp: () => disk.isUp(),
    reopen: null,
    close: () => {},
  };
}

function gossipHelper(listeners: Listeners, gossip: Gossip): Helper {
  return {
    name: 'gossip',
    policy: RESTARTS,
    isVital: false,
    isUp: () => gossip.isUp,
    reopen: async () => gossip.adopt(await reopenGossip(listeners)),
    close: () => gossip.close(),
  };
}
