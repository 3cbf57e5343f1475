/**
 * `npm run bench -- net`: native sockets, on the event loop and on a thread, against plain Node's, in
 * turns, on single nodes.
 *
 * As in disk.ts, what is compared are two runs of one round, one right after the other, first one
 * way round, then the other; plain is in the middle, so both neighbours are compared with the same
 * run. All nodes run through all rounds, on the same disk.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Implementation } from '../src/runtime/native/choice.ts';
import type { DiskRow, DiskRun } from './disk.ts';
import { Servers } from './servers.ts';
import { load, type ThroughputPlan } from './throughput.ts';

const SHAPES = [
  { name: 'PUT', flags: ['--mix', 'put=1'] },
  { name: 'GET linearizable', flags: ['--mix', 'get=1', '--read', 'linearizable'] },
  { name: 'GET stale', flags: ['--mix', 'get=1', '--read', 'stale'] },
] as const;

type Place = 'loop' | 'plain' | 'thread';

const PLACES: readonly Place[] = ['loop', 'plain', 'thread'];

const FLAGS: Record<Place, { readonly net: Implementation; readonly netThread: 'on' | 'off' }> = {
  loop: { net: 'native', netThread: 'off' },
  plain: { net: 'node', netThread: 'off' },
  thread: { net: 'native', netThread: 'on' },
};

/** A node whose sockets `implementation` moves, with every key in place. */
async function startNode(
  { net, netThread }: { readonly net: Implementation; readonly netThread: string },
  walDirectory: string,
  plan: ThroughputPlan,
): Promise<Servers> {
  const serveFlags = ['--net', net, '--net-thread', netThread];
  const servers = await Servers.start({ nodes: 1, walDirectory, nodeFlags: [], serveFlags });
  await load(servers, { ...plan, operations: 1 }, ['--fill', '--mix', 'put=1']);
  return servers;
}

export async function runNet(plan: ThroughputPlan): Promise<DiskRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'apex-kv-bench-'));
  const nodes = new Map<Place, Servers>();
  try {
    for (const place of PLACES) {
      const directory = await mkdtemp(join(folder, place));
      nodes.set(place, await startNode(FLAGS[place], directory, plan));
    }
    return await runRounds(plan, nodes);
  } finally {
    for (const servers of nodes.values()) await servers.stop();
    await rm(folder, { recursive: true });
  }
}

async function runRounds(
  plan: ThroughputPlan,
  nodes: ReadonlyMap<Place, Servers>,
): Promise<DiskRow[]> {
  const rows: DiskRow[] = [];
  for (const { name, flags } of SHAPES) {
    const runs: Record<Place, DiskRun[]> = { loop: [], plain: [], thread: [] };
    for (let round = 0; round < plan.rounds; round++) {
      const order = round % 2 === 0 ? PLACES : [...PLACES].reverse();
      for (const place of order) runs[place].push(await measure(nodes.get(place)!, plan, flags));
    }
    const { loop, plain, thread } = runs;
    rows.push({ name, native: loop, plain }, { name: `${name}, thread`, native: thread, plain });
  }
  return rows;
}

export async function measure(
  servers: Servers,
  plan: ThroughputPlan,
  flags: readonly string[],
): Promise<DiskRun> {
  const before = servers.cpuSeconds();
  const { opsPerSecond, p50us, errors } = await load(servers, plan, flags);
  if (errors > 0) throw new Error(`${errors} requests failed`);
  const cpuUs = ((servers.cpuSeconds() - before) * 1e6) / plan.operations;
  return { rate: opsPerSecond, p50us, cpuUs };
}
