/** Our own nodes, as `kv serve` starts them: native ports, durability `durable`. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Addon } from '../../src/runtime/native/addon.ts';
import { HOST } from '../ports.ts';
import { KV_MAIN, Servers } from '../servers.ts';
import { type Contestant, fillBy, loadBy, type Shape, type Target } from './contestant.ts';
import { TICKS_PER_SECOND } from './processes.ts';

const run = promisify(execFile);
const SERVE_FLAGS = ['--net', 'native', '--disk', 'native'];
const HTTP_PORT_OFFSET = 2000;
const SETTING_TRIES = 20;
const SETTING_PAUSE_MS = 500;

export interface OwnNodes extends Contestant {
  /** What the cluster is asked to promise from now on. */
  setDurability(durability: 'durable' | 'strict'): Promise<void>;
}

/** On a busy machine there may be an election under way: then again, for as long as one may take. */
async function setDurability(durability: string, http: string): Promise<void> {
  const args = [KV_MAIN, 'config', 'set', 'durability', durability, '--http', http];
  for (let triesLeft = SETTING_TRIES; ; triesLeft--) {
    try {
      await run(process.execPath, args);
      return;
    } catch (error) {
      if (triesLeft === 0) throw error;
      await sleep(SETTING_PAUSE_MS);
    }
  }
}

export async function startNodes(
  name: string,
  nodes: number,
  addon: Addon,
  folder: string,
): Promise<OwnNodes> {
  const walDirectory = join(folder, name);
  const serveFlags = SERVE_FLAGS;
  const servers = await Servers.start({ nodes, walDirectory, nodeFlags: [], serveFlags });
  // Everything goes to the leader: what forwarding costs is another question.
  const leader = async (): Promise<Target> => {
    const [address] = await servers.addresses();
    return { port: Number(address!.split(':').at(-1)), wire: 'client' };
  };
  const http = servers.ports.map((port) => `${HOST}:${port + HTTP_PORT_OFFSET}`).join(',');
  return {
    name,
    cpuTicks: () => servers.cpuSeconds() * TICKS_PER_SECOND,
    fill: async (shape: Shape) => fillBy(addon, await leader(), shape),
    run: async (operation, shape, operations) =>
      loadBy(addon, await leader(), shape, { operation, operations }),
    setDurability: (durability) => setDurability(durability, http),
    stop: () => servers.stop(),
  };
}
