/**
 * `npm run bench -- disk`: the native disk against the plain one, in turns.
 *
 * 1. The port alone: durable writes one after the other into a segment made as the log makes its own
 *    (zeros, then a sync). Milliseconds of CPU are of the whole process, threads included.
 * 2. A single node under PUTs (`kv serve --disk …`, loaded by `kv bench`), and what CPU it took.
 * 3. What is compared are two runs of one round, one right after the other, first one way round, then
 *    the other: the machine's mood is the same for both. A ratio is native ÷ plain.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskOperation } from '../src/core/disk.ts';
import type { DaemonDisk } from '../src/runtime/daemon-disk.ts';
import { type Choice, chooseImplementation } from '../src/runtime/native/choice.ts';
import { openDisk } from '../src/runtime/open-disk.ts';
import { Servers } from './servers.ts';
import { median } from './table.ts';
import { load, type ThroughputPlan } from './throughput.ts';

const KIB = 1024;
const SEGMENT_BYTES = 32 * KIB * KIB;
const SIZES = [4 * KIB, 64 * KIB, 256 * KIB];

export interface DiskPlan extends ThroughputPlan {
  /** Durable writes of each size in a round. */
  readonly writes: number;
}

export interface DiskRun {
  readonly rate: number;
  readonly p50us: number;
  /** Of CPU, user and system, a write or a request. */
  readonly cpuUs: number;
}

export interface DiskRow {
  readonly name: string;
  /** By round. */
  readonly native: DiskRun[];
  readonly plain: DiskRun[];
}

export async function runDisk(plan: DiskPlan): Promise<DiskRow[]> {
  const choices = [choiceOf('native'), choiceOf('node')] as const;
  const folder = await mkdtemp(join(tmpdir(), 'apex-kv-bench-'));
  const rows = [...SIZES.map((bytes) => `write ${bytes / KIB} KiB`), 'PUT, one node'].map(
    (name): DiskRow => ({ name, native: [], plain: [] }),
  );
  try {
    for (let round = 0; round < plan.rounds; round++) {
      const order = round % 2 === 0 ? choices : [choices[1], choices[0]];
      for (const choice of order) {
        for (const [at, row] of rows.entries()) {
          const directory = await mkdtemp(join(folder, 'run-'));
          const runs = choice.implementation === 'native' ? row.native : row.plain;
          const bytes = SIZES[at];
          const isPort = bytes !== undefined;
          runs.push(
            isPort
              ? await writeRun(choice, directory, { bytes, count: plan.writes })
              : await putRun(choice, directory, plan),
          );
          await rm(directory, { recursive: true });
        }
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return rows;
}

function choiceOf(implementation: 'native' | 'node'): Choice {
  const choice = chooseImplementation('--disk', implementation);
  if ('code' in choice) throw new Error(choice.detail);
  return choice;
}

/** Hands over one operation after another, each when the last has completed. */
class Caller {
  readonly #disk: DaemonDisk;
  #ticket = 0;
  #done: (code: string) => void = () => {};

  constructor(choice: Choice, directory: string) {
    this.#disk = openDisk(choice, {
      directory,
      deliver: ({ code }) => this.#done(code),
      report: () => {},
    });
  }

  async run(operation: DiskOperation): Promise<void> {
    const code = await new Promise<string>((resolve) => {
      this.#done = resolve;
      this.#disk.submit(++this.#ticket, operation);
    });
    if (code !== 'OK') throw new Error(`${operation.kind}: ${code}`);
  }

  close(): Promise<void> {
    return this.#disk.close();
  }
}

async function writeRun(
  choice: Choice,
  directory: string,
  { bytes, count }: { readonly bytes: number; readonly count: number },
): Promise<DiskRun> {
  const caller = new Caller(choice, directory);
  const file = 'segment';
  await caller.run({ kind: 'create', file, bytes: SEGMENT_BYTES });
  await caller.run({ kind: 'sync', file });
  const parts = [new Uint8Array(bytes).fill(1)];
  const tookUs: number[] = [];
  const cpu = process.cpuUsage();
  for (let n = 0; n < count; n++) {
    const offset = (n * bytes) % SEGMENT_BYTES;
    const begun = performance.now();
    await caller.run({ kind: 'write', file, offset, parts, sync: true });
    tookUs.push((performance.now() - begun) * 1000);
  }
  const { user, system } = process.cpuUsage(cpu);
  await caller.close();
  const totalUs = tookUs.reduce((sum, each) => sum + each, 0);
  return { rate: (count / totalUs) * 1e6, p50us: median(tookUs), cpuUs: (user + system) / count };
}

async function putRun(choice: Choice, directory: string, plan: DiskPlan): Promise<DiskRun> {
  const serveFlags = ['--disk', choice.implementation];
  const servers = await Servers.start({
    nodes: 1,
    walDirectory: directory,
    nodeFlags: [],
    serveFlags,
  });
  try {
    await load(servers, { ...plan, operations: 1 }, ['--fill', '--mix', 'put=1']);
    const before = servers.cpuSeconds();
    const { opsPerSecond, p50us } = await load(servers, plan, ['--mix', 'put=1']);
    const cpuUs = ((servers.cpuSeconds() - before) * 1e6) / plan.operations;
    return { rate: opsPerSecond, p50us, cpuUs };
  } finally {
    await servers.stop();
  }
}
