/**
 * `npm run bench -- throughput`: one node and three nodes in turns, loaded by `kv bench`.
 *
 * 1. A round runs every shape once against each cluster, so that what disturbs the machine disturbs
 *    them alike; figures are medians over the rounds, with the lowest and highest beside them.
 * 2. Linearizable and stale reads are shapes of their own: a figure never mixes them.
 * 3. The load runs on the same machine. It takes CPU from the nodes, so figures are lower
 *    bounds, and comparisons between shapes mean more than any of them.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Machine, machineAt } from './machine.ts';
import { KV_MAIN, Servers } from './servers.ts';

const run = promisify(execFile);

export interface ThroughputPlan {
  readonly rounds: number;
  readonly connections: number;
  readonly pipeline: number;
  readonly operations: number;
  readonly keys: number;
  readonly valueBytes: number;
}

interface Shape {
  readonly name: string;
  readonly flags: readonly string[];
}

const SHAPES: readonly Shape[] = [
  { name: 'PUT', flags: ['--mix', 'put=1'] },
  { name: 'GET linearizable', flags: ['--mix', 'get=1', '--read', 'linearizable'] },
  { name: 'GET stale', flags: ['--mix', 'get=1', '--read', 'stale'] },
];

const CLUSTERS = [1, 3] as const;

export interface Sample {
  readonly opsPerSecond: number;
  readonly p50us: number;
  readonly p99us: number;
  readonly errors: number;
}

export interface Series {
  readonly nodes: number;
  readonly shape: string;
  readonly samples: Sample[];
}

export interface ThroughputFinding {
  readonly machine: Machine;
  readonly plan: ThroughputPlan;
  /** Of each cluster. */
  readonly durability: readonly string[];
  readonly series: readonly Series[];
}

export async function runThroughput(plan: ThroughputPlan): Promise<ThroughputFinding> {
  const folder = await mkdtemp(join(tmpdir(), 'apex-kv-bench-'));
  const clusters = new Map<number, Servers>();
  try {
    const machine = machineAt(folder);
    for (const nodes of CLUSTERS) {
      const walDirectory = join(folder, `${nodes}`);
      clusters.set(nodes, await Servers.start({ nodes, walDirectory, nodeFlags: [] }));
    }
    const each = [...clusters.values()].map((servers) => servers.durability());
    const durability = await Promise.all(each);
    return { machine, plan, durability, series: await runRounds(plan, clusters) };
  } finally {
    for (const servers of clusters.values()) await servers.stop();
    await rm(folder, { recursive: true });
  }
}

async function runRounds(plan: ThroughputPlan, clusters: ReadonlyMap<number, Servers>) {
  const series = SHAPES.flatMap((shape) =>
    CLUSTERS.map((nodes) => ({ nodes, shape, samples: [] as Sample[] })),
  );
  for (const servers of clusters.values()) {
    // Every key is there before the first read; nothing of this is counted.
    await load(servers, { ...plan, operations: 1 }, ['--fill', '--mix', 'put=1']);
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const { nodes, shape, samples } of series) {
      samples.push(await load(clusters.get(nodes)!, plan, shape.flags));
    }
  }
  return series.map(({ nodes, shape, samples }) => ({ nodes, shape: shape.name, samples }));
}

/** All connections go to the leader: what forwarding costs is another question. */
export async function load(
  servers: Servers,
  plan: ThroughputPlan,
  flags: readonly string[],
): Promise<Sample> {
  const [leader] = await servers.addresses();
  const numbers = {
    '--threads': plan.connections,
    '--pipeline': plan.pipeline,
    '--ops': plan.operations,
    '--keys': plan.keys,
    '--value-bytes': plan.valueBytes,
  };
  const shape = Object.entries(numbers).flatMap(([name, value]) => [name, `${value}`]);
  const args = [KV_MAIN, 'bench', leader!, ...shape, ...flags, '--json'];
  const { stdout } = await run(process.execPath, args);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Sample;
}
