/**
 * `npm run bench -- memory`: what a key costs beyond its own bytes, what the log takes on disk, and
 * how long a killed node needs to come back. One node, its own process, real sockets and disk.
 *
 *   load ─▶ overwrite half ─▶ kill, start again ─▶ overwrite for many times the log's bound
 *
 * 1. Keys are overwritten at random, with values of 20 to 3 times the first size in bytes: slots of
 *    all sizes come free and are taken again.
 * 2. A restart must give the same content: digests are compared.
 * 3. The endless overwrites go round some keys of their own, in values of 4 KiB, so that the log is
 *    filled many times over in seconds; the whole content is in every snapshot all the same.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newPrng, nextBelow } from '../src/base/prng.ts';
import { DEFAULT_SETTINGS } from '../src/core/settings.ts';
import { overheadPerKey } from '../src/core/store/footprint.ts';
import { KEY_OVERHEAD_BYTES } from '../src/core/types.ts';
import { NODE_DEFAULTS } from '../src/node/config.ts';
import { type DiskUsage, diskUsage, watchDiskUsage } from './disk-usage.ts';
import { type Machine, machineAt } from './machine.ts';
import type { NodeFigures } from './node/door.ts';
import { NodeProcess } from './node/process.ts';
import { writeAll } from './writer.ts';

export const OVERHEAD_BYTES_MAX = 64;
/**
 * This bench's own idea of a bounded log: four times what calls for a snapshot, or as much as there is
 * content where that is more.
 */
export function logBytesMax({ churn }: MemoryFinding): number {
  const { keys, contentBytes } = churn.figures.store;
  return Math.max(4 * NODE_DEFAULTS.snapshotLogBytes, contentBytes + keys * KEY_OVERHEAD_BYTES);
}

const KEY_BYTES = 20;
const OVERWRITE_BYTES_MIN = 20;
const OVERWRITE_FACTOR = 3;
const CHURN_KEYS = 1024;
const CHURN_VALUE_BYTES = 4096;

export interface MemoryPlan {
  readonly keys: number;
  readonly valueBytes: number;
  /** Bytes of values that the endless overwrites write. */
  readonly churnBytes: number;
}

export interface MemoryPoint {
  readonly figures: NodeFigures;
  readonly overheadPerKey: number;
  readonly seconds: number;
  readonly writes: number;
}

export interface Recovery {
  readonly disk: DiskUsage;
  /** From the process's begin to listening: the program is loaded. */
  readonly startMs: number;
  /** From there to serving: the log read and checked, the snapshot in the store. */
  readonly recoverMs: number;
  /** From there to leading with everything applied: an election timeout, and the log's entries. */
  readonly leadMs: number;
  readonly isSame: boolean;
}

export interface MemoryFinding {
  readonly machine: Machine;
  readonly plan: MemoryPlan;
  readonly afterLoad: MemoryPoint;
  readonly afterOverwrites: MemoryPoint;
  readonly recovery: Recovery;
  readonly churn: MemoryPoint;
  /** The most that was seen during the endless overwrites. */
  readonly diskMost: DiskUsage;
}

export async function runMemory(plan: MemoryPlan): Promise<MemoryFinding> {
  const walDirectory = await mkdtemp(join(tmpdir(), 'apex-kv-bench-'));
  const bench = new MemoryBench(plan, walDirectory);
  try {
    return await bench.run();
  } finally {
    await bench.end();
    await rm(walDirectory, { recursive: true });
  }
}

export const isPassed = (finding: MemoryFinding): boolean =>
  finding.afterLoad.overheadPerKey <= OVERHEAD_BYTES_MAX &&
  finding.afterOverwrites.overheadPerKey <= OVERHEAD_BYTES_MAX &&
  finding.diskMost.logBytes <= logBytesMax(finding) &&
  finding.recovery.isSame;

/** Room for all keys at their largest. */
function quotaFor({ keys, valueBytes }: MemoryPlan): number {
  const largest = KEY_BYTES + Math.max(valueBytes, OVERWRITE_BYTES_MIN) * OVERWRITE_FACTOR;
  return Math.max(
    DEFAULT_SETTINGS.quotaBytes,
    (keys + CHURN_KEYS) * (largest + KEY_OVERHEAD_BYTES),
  );
}

class MemoryBench {
  readonly #plan: MemoryPlan;
  readonly #walDirectory: string;
  readonly #directory: string;
  #node: NodeProcess | null = null;

  constructor(plan: MemoryPlan, walDirectory: string) {
    this.#plan = plan;
    this.#walDirectory = walDirectory;
    this.#directory = join(walDirectory, 'apex-1');
  }

  async run(): Promise<MemoryFinding> {
    const machine = machineAt(this.#walDirectory);
    await this.#start();
    const afterLoad = await this.#load();
    const afterOverwrites = await this.#overwrite();
    const recovery = await this.#recover(afterOverwrites.figures);
    const watch = watchDiskUsage(this.#directory);
    const churn = await this.#churn();
    const diskMost = watch.end();
    return { machine, plan: this.#plan, afterLoad, afterOverwrites, recovery, churn, diskMost };
  }

  async end(): Promise<void> {
    await this.#node?.kill();
  }

  async #start(): Promise<NodeProcess> {
    const quotaBytes = quotaFor(this.#plan);
    this.#node = await NodeProcess.start({ walDirectory: this.#walDirectory, quotaBytes });
    return this.#node;
  }

  #load(): Promise<MemoryPoint> {
    const { keys, valueBytes } = this.#plan;
    return this.#write(keys, valueBytes, (at) => ({ key: at, valueBytes }));
  }

  #overwrite(): Promise<MemoryPoint> {
    const { keys, valueBytes } = this.#plan;
    const prng = newPrng([keys, valueBytes, 1, 1]);
    const most = Math.max(OVERWRITE_BYTES_MIN + 1, OVERWRITE_FACTOR * valueBytes);
    const draw = () => ({
      key: nextBelow(prng, keys),
      valueBytes: OVERWRITE_BYTES_MIN + nextBelow(prng, most - OVERWRITE_BYTES_MIN),
    });
    return this.#write(Math.floor(keys / 2), most, draw);
  }

  #churn(): Promise<MemoryPoint> {
    const { keys, churnBytes } = this.#plan;
    const count = Math.ceil(churnBytes / CHURN_VALUE_BYTES);
    return this.#write(count, CHURN_VALUE_BYTES, (at) => ({
      key: keys + (at % CHURN_KEYS),
      valueBytes: CHURN_VALUE_BYTES,
    }));
  }

  async #write(
    writes: number,
    valueBytesMax: number,
    draw: (at: number) => { readonly key: number; readonly valueBytes: number },
  ): Promise<MemoryPoint> {
    const node = this.#node!;
    const seconds = await writeAll(node.port, {
      count: writes,
      valueBytesMax,
      next: (put, at) => Object.assign(put, draw(at)),
    });
    const figures = await node.figures();
    return { figures, overheadPerKey: overheadPerKey(figures.store), seconds, writes };
  }

  async #recover(before: NodeFigures): Promise<Recovery> {
    await this.#node!.kill();
    const disk = diskUsage(this.#directory);
    const node = await this.#start();
    const [startMs, recoveredMs, readyMs] = (['listening', 'recovered', 'ready'] as const).map(
      (milestone) => node.milestones.get(milestone)!,
    ) as [number, number, number];
    const after = await node.figures();
    return {
      disk,
      startMs,
      recoverMs: recoveredMs - startMs,
      leadMs: readyMs - recoveredMs,
      isSame: after.digest === before.digest && after.revision === before.revision,
    };
  }
}
