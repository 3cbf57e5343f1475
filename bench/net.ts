/**
 * `npm run bench -- net`: native sockets against plain Node's, in turns, on single nodes.
 *
 * As in disk.ts, what is compared are two runs of one round, one right after the other, first one
 * way round, then the other. Both nodes run through all rounds, on the same disk.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMPLEMENTATIONS, type Implementation } from '../src/runtime/native/choice.ts';
import type { DiskRow, DiskRun } from './disk.ts';
import { Servers } from './servers.ts';
import { load, type ThroughputPlan } from './throughput.ts';

const SHAPES = [
  { name: 'PUT', flags: ['--mix', 'put=1'] },
  { name: 'GET linearizable', flags: ['--mix', 'get=1', '--read', 'linearizable'] },
  { name: 'GET stale', flags: ['--mix', 'get=1', '--read', 'stale'] },
] as const;

/** A node whose sockets `implementation` moves, with every key in place. */
export async function startNode(
  implementation: Implementation,
  walDirectory: string,
  plan: ThroughputPlan,
): Promise<Servers> {
  const serveFlags = ['--net', implementation];
  const servers = await Servers.start({ nodes: 1, walDirectory, nodeFlags: [], serveFlags });
  await load(servers, { ...plan, operations: 1 }, ['--fill', '--mix', 'put=1']);
  return servers;
}

export async function runNet(plan: ThroughputPlan): Promise<DiskRow[]> {
  const folder = await mkdtemp(join(tmpdir(), 'apex-kv-bench-'));
  const nodes = new Map<Implementation, Servers>();
  try {
    for (const implementation of IMPLEMENTATIONS) {
      const directory = await mkdtemp(join(folder, implementation));
      nodes.set(implementation, await startNode(implementation, directory, plan));
    }
    return await runRounds(plan, nodes);
  } finally {
    for (const servers of nodes.values()) await servers.stop();
    await rm(folder, { recursive: true });
  }
}

async function runRounds(
  plan: ThroughputPlan,
  nodes: ReadonlyMap<Implementation, Servers>,
): Promise<DiskRow[]> {
  const rows = SHAPES.map(({ name }): DiskRow => ({ name, native: [], plain: [] }));
  for (let round = 0; round < plan.rounds; round++) {
    const order = round % 2 === 0 ? IMPLEMENTATIONS : [...IMPLEMENTATIONS].reverse();
    for (const [at, { flags }] of SHAPES.entries()) {
      for (const implementation of order) {
        const { native, plain } = rows[at]!;
        const runs = implementation === 'native' ? native : plain;
        runs.push(await measure(nodes.get(implementation)!, plan, flags));
      }
    }
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
