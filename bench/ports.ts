/** Ports on loopback that nobody has, below those that the kernel gives to those who connect. */
import net from 'node:net';

export const HOST = '127.0.0.1';

/** Where a search begins differs from process to process. */
const STARTS = 900;

/**
 * The first `count` ports from `from` on, and below `below`, whose neighbours at `offsets` are free as
 * well, as far as can be told beforehand.
 */
export async function freePorts(
  count: number,
  range: { readonly from: number; readonly below: number },
  offsets: readonly number[] = [0],
): Promise<number[]> {
  const ports: number[] = [];
  const first = range.from + (process.pid % STARTS);
  for (let port = first; ports.length < count && port < range.below; port++) {
    const free = await Promise.all(offsets.map((offset) => isFree(port + offset)));
    if (free.every((one) => one)) ports.push(port);
  }
  if (ports.length < count) throw new Error('no free ports');
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
