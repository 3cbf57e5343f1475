/**
 * Free ports for a node: P and P + 2000 over TCP, P + 1000 over UDP.
 *
 * Drawn from below the range from which kernels give outgoing connections their ports: there nobody
 * takes one while a node that was killed is down.
 */
import dgram from 'node:dgram';
import net from 'node:net';

export const HOST = '127.0.0.1';
const LOWEST = 20_000;
const HIGHEST = 29_900;
const TRIES_MAX = 1000;

/** `taken` are those given out before; the new one is added. */
export function freePort(taken: Set<number>): Promise<number> {
  return freePorts(1, taken);
}

/** The first of `count` ports in a row that are free for a node each. */
export async function freePorts(count: number, taken: Set<number>): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const row = Array.from({ length: count }, (_, at) => first + at);
    if (row.some((port) => wantedBy(port).some((one) => taken.has(one)))) continue;
    const areFree = await Promise.all(row.map(isFree));
    if (!areFree.every(Boolean)) continue;
    for (const port of row) for (const one of wantedBy(port)) taken.add(one);
    return first;
  }
  throw new Error('no free ports');
}

const wantedBy = (port: number): number[] => [port, port + 1000, port + 2000];

async function isFree(port: number): Promise<boolean> {
  const areFree = [isTcpFree(port), isUdpFree(port + 1000), isTcpFree(port + 2000)];
  return (await Promise.all(areFree)).every(Boolean);
}

function isTcpFree(port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

function isUdpFree(port: number): Promise<boolean> {
  const socket = dgram.createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(port, HOST, () => socket.close(() => resolve(true)));
  });
}
