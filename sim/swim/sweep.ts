/**
 * Measures the detector as a node runs it: how often it is wrong, and how long it takes to be right.
 *
 * 1. The network is calm but for a stated loss; one member may read its mail late. Nobody crashes in
 *    the measured periods, so every death in them is a false one; it counts once for each observer.
 * 2. Then members crash one after another, and come back: how many periods until the first and the
 *    last of the others held it dead.
 * 3. Everything runs with Lifeguard and without: no score of one's own health, and the least timeout
 *    for every suspect, whoever confirms. (The buddy system stays: it is a rule of every datagram.)
 */
import { NOBODY, type NodeId, nodeId } from '../../src/base/units.ts';
import { SWIM_DEFAULTS, type SwimOut } from '../../src/core/swim/state.ts';
import { FaultLedger } from '../world/faults.ts';
import { Scheduler } from '../world/scheduler.ts';
import { Streams } from '../world/streams.ts';
import { holdOtherwise } from './agreement.ts';
import { SwimMember } from './member.ts';
import { addressOf, idsUpTo } from './nemesis.ts';
import { SwimNetwork } from './network.ts';
import { calmPlan, type SwimKnobs, type SwimPlan } from './plan.ts';
import { beSlow } from './slowness.ts';
import { SWIM_CLUSTER } from './world.ts';

export interface TrialOptions {
  readonly seed: string;
  readonly members: number;
  readonly periods: number;
  readonly lossPermille: number;
  readonly hasLifeguard: boolean;
  /** Whether member 1 reads its mail 0.1 to 30 s late. */
  readonly isOneSlow: boolean;
  /** How many crashes are measured. */
  readonly crashes: number;
}

export interface Trial {
  suspicions: number;
  /** Deaths of members that are up, and in time, by how they are held. */
  falseDeathsByAll: number;
  /** Of these, the ones that an observer holds which is in time itself. */
  falseDeathsByHealthy: number;
  /** For each crash, in periods: until the first held it dead, and the last. */
  readonly detections: { readonly first: number; readonly last: number }[];
}

const SLOW = nodeId(1);
const WARM_UP_PERIODS = 10;
const DETECTION_PERIODS_MAX = 2_000;

const LIFEGUARD_OFF = { suspicionStretch: 1, confirmationsMax: 1, healthMax: 0 };

interface Field {
  readonly plan: SwimPlan;
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly members: readonly SwimMember[];
}

export function runTrial(options: TrialOptions): Trial {
  const trial: Trial = {
    suspicions: 0,
    falseDeathsByAll: 0,
    falseDeathsByHealthy: 0,
    detections: [],
  };
  let slow: NodeId = NOBODY;
  let isMeasured = false;
  const field = newField(options, (observer, out) => {
    if (!isMeasured) return;
    for (const { id, state } of out.changes) {
      if (id === slow) continue;
      if (state === 'suspect') trial.suspicions++;
      if (state !== 'dead') continue;
      trial.falseDeathsByAll++;
      if (observer.id !== slow) trial.falseDeathsByHealthy++;
    }
  });
  runPeriods(field, WARM_UP_PERIODS);
  isMeasured = true;
  if (options.isOneSlow) slow = SLOW;
  const end = options.isOneSlow ? makeSlow(field) : null;
  runPeriods(field, options.periods);
  end?.();
  isMeasured = false;
  for (let nth = 0; nth < options.crashes; nth++) trial.detections.push(crashOne(field));
  return trial;
}

function knobsOf({ members, hasLifeguard }: TrialOptions): SwimKnobs {
  const knobs = { ...SWIM_DEFAULTS, membersMax: members + 1 };
  return hasLifeguard ? knobs : { ...knobs, ...LIFEGUARD_OFF };
}

function newField(
  options: TrialOptions,
  count: (observer: SwimMember, out: SwimOut) => void,
): Field {
  const streams = new Streams(options.seed);
  const plan = calmPlan(options.members, knobsOf(options));
  const scheduler = new Scheduler();
  const faults = new FaultLedger(() => scheduler.nowUs());
  const members: SwimMember[] = [];
  const stream = streams.stream('swim-network');
  const network = new SwimNetwork({ plan, scheduler, stream, faults, members });
  network.calm();
  network.lose(options.lossPermille);
  for (const id of idsUpTo(options.members)) {
    const member = new SwimMember({
      id,
      clusterId: SWIM_CLUSTER,
      knobs: plan.knobs,
      worldSize: plan.members,
      scheduler,
      stream: streams.stream(`swim-member-${id}`),
      observe: (observer, _event, out) => {
        count(observer, out);
        for (const datagram of out.datagrams) network.send(observer, datagram);
      },
    });
    member.address = addressOf(id, 0);
    members.push(member);
  }
  const field = { plan, scheduler, streams, members };
  for (const member of members) start(field, member);
  return field;
}

function start({ members }: Field, member: SwimMember): void {
  member.start(members.map(({ id, address }) => ({ id, address })));
}

function makeSlow({ members, scheduler, streams }: Field): () => void {
  const member = members.find(({ id }) => id === SLOW)!;
  const lateUs = { min: 100_000, spread: 4_000_000, max: 30_000_000 };
  return beSlow({ member, scheduler, stream: streams.stream('swim-slow'), lateUs });
}

function runPeriods({ scheduler, plan }: Field, periods: number): void {
  scheduler.runUntil(scheduler.nowUs() + periods * plan.knobs.probePeriodMs * 1_000);
}

/** The last member crashes; once all know, it comes back and is believed. */
function crashOne(field: Field): Trial['detections'][number] {
  const { members } = field;
  const victim = members.at(-1)!;
  victim.stop();
  let first = 0;
  let last = 0;
  for (let late = members.length; late > 0 && last < DETECTION_PERIODS_MAX; ) {
    runPeriods(field, 1);
    last++;
    late = holdOtherwise(members, victim, ['dead', 'forgotten']).length;
    if (first === 0 && late < members.length - 1) first = last;
  }
  start(field, victim);
  const believed = (): boolean => holdOtherwise(members, victim, ['alive']).length === 0;
  for (let period = 0; period < DETECTION_PERIODS_MAX && !believed(); period++) {
    runPeriods(field, 1);
  }
  // So that the next crash meets members in good health.
  runPeriods(field, 2 * WARM_UP_PERIODS);
  return { first, last };
}
