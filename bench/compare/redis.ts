/** One redis-server that syncs every write (`appendfsync always`), in a folder of its own. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addon } from '../../src/runtime/native/addon.ts';
import { freePorts, HOST } from '../ports.ts';
import { type Contestant, fillBy, loadBy } from './contestant.ts';
import { answers, Daemon, isInstalled, PEER_PORTS, untilReady } from './processes.ts';

const PROGRAM = 'redis-server';

/** Null, or what is not there. */
export const redisMissing = (): string | null =>
  isInstalled(PROGRAM) ? null : `${PROGRAM} is not installed`;

export async function startRedis(addon: Addon, folder: string): Promise<Contestant> {
  const directory = join(folder, 'redis');
  await mkdir(directory);
  const [port] = (await freePorts(1, PEER_PORTS)) as [number];
  const settings = {
    bind: HOST,
    port: `${port}`,
    dir: directory,
    appendonly: 'yes',
    appendfsync: 'always',
    save: '',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const daemon = new Daemon(PROGRAM, flags);
  await untilReady(PROGRAM, [daemon], () => answers(port, 'PING\r\n', '+PONG'));
  const target = { port, wire: 'resp' } as const;
  return {
    name: 'redis',
    cpuTicks: () => daemon.cpuTicks(),
    fill: (shape) => fillBy(addon, target, shape),
    run: (operation, shape, operations) => loadBy(addon, target, shape, { operation, operations }),
    stop: () => daemon.stop(),
  };
}
