/**
 * A world of SWIM machines only: 3 to 100 members, a network, a nemesis, an oracle, one seed.
 *
 * Chaos first, under the oracle's rules that hold at any time; then calm, in which all must agree
 * within a stated time and a few scenes have one right outcome. Same seed, same digest.
 *
 * A violated invariant ends the run and is its result; anything else that is thrown is a bug of
 * the simulator and passes through.
 */
import { type CheckerName, InvariantViolation } from '../../src/base/assert.ts';
import type { ClusterId, NodeId } from '../../src/base/units.ts';
import { ProbeLedger } from '../check/probes/ledger.ts';
import { FaultLedger } from '../world/faults.ts';
import { Scheduler } from '../world/scheduler.ts';
import { type Stream, Streams } from '../world/streams.ts';
import type { TraceRecorder } from '../world/trace.ts';
import { withWalls } from '../world/walls.ts';
import { SwimMember } from './member.ts';
import { addressOf, idsUpTo, SwimNemesis } from './nemesis.ts';
import { SwimNetwork } from './network.ts';
import { type OracleCounts, SwimOracle } from './oracle.ts';
import { drawPlan, type PlanOptions, type SwimPlan } from './plan.ts';
import { playScenes } from './scenes.ts';

export const SWIM_CLUSTER = '5e1f0c0de5e1f0c0de5e1f0c0de5e1f0' as ClusterId;

export interface SwimWorldOptions extends PlanOptions {
  /** Where every event is recorded, if anywhere. */
  readonly recorder: TraceRecorder | null;
}

export interface SwimWorldResult {
  readonly seed: string;
  readonly verdict: 'pass' | 'violation';
  readonly checker: CheckerName | 'internal' | null;
  readonly message: string;
  /** Where the broken assertion stands; for telling trivial kills of mutants from others. */
  readonly stack: string;
  readonly digest: string;
  readonly simulatedMs: number;
  readonly events: number;
  readonly faults: Record<string, number>;
  /** Hits of probes, by name. */
  readonly probes: Record<string, number>;
  readonly counts: OracleCounts;
  /** The same, up to the end of the chaos. */
  readonly countsInChaos: OracleCounts;
  readonly plan: SwimPlan;
}

export const DEFAULT_SWIM_OPTIONS: SwimWorldOptions = {
  members: null,
  faults: null,
  recorder: null,
};

export function runSwimWorld(seed: string, options: SwimWorldOptions): SwimWorldResult {
  const world = buildWorld(seed, options);
  const { scheduler } = world;
  const nowMs = (): number => Math.floor(scheduler.nowUs() / 1_000);
  const violation = withWalls(nowMs, () => play(world));
  return {
    seed: world.streams.seed,
    verdict: violation === null ? 'pass' : 'violation',
    checker: violation?.checker ?? null,
    message: violation?.message ?? '',
    stack: violation?.stack ?? '',
    digest: world.scheduler.digestHex(),
    simulatedMs: Math.floor(world.scheduler.nowUs() / 1_000),
    events: world.scheduler.events(),
    faults: world.faults.summary(),
    probes: probesOf(world.oracle.counts),
    counts: world.oracle.counts,
    countsInChaos: world.oracle.countsInChaos,
    plan: world.plan,
  };
}

/** What the oracle counts anyway. */
function probesOf({ refutations, deaths, returns, forgotten }: OracleCounts) {
  const probes = new ProbeLedger();
  probes.sometimes('suspicion-refuted', refutations > 0);
  probes.sometimes('death-declared', deaths > 0);
  probes.sometimes('accused-returned', returns > 0);
  probes.sometimes('tombstone-forgotten', forgotten > 0);
  return probes.summary();
}

interface World {
  readonly plan: SwimPlan;
  readonly streams: Streams;
  readonly scheduler: Scheduler;
  readonly faults: FaultLedger;
  readonly members: readonly SwimMember[];
  readonly network: SwimNetwork;
  readonly oracle: SwimOracle;
  readonly nemesis: SwimNemesis;
  readonly restart: (member: SwimMember, elsewhere: boolean) => void;
}

function buildWorld(seed: string, options: SwimWorldOptions): World {
  const streams = new Streams(seed);
  const plan = drawPlan(streams.stream('swim-plan'), options);
  const scheduler = new Scheduler();
  scheduler.recorder = options.recorder;
  const faults = new FaultLedger(() => scheduler.nowUs());
  const members: SwimMember[] = [];
  const byId = new Map<NodeId, SwimMember>();
  const oracle = new SwimOracle(plan.knobs, plan.members, byId);
  const network = new SwimNetwork({
    plan,
    scheduler,
    faults,
    members,
    stream: streams.stream('swim-network'),
  });
  for (const id of idsUpTo(plan.members)) {
    const member = new SwimMember({
      id,
      clusterId: SWIM_CLUSTER,
      knobs: plan.knobs,
      worldSize: plan.members,
      scheduler,
      stream: streams.stream(`swim-member-${id}`),
      observe: (observed, event, out) => {
        oracle.afterStep(observed, event, out);
        for (const datagram of out.datagrams) network.send(observed, datagram);
      },
    });
    members.push(member);
    byId.set(id, member);
  }
  const restart = starter(members, plan, streams.stream('swim-start'));
  const stream = streams.stream('swim-nemesis');
  const parts = { plan, scheduler, stream, faults, network, members, restart };
  const nemesis = new SwimNemesis(parts);
  return { plan, streams, scheduler, faults, members, network, oracle, nemesis, restart };
}

/**
 * Starts processes: each with an address list, whole or short, of present addresses. Member 1 never
 * moves, is in every list, knows everybody and comes back for the calm: where every address that a
 * member knows is out of date, or leads to nobody who is up, no protocol brings it home.
 */
function starter(
  members: readonly SwimMember[],
  plan: SwimPlan,
  stream: Stream,
): (member: SwimMember, elsewhere: boolean) => void {
  let moves = 0;
  return (member, elsewhere) => {
    const isFirst = member === members[0];
    if (elsewhere && !isFirst) member.address = addressOf(member.id, ++moves);
    const others = stream.shuffle(members.slice(1));
    const length = isFirst ? others.length : plan.seedPeers;
    const list = [members[0]!, ...others.slice(0, length)];
    member.start(list.map(({ id, address }) => ({ id, address })));
  };
}

/** Both phases; the violation that ended them, or null. */
function play(world: World): InvariantViolation | null {
  try {
    makeChaos(world);
    makeCalm(world);
    const stream = world.streams.stream('swim-scenes');
    playScenes({ ...world, stream });
    return null;
  } catch (error) {
    if (error instanceof InvariantViolation) return error;
    throw error;
  }
}

function makeChaos(world: World): void {
  const { plan, scheduler, members, nemesis, restart } = world;
  for (const member of members) member.address = addressOf(member.id, 0);
  for (const member of members) restart(member, false);
  nemesis.begin();
  scheduler.runUntil(plan.chaosPeriods * plan.knobs.probePeriodMs * 1_000);
}

/** The chaos ends; some of those that are down come back, the others stay down for good. */
function makeCalm(world: World): void {
  const { members, network, nemesis, oracle, restart } = world;
  const stream = world.streams.stream('swim-calm');
  nemesis.end();
  network.calm();
  oracle.endChaos();
  for (const member of members) {
    if (member.status === 'paused') member.resume();
    if (member.isUp()) continue;
    const drawn = stream.permille(500);
    const returns = drawn || member === members[0] || countUp(members) < 3;
    if (!returns) member.stop();
    else if (member.status === 'stopped') restart(member, false);
    else member.take({ kind: 'join', peers: [] });
  }
}

const countUp = (members: readonly SwimMember[]): number =>
  members.filter((member) => member.isUp()).length;
