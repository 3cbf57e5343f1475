/** Links over plain Node. A name is resolved through the one that all links share. */
import net, { type LookupFunction } from 'node:net';
import type { DialLink } from './peer-link.ts';

const KEEP_ALIVE_MS = 10_000;

export function plainDial(lookup: LookupFunction): DialLink {
  return ({ host, port }, { connected, closed }) => {
    const socket = net.connect({
      host,
      port,
      lookup,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    socket.once('connect', () => connected(socket.remoteAddress ?? null));
    socket.once('close', closed);
    // The reason is in what follows: the link is down and is dialled again.
    socket.on('error', () => {});
    // The other end says nothing unless it refuses us, and then it closes.
    socket.resume();
    return {
      get unsentBytes() {
        return socket.writableLength;
      },
      write: (bytes) => void socket.write(bytes),
      end: () => void socket.end(),
      destroy: () => void socket.destroy(),
    };
  };
}
