/** Crowds at a client port: those who say nothing, and those who ask for much and read nothing. */
import net from 'node:net';
import { newRequestView, writeRequest } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import { REQUEST } from '../../src/core/protocol/wire.ts';
import { HOST } from '../../src/runtime/testing/ports.ts';

const AT_ONCE = 200;
const GETS = 64;

/** An error is no arrival: what follows it is the close. */
export async function arrival(
  socket: net.Socket,
  event: 'connect' | 'close' | 'drain',
): Promise<void> {
  await new Promise<void>((resolve) => socket.once(event, () => resolve()));
}

/** So many connections; those that were let in. */
export async function crowd(port: number, count: number): Promise<net.Socket[]> {
  const sockets: net.Socket[] = [];
  for (let made = 0; made < count; made += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - made) }, () => {
      const socket = net.connect({ host: HOST, port });
      socket.on('error', () => {});
      return Promise.race([
        arrival(socket, 'connect').then(() => socket),
        arrival(socket, 'close').then(() => null),
      ]);
    });
    for (const socket of await Promise.all(some)) if (socket !== null) sockets.push(socket);
  }
  return sockets;
}

/** Asks for `key` over and over, and never reads. */
export function askAndSleep(socket: net.Socket, key: Uint8Array): void {
  socket.pause();
  const writer = new FrameWriter(1);
  for (let seq = 1; seq <= GETS; seq++) {
    const view = { ...newRequestView(), command: REQUEST.GET, seq, key };
    writeRequest(writer, view);
  }
  socket.write(writer.take());
}
