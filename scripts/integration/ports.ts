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
export async function freePort(taken: Set<number>): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const wanted = [port, port + 1000, port + 2000];
    if (wanted.some((one) => taken.has(one))) continue;
    const areFree = [await isTcpFree(port), await isUdpFree(port + 1000)];
    if (!areFree.every(Boolean) || !(await isTcpFree(port + 2000))) continue;
    for (const one of wanted) taken.add(one);
    return port;
  }
  throw new Error('no free ports');
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
