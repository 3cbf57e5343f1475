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
    readonly children?: readonly number[];
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

/**
 * Microseconds by what the function at `place` called, with all that those called in turn; what it
 * spent itself goes by its own name, and what was not under it is left out.
 */
export function microsUnder(profile: CpuProfile, place: string): Record<string, number> {
  const parents = new Map<number, number>();
  for (const { id, children } of profile.nodes) {
    for (const child of children ?? []) parents.set(child, id);
  }
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const isRoot = (id: number): boolean => {
    const { functionName, url } = frames.get(id)!;
    return `${functionName} ${placeOf(url, 0).split(':')[0]}` === place;
  };
  const branchOf = (id: number): number | null => {
    let branch = id;
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      if (isRoot(at)) return branch;
      branch = at;
    }
    return null;
  };
  const micros: Record<string, number> = {};
  for (const [at, sample] of profile.samples.entries()) {
    const branch = branchOf(sample);
    if (branch === null) continue;
    const name = frames.get(branch)!.functionName;
    micros[name] = (micros[name] ?? 0) + (profile.timeDeltas[at] ?? 0);
  }
  return micros;
}

/** Microseconds by function and place, one line each; the idle loop is left out. */
export function placedMicros({ nodes, samples, timeDeltas }: CpuProfile): Record<string, number> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const micros = new Map<string, number>();
  for (const [at, sample] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(sample)!;
    if (functionName === '(idle)') continue;
    const key = `${functionName || '(anonymous)'}\n${placeOf(url, lineNumber)}`;
    micros.set(key, (micros.get(key) ?? 0) + (timeDeltas[at] ?? 0));
  }
  return Object.fromEntries(micros);
}

/** By function, the greatest first. */
export function selfTimes(profile: CpuProfile): SelfTime[] {
  const micros = Object.entries(placedMicros(profile));
  const total = micros.reduce((sum, [, spent]) => sum + spent, 0);
  return micros
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
