/**
 * `npm run bench -- --compare redis,etcd`: us beside redis-server and etcd, on one machine, in one run.
 *
 * Everything listens on loopback, keeps its data in one temporary folder, and is ended by its process
 * id. Who is asked for and not installed is named and left out.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Addon } from '../../src/runtime/native/addon.ts';
import { type Machine, machineAt } from '../machine.ts';
import { type Contestant, nativeLoad } from './contestant.ts';
import { etcdMissing, startEtcd } from './etcd.ts';
import { startNodes } from './nodes.ts';
import { redisMissing, startRedis } from './redis.ts';
import { type ComparePlan, type MeasuredRound, runRounds } from './rounds.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export type PeerName = 'redis' | 'etcd';
export const PEER_NAMES: readonly PeerName[] = ['redis', 'etcd'];

export interface Comparison {
  readonly machine: Machine;
  readonly plan: ComparePlan;
  /** Who was asked for and is not there, and why. */
  readonly missing: readonly string[];
  readonly rounds: readonly MeasuredRound[];
  readonly verdict: Verdict;
}

const MISSING = { redis: redisMissing, etcd: etcdMissing } as const;

/** A string: there is nothing to compare, and why. */
export async function compare(
  asked: readonly PeerName[],
  plan: ComparePlan,
  say: (line: string) => void,
): Promise<Comparison | string> {
  const addon = nativeLoad();
  if (addon === null) return 'the native helper is not built: it makes the load';
  const reasons = asked.map((name) => [name, MISSING[name]()] as const);
  const missing = reasons.flatMap(([, reason]) => reason ?? []);
  for (const reason of missing) say(`${reason}: going on without it`);
  const present = reasons.filter(([, reason]) => reason === null).map(([name]) => name);
  if (present.length === 0) return `nobody to compare with: ${missing.join('; ')}`;
  const folder = await mkdtemp(join(tmpdir(), 'apex-kv-compare-'));
  try {
    const machine = machineAt(folder);
    const rounds = await contest(addon, { folder, present, plan, say });
    return { machine, plan, missing, rounds, verdict: verdictOf(rounds, plan.rounds) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Field {
  readonly folder: string;
  readonly present: readonly PeerName[];
  readonly plan: ComparePlan;
  readonly say: (line: string) => void;
}

async function contest(addon: Addon, { folder, present, plan, say }: Field) {
  const started: Contestant[] = [];
  const keep = <Kind extends Contestant>(contestant: Kind): Kind => {
    started.push(contestant);
    return contestant;
  };
  try {
    const single = keep(await startNodes('single', 1, addon, folder));
    const three = keep(await startNodes('three', 3, addon, folder));
    const peers: Contestant[] = [];
    for (const name of present) {
      const starting = name === 'redis' ? startRedis(addon, folder) : startEtcd(folder);
      peers.push(keep(await starting));
    }
    for (const contestant of started) await contestant.fill(plan.shape);
    return await runRounds(
      { single, three, peers },
      plan,
      ({ disturbance, surroundings, complaints }) => {
        for (const complaint of complaints) say(complaint);
        const { stealShare, foreignShare } = surroundings;
        const shares = [stealShare, foreignShare].map((share) => `${Math.round(share * 100)} %`);
        const fate = disturbance === null ? 'counts' : `thrown out: ${disturbance}`;
        say(`a round ${fate} (steal ${shares[0]}, others ${shares[1]})`);
      },
    );
  } finally {
    for (const contestant of started) await contestant.stop();
  }
}
