/**
 * Every knob of a simulated world, and how a seed sets them.
 *
 * 1. A world is described by this value alone, together with its seed: it is printed in full.
 * 2. Each class of faults is off in about 30 % of worlds. Which classes are off is drawn first, and
 *    every rate is drawn whether its class is on or not: turning one off shifts nothing.
 * 3. Rates are in permille or parts per million, times in microseconds; there is no fraction.
 * 4. Knobs may be changed while a world runs (a nemesis does; the liveness phase turns faults off),
 *    except where a line says otherwise. Each disk has a copy of its own.
 */
import type { CrashWeights } from './disk-file.ts';
import type { Delay, Stream } from './streams.ts';

export interface PathKnobs {
  delay: Delay;
  lossPermille: number;
  duplicatePermille: number;
  /** Frames that come once more much later, when what they answer is long over. */
  replayPermille: number;
  /** Messages that may overtake earlier ones. */
  reorderPermille: number;
  capacityFrames: number;
  capacityBytes: number;
}

export interface PeerKnobs {
  readonly frames: PathKnobs;
  readonly gossip: PathKnobs;
  /** Longer datagrams are the node's bug. */
  readonly datagramBytesMax: number;
}

export interface ClientKnobs {
  delay: Delay;
  /** Pieces that are cut to at most `fragmentBytesMax`. */
  fragmentPermille: number;
  fragmentBytesMax: number;
  /** No piece is longer. */
  segmentBytesMax: number;
  /** A connection's send window is one of these; drawn when it is accepted. */
  windowBytes: readonly number[];
  /** Connections whose client takes fragments only, one every `slowReaderUs`. */
  slowReaderPermille: number;
  slowReaderUs: number;
  /** Connections of a crashed node that look open until `halfOpenUs` have passed. */
  halfOpenPermille: number;
  halfOpenUs: number;
  /** Fixed for a connection when it is accepted. */
  checkFrozen: boolean;
}

export interface NetKnobs {
  readonly peers: PeerKnobs;
  readonly clients: ClientKnobs;
  /** How long a node takes to notice that a link went up or down. */
  readonly linkDetection: Delay;
}

export interface DiskKnobs {
  /** Operations served at a time; 1 keeps completions in order. */
  lanes: number;
  latency: Delay;
  /** Of syncs and writes with a sync. */
  syncLatency: Delay;
  bytesPerUs: number;
  capacityBytes: number;
  freeRefreshUs: number;
  readErrorPpm: number;
  writeErrorPpm: number;
  syncErrorPpm: number;
  noSpacePpm: number;
  misdirectedReadPpm: number;
  misdirectedWritePpm: number;
  crash: CrashWeights;
  /** Operations in flight at a crash that reached the disk at all. */
  inFlightKeptPermille: number;
  /** One in so many operations is watched for changes of its buffers; 0: none. */
  frozenCheckEach: number;
}

export interface ProcessKnobs {
  /** How long after its first input a turn begins: what comes meanwhile joins it. */
  gather: Delay;
  /** Inputs that one turn may take. */
  turnInputsMax: number;
  /** How long a turn keeps the CPU. */
  turnCost: Delay;
  /** How late a deadline is noticed. */
  timerLateness: Delay;
  memoryBytesMax: number;
  /** Crashes in which the kernel lives on: unsynced data stays visible. */
  processCrashPermille: number;
  /** Peer frames and datagrams that wait for a paused node; more are lost. */
  backlogMax: number;
}

export interface ClockKnobs {
  /** Each node's clocks are off by a drawn rate up to this. */
  driftPpmMax: number;
  /** Each node's wall clock starts off by up to this. */
  wallOffsetMsMax: number;
  /** What the wall clocks show when the world begins. */
  wallStartMs: number;
}

export interface WorldConfig {
  readonly net: NetKnobs;
  readonly disk: DiskKnobs;
  readonly process: ProcessKnobs;
  readonly clock: ClockKnobs;
}

/** The classes that a seed turns on or off as a whole. */
export const FAULT_CLASSES = [
  'delay',
  'loss',
  'duplicate',
  'reorder',
  'fragment',
  'slow-reader',
  'half-open',
  'disk-overtaking',
  'disk-read-error',
  'disk-write-error',
  'disk-sync-error',
  'disk-no-space',
  'disk-misdirected',
  'torn-crash',
  'slow-cpu',
  'process-crash',
  'clock-drift',
  'wall-offset',
  'replay',
] as const;
export type FaultClass = (typeof FAULT_CLASSES)[number];

const OFF_PERMILLE = 300;

/**
 * A world drawn from `stream`, without the classes in `without`. Draws alike whatever it decides,
 * so that classes stay apart.
 */
export function drawWorldConfig(stream: Stream, without: readonly string[]): WorldConfig {
  const drawn = FAULT_CLASSES.filter(() => stream.permille(OFF_PERMILLE));
  const off = new Set<string>([...drawn, ...without]);
  const when = (fault: FaultClass, rate: number): number => (off.has(fault) ? 0 : rate);
  return {
    net: drawNet(stream, when, !off.has('delay')),
    disk: drawDisk(stream, when),
    process: drawProcess(stream, when),
    clock: {
      driftPpmMax: when('clock-drift', stream.pick([20, 100, 500])),
      wallOffsetMsMax: when('wall-offset', stream.pick([5, 100, 2_000, 60_000])),
      wallStartMs: 1_700_000_000_000 + stream.below(1_000_000_000),
    },
  };
}

type Switch = (fault: FaultClass, rate: number) => number;

function drawNet(stream: Stream, when: Switch, isDelayed: boolean): NetKnobs {
  return {
    peers: {
      frames: drawPath(stream, when, isDelayed),
      gossip: drawPath(stream, when, isDelayed),
      datagramBytesMax: 1_400,
    },
    clients: drawClients(stream, when, isDelayed),
    linkDetection: { min: 100, spread: stream.pick([500, 5_000, 50_000]), max: 500_000 },
  };
}

function drawPath(stream: Stream, when: Switch, isDelayed: boolean): PathKnobs {
  return {
    delay: drawDelay(stream, isDelayed),
    lossPermille: when('loss', drawRate(stream, 300)),
    duplicatePermille: when('duplicate', drawRate(stream, 500)),
    replayPermille: when('replay', drawRate(stream, 100)),
    reorderPermille: when('reorder', drawRate(stream, 1_000)),
    capacityFrames: stream.pick([16, 128, 4_096]),
    capacityBytes: stream.pick([20, 64, 256]) * 1024 * 1024,
  };
}

function drawDelay(stream: Stream, isDelayed: boolean): Delay {
  const min = stream.between(20, 500);
  const spread = stream.pick([100, 1_000, 5_000, 20_000]);
  const max = stream.pick([20_000, 200_000, 1_000_000]);
  return isDelayed ? { min, spread, max } : { min, spread: 50, max: 1_000 };
}

/** Small rates as likely as large ones. */
function drawRate(stream: Stream, max: number): number {
  const top = stream.pick([Math.ceil(max / 100), Math.ceil(max / 10), max]);
  return stream.between(1, top);
}

function drawClients(stream: Stream, when: Switch, isDelayed: boolean): ClientKnobs {
  return {
    delay: drawDelay(stream, isDelayed),
    fragmentPermille: when('fragment', drawRate(stream, 500)),
    fragmentBytesMax: stream.pick([1, 7, 64, 600]),
    segmentBytesMax: stream.pick([536, 1_448, 65_536]),
    windowBytes: stream.pick([[0], [4_096], [65_536], [0, 512, 65_536]]),
    slowReaderPermille: when('slow-reader', drawRate(stream, 100)),
    slowReaderUs: stream.pick([1_000, 20_000]),
    halfOpenPermille: when('half-open', drawRate(stream, 500)),
    halfOpenUs: stream.pick([300_000, 3_000_000]),
    checkFrozen: true,
  };
}

function drawDisk(stream: Stream, when: Switch): DiskKnobs {
  const isTorn = when('torn-crash', 1) > 0;
  const torn = {
    keep: stream.between(1, 10),
    drop: stream.between(1, 10),
    garble: stream.between(1, 5),
    reorder: stream.between(1, 5),
  };
  const isOvertaking = when('disk-overtaking', 1) > 0;
  const lanes = stream.pick([2, 4, 16]);
  const misdirected = stream.pick([20, 200]);
  return {
    lanes: isOvertaking ? lanes : 1,
    latency: { min: 5, spread: stream.pick([20, 200, 2_000]), max: 100_000 },
    syncLatency: { min: 50, spread: stream.pick([100, 1_000, 10_000]), max: 400_000 },
    bytesPerUs: stream.pick([50, 500, 3_000]),
    capacityBytes: stream.pick([256, 1_024]) * 1024 * 1024,
    freeRefreshUs: stream.pick([1_000, 100_000, 1_000_000]),
    readErrorPpm: when('disk-read-error', drawRate(stream, 2_000)),
    writeErrorPpm: when('disk-write-error', drawRate(stream, 2_000)),
    syncErrorPpm: when('disk-sync-error', drawRate(stream, 20_000)),
    noSpacePpm: when('disk-no-space', drawRate(stream, 200)),
    misdirectedReadPpm: when('disk-misdirected', misdirected),
    misdirectedWritePpm: when('disk-misdirected', misdirected),
    crash: isTorn ? torn : { keep: torn.keep, drop: torn.drop, garble: 0, reorder: 0 },
    inFlightKeptPermille: stream.pick([100, 500, 900]),
    frozenCheckEach: 4,
  };
}

function drawProcess(stream: Stream, when: Switch): ProcessKnobs {
  const cost = stream.pick([50, 200, 1_000]);
  return {
    gather: { min: 0, spread: stream.pick([1, 20, 200, 1_000]), max: 5_000 },
    turnInputsMax: stream.pick([8, 64, 4_096, 4_096]),
    turnCost: { min: 1, spread: 10 + when('slow-cpu', cost), max: 50_000 },
    timerLateness: { min: 0, spread: stream.pick([1, 100, 1_000]), max: 20_000 },
    memoryBytesMax: 4 * 1024 * 1024 * 1024,
    processCrashPermille: when('process-crash', stream.between(100, 500)),
    backlogMax: stream.pick([256, 4_096]),
  };
}

/** A world without faults and with small, even delays: for scenarios that bring their own. */
export function calmWorldConfig(): WorldConfig {
  const delay: Delay = { min: 100, spread: 0, max: 100 };
  const path = (): PathKnobs => ({
    delay,
    lossPermille: 0,
    duplicatePermille: 0,
    replayPermille: 0,
    reorderPermille: 0,
    capacityFrames: 4_096,
    capacityBytes: 64 * 1024 * 1024,
  });
  return {
    net: {
      peers: { frames: path(), gossip: path(), datagramBytesMax: 1_400 },
      clients: {
        delay,
        fragmentPermille: 0,
        fragmentBytesMax: 64,
        segmentBytesMax: 65_536,
        windowBytes: [65_536],
        slowReaderPermille: 0,
        slowReaderUs: 1_000,
        halfOpenPermille: 0,
        halfOpenUs: 1_000_000,
        checkFrozen: true,
      },
      linkDetection: delay,
    },
    disk: {
      lanes: 1,
      latency: { min: 20, spread: 0, max: 20 },
      syncLatency: { min: 200, spread: 0, max: 200 },
      bytesPerUs: 1_000,
      capacityBytes: 1024 * 1024 * 1024,
      freeRefreshUs: 1_000_000,
      readErrorPpm: 0,
      writeErrorPpm: 0,
      syncErrorPpm: 0,
      noSpacePpm: 0,
      misdirectedReadPpm: 0,
      misdirectedWritePpm: 0,
      crash: { keep: 1, drop: 1, garble: 0, reorder: 0 },
      inFlightKeptPermille: 500,
      frozenCheckEach: 1,
    },
    process: {
      gather: { min: 0, spread: 0, max: 0 },
      turnInputsMax: 4_096,
      turnCost: { min: 1, spread: 0, max: 1 },
      timerLateness: { min: 0, spread: 0, max: 0 },
      memoryBytesMax: 4 * 1024 * 1024 * 1024,
      processCrashPermille: 0,
      backlogMax: 10_000,
    },
    clock: { driftPpmMax: 0, wallOffsetMsMax: 0, wallStartMs: 1_700_000_000_000 },
  };
}

/** Turns off every fault that strikes by rate; delays and sizes stay. */
export function calmDisk(knobs: DiskKnobs): void {
  knobs.readErrorPpm = 0;
  knobs.writeErrorPpm = 0;
  knobs.syncErrorPpm = 0;
  knobs.noSpacePpm = 0;
  knobs.misdirectedReadPpm = 0;
  knobs.misdirectedWritePpm = 0;
}

export function calmPath(knobs: PathKnobs): void {
  knobs.lossPermille = 0;
  knobs.duplicatePermille = 0;
  knobs.replayPermille = 0;
  knobs.reorderPermille = 0;
}
