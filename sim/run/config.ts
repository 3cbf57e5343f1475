/**
 * A run's whole configuration, drawn from its seed and printed in full: the world's knobs, the
 * nodes' knobs shrunk until boundaries are hit, the workload, the nemesis.
 */
import { groupId, type NodeId, nodeId } from '../../src/base/units.ts';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import type { Durability } from '../../src/core/types.ts';
import { WAL_SIZES } from '../../src/core/wal/state.ts';
import { NODE_DEFAULTS, type NodeConfig } from '../../src/node/config.ts';
import { calmWorldConfig, drawWorldConfig, type WorldConfig } from '../world/config.ts';
import type { Delay, Stream } from '../world/streams.ts';
import { type Schedule, STRIKE_KINDS, type StrikeKind } from './schedule.ts';

export type NodeKnobs = Omit<NodeConfig, 'id' | 'ids' | 'addresses' | 'server'>;

/** What clients are told, and gossip tells. */
export const addressOf = (node: NodeId): string => `node:${node}`;

export interface WorkloadConfig {
  readonly clients: number;
  readonly keys: number;
  /** Requests that a client has in flight at most. */
  readonly pipeline: number;
  readonly thinkMs: number;
  readonly valueBytesMax: number;
  /** Weights of get, stale get, put, delete, swap, increment, append. */
  readonly weights: readonly number[];
  /** Clients that use a session, in permille. */
  readonly sessionPermille: number;
  /** A client gives its connection up after so long without an answer. */
  readonly patienceMs: number;
  /** How likely a client stops reading for a while, each time it asks. */
  readonly dawdlePermille: number;
  /** Mean span between writes with a deadline; 0 turns them off. */
  readonly expiringMs: number;
  /** Mean span between rough commands; 0 turns them off. */
  readonly roughMs: number;
  /** Between two calls of a client that asks for much at once (bursts.ts); 0: it never calls. */
  readonly burstMs: number;
  /** Between two calls of a client that says what no library says (rude.ts); 0: it never calls. */
  readonly rudeMs: number;
}

/** Mean spans between events of a kind, in milliseconds; 0 turns the kind off. */
export interface NemesisConfig {
  /** Nothing strikes before. */
  readonly graceMs: number;
  readonly crashMs: number;
  readonly downMsMax: number;
  readonly pauseMs: number;
  readonly partitionMs: number;
  readonly healMs: number;
  readonly clogMs: number;
  readonly linkResetMs: number;
  readonly connectionResetMs: number;
  readonly clockStepMs: number;
  readonly slowDiskMs: number;
  readonly transferMs: number;
  readonly snapshotMs: number;
  readonly reconfigureMs: number;
  readonly stopMs: number;
  readonly wipeMs: number;
  readonly allCrashMs: number;
  readonly huntMs: number;
  readonly eclipseMs: number;
  /** Votes and acknowledgements between two crashes right after one; 0 turns it off. */
  readonly promisesPerCrash: number;
  readonly decayMs: number;
  readonly fullDiskMs: number;
  /** Whether whoever is outside a core of the nodes is lost for good when chaos ends; 0: not. */
  readonly abandonPermille: number;
  /** All stand still at once, and go on at once. */
  readonly standstillMs: number;
  /** Crashes within the first moments, whatever the grace. */
  readonly birthCrashes: number;
}

export interface RunConfig {
  readonly nodes: number;
  /** Chaos ends after so long. */
  readonly safetyMs: number;
  /** Or soon after so many events of the run, whichever is first; null: by time alone. */
  readonly safetyEventsMax: number | null;
  readonly livenessMsMax: number;
  readonly world: WorldConfig;
  readonly node: NodeKnobs;
  readonly workload: WorkloadConfig;
  readonly nemesis: NemesisConfig;
}

export const GROUP_ZERO = groupId(0);
export const nodeIds = (count: number) => Array.from({ length: count }, (_, at) => nodeId(at + 1));

export interface RunOverrides {
  readonly nodes: number | null;
  readonly groups: number | null;
  /** Fault classes that stay; null: as drawn. */
  readonly faults: readonly string[] | null;
  readonly schedule: Schedule;
}

export function drawRunConfig(stream: Stream, overrides: RunOverrides): RunConfig {
  const nodes = stream.pick([1, 3, 3, 3, 3, 4, 5, 5, 7]);
  const groups = stream.pick([1, 1, 1, 2, 4]);
  const node = drawNode(stream.fork(), overrides.groups ?? groups);
  const workload = drawWorkload(stream.fork());
  const { schedule } = overrides;
  const nemesis = withoutKinds(drawNemesis(stream.fork()), schedule.off);
  const world = drawWorldConfig(stream.fork(), schedule.off);
  const safetyMs = stream.pick([70_000, 140_000, 280_000]);
  const sizes = drawSizes(stream.fork(), node.appendBytesMax);
  // Whoever asks alone is not closed for what a turn may answer, and a large value.
  const unsentTotalBytesMax =
    sizes.turnValueBytesMax + node.limits.unsentBytesMax + LARGE_VALUE_BYTES;
  const size = overrides.nodes ?? nodes;
  // Of fewer nobody may be lost, and nothing would happen at all.
  const isEven = stream.fork().permille(EVEN_PERMILLE) && size >= 3;
  const config: RunConfig = {
    nodes: size,
    safetyMs: schedule.safetyMs ?? safetyMs,
    safetyEventsMax: schedule.safetyMs === null ? SAFETY_EVENTS_MAX : null,
    livenessMsMax: 60_000,
    world: isEven ? evenWorld() : world,
    node: { ...node, ...sizes, limits: { ...node.limits, unsentTotalBytesMax } },
    workload: {
      ...workload,
      clients: schedule.clients ?? workload.clients,
      keys: schedule.keys ?? workload.keys,
    },
    nemesis: isEven ? lossAlone(nemesis, schedule.off) : nemesis,
  };
  return overrides.faults === null ? config : restrict(config, overrides.faults);
}

const SAFETY_EVENTS_MAX = 60_000;

function drawNode(stream: Stream, groupCount: number): NodeKnobs {
  const electionTimeoutMs = stream.pick([300, 500, 1_000]);
  const segmentBytes = 4_096 * stream.pick([2, 8, 16, 16, 16, 32, 32, 64, 64]);
  const knobs = {
    ...NODE_DEFAULTS,
    settings: { ...DEFAULT_SETTINGS, groupCount, durability: drawDurability(stream) },
    electionTimeoutMs,
    heartbeatMs: Math.floor(electionTimeoutMs / stream.pick([4, 5, 6])),
    appendBytesMax: stream.pick([256, 4_096, 1_048_576]),
    appendEntriesMax: stream.pick([1, 4, 64]),
    inflightBytesMax: stream.pick([512, 16_384, 16_777_216]),
    inflightEntriesMax: stream.pick([1, 8, 1_024]),
    uncommittedBytesMax: stream.pick([2_048, 1_048_576]),
    trailingEntries: stream.pick([0, 1, 10, 100]),
    trailingBytesMax: stream.pick([0, 500, 1_000_000]),
    segmentBytes,
    flushesInFlightMax: stream.pick([1, 1, 2, 4]),
    idleMarkMs: stream.pick([200, 1_000]),
    snapshotLogBytes: stream.pick([3_000, 20_000, 50_000, 100_000, 1_000_000]),
    snapshotSliceBytes: stream.pick([2_000, 16_000, 64_000]),
    regionBytes: 65_536,
    expiredPerEntryMax: stream.pick([1, 4, 256]),
    preimageBytesMax: stream.pick([2_000, 1_000_000]),
    announceMs: stream.pick([100, 300]),
    probePeriodMs: stream.pick([300, 1_000, 3_000]),
    requestTimeoutMs: stream.pick([1_500, 5_000]),
    parkedMax: stream.pick([4, 1_000]),
    clockSkewMsMax: stream.pick([200, 5_000]),
    logDiskBytesMax: segmentBytes * stream.pick([6, 16, 64]),
    limits: {
      connectionsMax: 64,
      pipelineMax: stream.pick([2, 64]),
      unsentBytesMax: stream.pick([300, 65_536]),
      // Drawn with the sizes.
      unsentTotalBytesMax: 0,
      slowReaderMs: stream.pick([1_000, 10_000]),
    },
    hashMs: stream.pick([100, 1_000, 1_000]),
    diskReserveBytes: 1_048_576,
  };
  const quotaBytes = stream.pick([...QUOTAS_BYTES, ...ROOMY]);
  const limits = drawSessionLimits(stream);
  return { ...knobs, settings: { ...knobs.settings, quotaBytes, ...limits } };
}

const LARGE_VALUE_BYTES = 40_000;

/** Little at once: what is written, read and sent comes in many pieces. */
function drawSizes(stream: Stream, appendBytesMax: number) {
  const chunkBytesMax = stream.pick([300, 2_000, 262_144]);
  return {
    readsMax: stream.pick([8, 4_096, 4_096]),
    forwardsMax: stream.pick([2, 256, 256]),
    logSizes: {
      ...WAL_SIZES,
      zeroedAheadMax: stream.pick([0, 1, 1] as const),
      flushBytesMax: stream.pick([1_000, 20_000, 4_194_304]),
      // The longest append must find room when nothing else waits.
      queueBytesMax: stream.pick([appendBytesMax + 262_144, 67_108_864]),
      readBytesMax: stream.pick([4_096, 32_768, 1_048_576]),
    },
    snapshotSizes: {
      chunkBytesMax,
      windowBytesMax: chunkBytesMax * stream.pick([1, 2, 4]),
      bufferBytesMax: stream.pick([1_000, 16_384, 4_194_304]),
      writeBytesMax: stream.pick([500, 8_192, 1_048_576]),
      unsyncedBytesMax: stream.pick([2_000, 65_536, 8_388_608]),
      readBytesMax: stream.pick([1_000, 16_384, 4_194_304]),
      sendsMax: stream.pick([1, 2]),
    },
    // Any value alone fits, and a burst of large ones does not.
    forwardReplyBytesMax: stream.pick([32_768, NODE_DEFAULTS.forwardReplyBytesMax]),
    turnValueBytesMax: stream.pick([1_000, 30_000, 1_000_000]),
    reclaimMs: stream.pick([1, 10, 300]),
    reclaimRecords: stream.pick([1, 64, 64]),
  };
}

/** As a rule there is room for all; now and then sessions end while their clients live. */
function drawSessionLimits(stream: Stream) {
  const { sessionsMax, sessionIdleMs, sessionResultBytesMax } = DEFAULT_SETTINGS;
  return {
    sessionsMax: stream.pick([...Array<number>(6).fill(sessionsMax), 2, 6]),
    sessionIdleMs: stream.pick([sessionIdleMs, sessionIdleMs, 1_000, 2_000]),
    sessionResultBytesMax: stream.pick([sessionResultBytesMax, sessionResultBytesMax, 4_096]),
  };
}

/** A few keys fill the smallest of these. */
const QUOTAS_BYTES = [800, 1_500, 6_000];
const ROOMY = Array.from({ length: 9 }, () => DEFAULT_SETTINGS.quotaBytes);

function drawDurability(stream: Stream): Durability {
  return stream.pick(['durable', 'durable', 'durable', 'strict']);
}

function drawWorkload(stream: Stream): WorkloadConfig {
  const weight = (): number => stream.pick([0, 1, 1, 2, 5]);
  const clients = stream.between(3, 8);
  const keys = stream.pick([1, 3, 10, 40]);
  // The longest brings most of the operations, and hardly more events.
  const pipeline = stream.pick([1, 2, 8, 24]);
  return {
    clients,
    keys,
    // Nobody could judge many more requests for one key that overlap.
    pipeline: Math.min(pipeline, 12 * keys),
    thinkMs: stream.pick([10, 20, 80, 200]),
    valueBytesMax: stream.pick([8, 8, 100, 100, 100, 100, 1_000, 6_000]),
    weights: [
      3 + stream.pick([0, 1, 2, 5, 15]),
      ...[weight(), 3 + weight(), weight(), weight(), weight(), weight()],
    ],
    sessionPermille: stream.pick([0, 300, 1_000]),
    patienceMs: stream.pick([1_000, 3_000, 10_000]),
    expiringMs: stream.pick([0, 300, 1_000]),
    dawdlePermille: stream.pick([0, 0, 2, 20]),
    roughMs: stream.pick([0, 100, 400]),
    burstMs: stream.pick([0, 1_000, 4_000]),
    rudeMs: stream.pick([0, 1_000, 4_000]),
  };
}

const OFF_PERMILLE = 300;

function drawNemesis(stream: Stream): NemesisConfig {
  const mean = (shortest: number): number => {
    const span = shortest * stream.pick([4, 10, 30]);
    return stream.permille(OFF_PERMILLE) ? 0 : span;
  };
  return {
    graceMs: stream.pick([0, 1_000, 3_000]),
    crashMs: mean(300),
    downMsMax: stream.pick([60, 300, 1_200, 6_000]),
    pauseMs: mean(700),
    partitionMs: mean(500),
    healMs: stream.pick([600, 1_500, 5_000]),
    clogMs: mean(900),
    linkResetMs: mean(700),
    connectionResetMs: mean(500),
    clockStepMs: mean(2_000),
    slowDiskMs: mean(1_500),
    transferMs: mean(700),
    snapshotMs: mean(700),
    reconfigureMs: mean(300),
    wipeMs: mean(2_000),
    allCrashMs: mean(3_000),
    huntMs: mean(500),
    promisesPerCrash: stream.pick([0, 300, 1_000, 3_000]),
    decayMs: mean(1_000),
    fullDiskMs: mean(1_500),
    abandonPermille: stream.pick([0, 1_000]),
    standstillMs: mean(1_000),
    birthCrashes: stream.pick([0, 0, 2, 5]),
    eclipseMs: mean(400),
    stopMs: mean(1_000),
  };
}

/**
 * Worlds in which all clocks, disks and links are the same, and nothing happens but that somebody is
 * lost in the end: whoever is left does everything at the same moment, unless it takes care not to.
 */
const EVEN_PERMILLE = 20;

/** As quick as a data centre, no quicker: each event costs the run as much as in any other world. */
function evenWorld(): WorldConfig {
  const world = calmWorldConfig();
  const { net, disk, process } = world;
  const always = (delayUs: number): Delay => ({ min: delayUs, spread: 0, max: delayUs });
  for (const path of [net.peers.frames, net.peers.gossip, net.clients]) path.delay = always(2_000);
  process.gather = always(1_000);
  disk.syncLatency = always(2_000);
  return world;
}

function lossAlone(nemesis: NemesisConfig, off: readonly string[]): NemesisConfig {
  const none = withoutKinds({ ...nemesis, graceMs: 0 }, STRIKE_KINDS);
  return { ...none, abandonPermille: off.includes('abandon') ? 0 : 1_000 };
}

const SPAN_OF: Readonly<Record<StrikeKind, keyof NemesisConfig>> = {
  crash: 'crashMs',
  'promise-crash': 'promisesPerCrash',
  'all-crash': 'allCrashMs',
  'birth-crash': 'birthCrashes',
  hunt: 'huntMs',
  eclipse: 'eclipseMs',
  pause: 'pauseMs',
  standstill: 'standstillMs',
  partition: 'partitionMs',
  clog: 'clogMs',
  'link-reset': 'linkResetMs',
  'connection-reset': 'connectionResetMs',
  'clock-step': 'clockStepMs',
  'slow-disk': 'slowDiskMs',
  wipe: 'wipeMs',
  'full-disk': 'fullDiskMs',
  decay: 'decayMs',
  transfer: 'transferMs',
  snapshot: 'snapshotMs',
  reconfigure: 'reconfigureMs',
  stop: 'stopMs',
  abandon: 'abandonPermille',
};

function withoutKinds(nemesis: NemesisConfig, off: readonly string[]): NemesisConfig {
  const spans = STRIKE_KINDS.filter((kind) => off.includes(kind)).map((kind) => [SPAN_OF[kind], 0]);
  return { ...nemesis, ...Object.fromEntries(spans) };
}

/** Only the classes named in `faults` stay: net, disk, process, clock, client, admin. */
function restrict(config: RunConfig, faults: readonly string[]): RunConfig {
  const calm = calmWorldConfig();
  const has = (name: string): boolean => faults.includes(name);
  const { nemesis } = config;
  const on = (name: string, span: number): number => (has(name) ? span : 0);
  return {
    ...config,
    world: {
      net: has('net') ? config.world.net : calm.net,
      disk: has('disk') ? config.world.disk : calm.disk,
      process: has('process') ? config.world.process : calm.process,
      clock: has('clock') ? config.world.clock : calm.clock,
    },
    nemesis: {
      ...nemesis,
      crashMs: on('process', nemesis.crashMs),
      allCrashMs: on('process', nemesis.allCrashMs),
      huntMs: on('process', nemesis.huntMs),
      promisesPerCrash: on('process', nemesis.promisesPerCrash),
      pauseMs: on('process', nemesis.pauseMs),
      standstillMs: on('process', nemesis.standstillMs),
      birthCrashes: on('process', nemesis.birthCrashes),
      wipeMs: on('disk', nemesis.wipeMs),
      slowDiskMs: on('disk', nemesis.slowDiskMs),
      decayMs: on('disk', nemesis.decayMs),
      fullDiskMs: on('disk', nemesis.fullDiskMs),
      partitionMs: on('net', nemesis.partitionMs),
      eclipseMs: on('net', nemesis.eclipseMs),
      clogMs: on('net', nemesis.clogMs),
      linkResetMs: on('net', nemesis.linkResetMs),
      connectionResetMs: on('client', nemesis.connectionResetMs),
      clockStepMs: on('clock', nemesis.clockStepMs),
      transferMs: on('admin', nemesis.transferMs),
      snapshotMs: on('admin', nemesis.snapshotMs),
      reconfigureMs: on('admin', nemesis.reconfigureMs),
      stopMs: on('admin', nemesis.stopMs),
      abandonPermille: has('net') ? on('process', nemesis.abandonPermille) : 0,
    },
  };
}
