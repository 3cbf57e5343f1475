/**
 * What a seed makes of a SWIM-only world: how many members, with which knobs, under which faults.
 *
 * 1. Small worlds are common, since they are where helpers and shuffles run out; up to 100 members
 *    occur. Each class of faults is off in about 30 % of worlds.
 * 2. Every value is drawn whether its class is on or not: naming a class shifts nothing else.
 * 3. Knobs are shrunk to provoke boundaries: tombstones that expire during the run, tables that
 *    have exactly the room they need, datagrams that hold a few records.
 */
import { DATAGRAM_BYTES_MIN, type SwimConfig } from '../../src/core/swim/state.ts';
import { bitLength } from '../../src/core/swim/suspicion.ts';
import type { Delay, Stream } from '../world/streams.ts';

export const SWIM_FAULTS = [
  'loss',
  'duplicate',
  'delay',
  'replay',
  'corrupt',
  'cut',
  'send-error',
  'crash',
  'move',
  'pause',
  'slow',
  'leave',
  'drift',
] as const;
export type SwimFault = (typeof SWIM_FAULTS)[number];

export type SwimKnobs = Omit<SwimConfig, 'id' | 'address' | 'clusterId' | 'peers' | 'seed'>;

export interface SwimPlan {
  readonly members: number;
  readonly knobs: SwimKnobs;
  readonly faults: ReadonlySet<SwimFault>;
  readonly lossPermille: number;
  readonly duplicatePermille: number;
  readonly corruptPermille: number;
  readonly replayPermille: number;
  readonly replayDelayUs: Delay;
  readonly delayUs: Delay;
  readonly calmDelayUs: Delay;
  readonly driftPpmMax: number;
  readonly chaosPeriods: number;
  /** Mean number of periods between two doings of the nemesis. */
  readonly nemesisPeriods: number;
  /** Initial address lists: everybody, or a few only. */
  readonly seedPeers: number;
}

export interface PlanOptions {
  /** 3…100; null draws. */
  readonly members: number | null;
  /** Which classes may occur; null draws. */
  readonly faults: readonly SwimFault[] | null;
}

const LONG_RECLAIM_PERIODS = 100_000;

export function drawPlan(stream: Stream, options: PlanOptions): SwimPlan {
  const faults = drawFaults(stream, options.faults);
  const drawnMembers = drawMembers(stream);
  const members = options.members ?? drawnMembers;
  const probePeriodMs = stream.between(4, 20) * 50;
  const probeTimeoutMs = Math.floor(probePeriodMs / stream.between(3, 4));
  const timeoutUs = probeTimeoutMs * 1_000;
  return {
    members,
    knobs: drawKnobs(stream, { members, probePeriodMs, probeTimeoutMs, faults }),
    faults,
    lossPermille: stream.between(1, 300),
    duplicatePermille: stream.between(1, 500),
    corruptPermille: stream.between(1, 30),
    replayPermille: stream.between(1, 100),
    replayDelayUs: { min: timeoutUs, spread: 60 * timeoutUs, max: 400 * timeoutUs },
    delayUs: {
      min: 100,
      spread: Math.floor(timeoutUs / stream.between(2, 20)),
      max: 5 * timeoutUs,
    },
    calmDelayUs: calmDelayUs(timeoutUs),
    driftPpmMax: faults.has('drift') ? stream.between(1, 20_000) : 0,
    chaosPeriods: chaosPeriods(members, stream.between(20, 150)),
    nemesisPeriods: stream.between(1, 12),
    seedPeers: stream.permille(300) ? stream.between(1, 2) : members - 1,
  };
}

/** No faults, and a network like one of a data centre: for measurements. */
export function calmPlan(members: number, knobs: SwimKnobs): SwimPlan {
  const never = { min: 0, spread: 0, max: 0 };
  const timeoutUs = knobs.probeTimeoutMs * 1_000;
  return {
    members,
    knobs,
    faults: new Set(),
    lossPermille: 0,
    duplicatePermille: 0,
    corruptPermille: 0,
    replayPermille: 0,
    replayDelayUs: never,
    delayUs: never,
    calmDelayUs: calmDelayUs(timeoutUs),
    driftPpmMax: 0,
    chaosPeriods: 0,
    nemesisPeriods: 1,
    seedPeers: members - 1,
  };
}

/** A calm network answers within the timeout, and through a helper within the period. */
const calmDelayUs = (timeoutUs: number): Delay => ({
  min: 100,
  spread: Math.floor(timeoutUs / 40),
  max: Math.floor(timeoutUs / 4),
});

/** Many members cost more a period, and show what they can show sooner. */
const chaosPeriods = (members: number, drawn: number): number =>
  members <= 12 ? drawn : Math.max(20, Math.floor((drawn * 12) / members));

function drawFaults(stream: Stream, allowed: readonly SwimFault[] | null): ReadonlySet<SwimFault> {
  const drawn = SWIM_FAULTS.filter(() => !stream.permille(300));
  return new Set(allowed ?? drawn);
}

function drawMembers(stream: Stream): number {
  const ranges = [
    [3, 3],
    [4, 7],
    [8, 16],
    [17, 40],
    [41, 100],
  ] as const;
  const [low, high] = ranges[stream.weighted([30, 40, 22, 6, 2])]!;
  return stream.between(low, high);
}

interface KnobInputs {
  readonly members: number;
  readonly probePeriodMs: number;
  readonly probeTimeoutMs: number;
  readonly faults: ReadonlySet<SwimFault>;
}

function drawKnobs(stream: Stream, inputs: KnobInputs): SwimKnobs {
  const { members, probePeriodMs, probeTimeoutMs, faults } = inputs;
  const forgetPeriods = stream.permille(500) ? stream.between(20, 80) : 1_000_000;
  const reclaimPeriods = stream.between(1, 20);
  return {
    probePeriodMs,
    probeTimeoutMs,
    helpersMax: stream.between(1, 4),
    suspicionMultiplier: stream.between(4, 6),
    suspicionStretch: stream.permille(200) ? 1 : stream.between(2, 6),
    confirmationsMax: stream.between(1, 4),
    healthMax: stream.permille(200) ? stream.below(7) : 7,
    gossipMultiplier: stream.between(3, 5),
    syncEveryPeriods: stream.between(5, 30),
    reachEveryPeriods: stream.between(1, 6),
    // Where nobody moves while held alive, an id is never freed by waiting.
    reclaimAfterMs: probePeriodMs * (faults.has('move') ? reclaimPeriods : LONG_RECLAIM_PERIODS),
    forgetAfterMs: probePeriodMs * forgetPeriods,
    membersMax: members + stream.below(3),
    datagramBytesMax: stream.permille(500) ? 1400 : DATAGRAM_BYTES_MIN,
  };
}

/** Periods in which word of anything reaches everybody. */
export const spreadPeriods = (members: number): number => 5 * bitLength(members) + 6;

export type PlanSize = Pick<SwimPlan, 'members' | 'knobs'>;

/**
 * Periods from a crash in a calm world until everybody holds it dead: all find out by themselves,
 * their words confirm each other, and the least timeout is soon over.
 */
export function detectionPeriods({ members, knobs }: PlanSize): number {
  const suspicion = knobs.suspicionMultiplier * bitLength(members);
  return 2 * members + 2 + suspicion + spreadPeriods(members);
}

/** As long as it takes one whom nobody confirms, whose own health makes its periods long. */
export function loneDetectionPeriods(plan: SwimPlan): number {
  const { suspicionMultiplier, suspicionStretch, healthMax } = plan.knobs;
  const slack = suspicionMultiplier * bitLength(plan.members) * (suspicionStretch - 1);
  return detectionPeriods(plan) + slack + healthMax;
}

/**
 * Periods from the end of the chaos until all agree. An unreachable one is found by trying all
 * unreachable ones at random, an id that moved waits for its grace time, and what a false start
 * broke is mended by the next.
 */
export function convergencePeriods(plan: SwimPlan): number {
  const { members, knobs, faults } = plan;
  const reach = knobs.reachEveryPeriods * (10 + 4 * members);
  const reclaim = faults.has('move') ? Math.ceil(knobs.reclaimAfterMs / knobs.probePeriodMs) : 0;
  return 3 * (loneDetectionPeriods(plan) + reclaim) + reach + 4 * knobs.syncEveryPeriods;
}
