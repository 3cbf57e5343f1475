/**
 * Runs a comparison: everybody started once and filled, then rounds in which everybody takes the same
 * load in turns, each round beginning with another.
 *
 * Only one of them works at a time; the others stand idle beside it. A round is PUTs, then GETs, then
 * PUTs to our three nodes while their durability is `strict`. A run in which requests failed throws its
 * round out.
 */
import type { Contestant, Operation, Sample, Shape } from './contestant.ts';
import type { OwnNodes } from './nodes.ts';
import { cpuTicksOf, TICKS_PER_SECOND } from './processes.ts';
import { busyNow, surroundingsOf } from './surroundings.ts';
import { disturbanceOf, isFinished, type Round } from './verdict.ts';

export interface ComparePlan {
  readonly rounds: number;
  readonly operations: number;
  readonly shape: Shape;
}

export interface Measured extends Sample {
  /** User and system time of the servers for one operation. */
  readonly serverCpuUs: number;
}

export interface MeasuredRound extends Round {
  /** By `server.operation`; null: requests failed. */
  readonly samples: Readonly<Record<string, Measured | null>>;
  /** Which requests failed, and how. */
  readonly complaints: readonly string[];
}

export interface Contest {
  readonly single: OwnNodes;
  readonly three: OwnNodes;
  readonly peers: readonly Contestant[];
}

const OPERATIONS: readonly Operation[] = ['put', 'get'];
/** How many fewer requests the slow ones get, so that each run takes about as long. */
const ETCD_SHARE = 10;
const STRICT_SHARE = 150;

export async function runRounds(
  contest: Contest,
  plan: ComparePlan,
  onRound: (round: MeasuredRound) => void,
): Promise<MeasuredRound[]> {
  const rounds: MeasuredRound[] = [];
  while (!isFinished(rounds, plan.rounds)) {
    const round = await runRound(contest, plan, rounds.length);
    rounds.push(round);
    onRound(round);
  }
  return rounds;
}

async function runRound(contest: Contest, plan: ComparePlan, turn: number): Promise<MeasuredRound> {
  const all = [contest.single, contest.three, ...contest.peers];
  const order = all.map((_, at) => all[(at + turn) % all.length]!);
  const ownTicks = () =>
    cpuTicksOf('self', true) + all.reduce((sum, each) => sum + each.cpuTicks(), 0);
  const [before, ownBefore] = [busyNow(), ownTicks()];
  const samples: Record<string, Measured | null> = {};
  const complaints: string[] = [];
  for (const operation of OPERATIONS) {
    for (const contestant of order) {
      const share = contestant.name === 'etcd' ? ETCD_SHARE : 1;
      const operations = Math.ceil(plan.operations / share);
      const run = () => contestant.run(operation, plan.shape, operations);
      const name = `${contestant.name}.${operation}`;
      samples[name] = await measured(contestant, run, (reason) =>
        complaints.push(`${name}: ${reason}`),
      );
    }
  }
  const surroundings = surroundingsOf(before, busyNow(), ownTicks() - ownBefore);
  const failed = complaints[0] ?? null;
  samples['three.put-strict'] = await measureStrict(contest.three, plan, (reason) =>
    complaints.push(`three.put-strict: ${reason}`),
  );
  const figures = Object.fromEntries(
    Object.entries(samples).map(([name, sample]) => [name, sample?.opsPerSecond ?? null]),
  );
  const disturbance = failed ?? disturbanceOf(figures, surroundings);
  return { figures, samples, surroundings, complaints, disturbance };
}

/** Its failure says nothing about the rest of the round: it is slow, and elections are not. */
async function measureStrict(
  three: OwnNodes,
  { shape, operations }: ComparePlan,
  complain: (reason: string) => void,
) {
  await three.setDurability('strict');
  const some = Math.ceil(operations / STRICT_SHARE);
  const sample = await measured(three, () => three.run('put', shape, some), complain);
  await three.setDurability('durable');
  return sample;
}

/** Null, and a complaint: requests failed. */
async function measured(
  contestant: Contestant,
  run: () => Promise<Sample>,
  complain: (reason: string) => void,
): Promise<Measured | null> {
  const before = contestant.cpuTicks();
  try {
    const sample = await run();
    const seconds = (contestant.cpuTicks() - before) / TICKS_PER_SECOND;
    return { ...sample, serverCpuUs: (seconds * 1e6) / sample.operations };
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return null;
  }
}
