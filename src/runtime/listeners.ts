/**
 * The ports of a node: TCP for clients (and peers, unless they have a port of their own), UDP for
 * gossip, TCP for HTTP. All are bound before anything else is begun, so that a port that is taken is
 * found before a byte is written.
 *
 * Until someone listens to the servers, who connects is turned away. A server that has closed can be
 * opened again as it is; a UDP socket cannot, another is made.
 */
import dgram from 'node:dgram';
import http from 'node:http';
import net from 'node:net';
import { type Failure, failure } from '../base/errors.ts';

const GOSSIP_PORT_OFFSET = 1000;
const HTTP_PORT_OFFSET = 2000;
export const KEEP_ALIVE_MS = 60_000;
/** A connection more is refused by closing it. Bounds descriptors; the node bounds clients below. */
export const SOCKETS_MAX = 16_384;
const HTTP_SOCKETS_MAX = 256;

export interface ListenerPorts {
  readonly port: number;
  /** Null: peers come to `port`. */
  readonly peerPort: number | null;
  readonly gossipPort: number;
  readonly httpPort: number;
}

/** What a node answers over HTTP with; its other sockets are the net's. */
export interface HttpDoor {
  readonly host: string;
  readonly ports: ListenerPorts;
  readonly http: http.Server;
}

export interface Listeners extends HttpDoor {
  readonly clients: net.Server;
  readonly peers: net.Server | null;
  readonly gossip: dgram.Socket;
}

/** The other ports of a node with client port `port`. 0: all of them are the kernel's choice. */
export const gossipPortOf = (port: number): number => (port === 0 ? 0 : port + GOSSIP_PORT_OFFSET);
export const httpPortOf = (port: number): number => (port === 0 ? 0 : port + HTTP_PORT_OFFSET);

export async function openListeners(
  host: string,
  wanted: ListenerPorts,
): Promise<Listeners | Failure> {
  const clients = newServer();
  const peers = wanted.peerPort === null ? null : newServer();
  const gossip = newSocket(host);
  const web = newHttpServer();
  const opened: { close(): unknown }[] = [];
  try {
    const port = await listen(clients, host, wanted.port);
    opened.push(clients);
    const peerPort = peers === null ? null : await listen(peers, host, wanted.peerPort!);
    if (peers !== null) opened.push(peers);
    const gossipPort = await bind(gossip, host, wanted.gossipPort);
    opened.push(gossip);
    const httpPort = await listen(web, host, wanted.httpPort);
    const ports = { port, peerPort, gossipPort, httpPort };
    return { host, ports, clients, peers, gossip, http: web };
  } catch (error) {
    for (const one of opened) one.close();
    return failureOf(error as NodeJS.ErrnoException & { port?: number }, host);
  }
}

export function closeListeners({ clients, peers, gossip, http: web }: Listeners): void {
  clients.close();
  peers?.close();
  gossip.close();
  web.close();
}

export function newHttpServer(): http.Server {
  const server = http.createServer();
  server.maxConnections = HTTP_SOCKETS_MAX;
  return server;
}

function newServer(): net.Server {
  const server = net.createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
  server.maxConnections = SOCKETS_MAX;
  server.on('connection', (socket) => {
    if (server.listenerCount('connection') === 1) socket.destroy();
  });
  return server;
}

/** Answers the port. The server is as it was before, but that it listens. */
export function listen(server: net.Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const begun = (): void => {
      server.removeListener('error', failed);
      resolve((server.address() as net.AddressInfo).port);
    };
    const failed = (error: Error): void => {
      server.removeListener('listening', begun);
      reject(error);
    };
    server.once('listening', begun);
    server.once('error', failed);
    server.listen(port, host);
  });
}

/** Another gossip socket on the address of the first. */
export async function reopenGossip({ host, ports }: Listeners): Promise<dgram.Socket> {
  const socket = newSocket(host);
  try {
    await bind(socket, host, ports.gossipPort);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

const newSocket = (host: string): dgram.Socket =>
  dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');

function bind(socket: dgram.Socket, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(Object.assign(error, { port })));
    socket.bind({ port, address: host, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket.address().port);
    });
  });
}

/** `error.port`: the one that could not be had. */
export function failureOf(error: NodeJS.ErrnoException & { port?: number }, host: string): Failure {
  const where = `${host}:${error.port ?? '?'}`;
  if (error.code === 'EADDRINUSE') return failure('PORT_TAKEN', `${where} is in use`);
  return failure('BAD_FLAG', `cannot listen on ${where}: ${error.code ?? error.message}`);
}
