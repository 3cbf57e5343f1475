/**
 * `npm run bench -- profile`: where a single node spends its CPU while it takes PUTs.
 *
 * V8's sampling profiler runs in the node from its start, so booting is in the figures too: little,
 * beside a load of some seconds. Shares are of the samples that were not idle.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Servers } from './servers.ts';
import { tableOf } from './table.ts';
import { load, type ThroughputPlan } from './throughput.ts';

/** The part of a .cpuprofile that is used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  readonly where: string;
  readonly share: number;
}

export async function runProfile(plan: ThroughputPlan): Promise<SelfTime[]> {
  const folder = await mkdtemp(join(tmpdir(), 'apex-kv-bench-'));
  try {
    const nodeFlags = ['--cpu-prof', '--cpu-prof-dir', folder];
    const walDirectory = join(folder, 'data');
    const servers = await Servers.start({ nodes: 1, walDirectory, nodeFlags });
    try {
      await load(servers, plan, ['--mix', 'put=1']);
    } finally {
      await servers.stop();
    }
    return await readProfile(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readProfile(folder: string): Promise<SelfTime[]> {
  const file = (await readdir(folder)).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the node left no profile');
  return selfTimes(JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile);
}

/** By function, the greatest first; the idle loop is left out. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const micros = new Map<string, number>();
  let total = 0;
  for (const [at, sample] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(sample)!;
    if (functionName === '(idle)') continue;
    const delta = timeDeltas[at] ?? 0;
    const key = `${functionName || '(anonymous)'}\n${placeOf(url, lineNumber)}`;
    micros.set(key, (micros.get(key) ?? 0) + delta);
    total += delta;
  }
  return [...micros]
    .sort(([, left], [, right]) => right - left)
    .map(([key, spent]) => {
      const [name, where] = key.split('\n') as [string, string];
      return { name, where, share: total === 0 ? 0 : spent / total };
    });
}

function placeOf(url: string, line: number): string {
  const [, path] = /\/((?:src|node_modules)\/.*)$/.exec(url) ?? [];
  if (url === '') return '';
  return `${path ?? url}:${line + 1}`;
}

export function profileTable(times: readonly SelfTime[]): string {
  return tableOf([
    ['FUNCTION', 'SHARE', 'WHERE'],
    ...times.map(({ name, where, share }) => [name, `${(100 * share).toFixed(1)} %`, where]),
  ]);
}
