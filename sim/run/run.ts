/**
 * One run: a cluster drawn from a seed, under chaos, then healed, then judged.
 *
 * 1. Safety: the nemesis strikes, clients work, every turn is checked; until its time is up, or its
 *    budget of events is spent, so that no seed costs much more than another.
 * 2. Liveness: faults end, everyone is started, or a core of the nodes (core.ts); within a budget
 *    they must agree and serve reads and writes, or it is proved that they cannot (stall.ts).
 * 3. Drill: single failures, of which a cluster at rest takes no notice, or recovers soon.
 * 4. Judgement: every key is read once more, and the history must be linearizable.
 */
import { type CheckerName, InvariantViolation } from '../../src/base/assert.ts';
import type { GroupId, NodeId } from '../../src/base/units.ts';
import { allMembers } from '../../src/core/members.ts';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import { buildRing, type Ring } from '../../src/core/router/ring.ts';
import { checkLinearizable, type Limits } from '../check/linearizable/check.ts';
import { storeModel } from '../check/linearizable/store.ts';
import type { Failure } from '../world/faults.ts';
import { type Stream, Streams } from '../world/streams.ts';
import type { TraceRecorder } from '../world/trace.ts';
import { withWalls } from '../world/walls.ts';
import { Bursts } from './bursts.ts';
import type { Chronicle } from './chronicle.ts';
import { SimulatedClient } from './client.ts';
import { Cluster, type RaftTraceSink } from './cluster.ts';
import { drawRunConfig, nodeIds, type RunConfig, type RunOverrides } from './config.ts';
import { abandon, drawCore, healNode } from './core.ts';
import { Decay } from './decay.ts';
import { Drill } from './drill.ts';
import { ExpiringKeys } from './expiring.ts';
import { History } from './history.ts';
import { hasConverged } from './liveness.ts';
import { snapshotMidChange } from './mid-change.ts';
import { Nemesis } from './nemesis.ts';
import { RoughCommands } from './rough.ts';
import { RudeClients } from './rude.ts';
import { isWholeSchedule, type Strike, WHOLE_SCHEDULE } from './schedule.ts';
import { isWhole, mayWipe, newestLeader } from './seats.ts';
import { type Stall, whyStalled } from './stall.ts';
import { Watcher } from './watcher.ts';

export interface RunResult {
  readonly seed: string;
  /** undecided: too little happened to call it a pass. */
  readonly verdict: 'pass' | 'violation' | 'undecided';
  readonly checker: CheckerName | 'internal' | null;
  readonly message: string;
  readonly stack: string;
  readonly digest: string;
  readonly simulatedMs: number;
  /** When chaos ended, or the run, if that was before. */
  readonly safetyMs: number;
  readonly events: number;
  /** Requests of clients that the store answered. */
  readonly operations: number;
  /** Whether the history has a key that was too hard to judge. */
  readonly isUndecided: boolean;
  readonly faults: Record<string, number>;
  /** Hits of probes, by name. */
  readonly probes: Record<string, number>;
  /** The proof that the core could not go on; null: it did. */
  readonly stall: Stall | null;
  readonly strikes: readonly Strike[];
  readonly config: RunConfig;
}

export interface RunOptions {
  readonly overrides: RunOverrides;
  readonly recorder: TraceRecorder | null;
  readonly chronicle: Chronicle | null;
  readonly raftTrace: RaftTraceSink | null;
}

export const NO_OVERRIDES: RunOverrides = {
  nodes: null,
  groups: null,
  faults: null,
  schedule: WHOLE_SCHEDULE,
};

export function runSeed(seed: string, options: RunOptions): RunResult {
  const streams = new Streams(seed);
  const config = drawRunConfig(streams.stream('config'), options.overrides);
  return new Run(seed, config, options).run();
}

/** A key that takes longer is left undecided: the online checks and the oracle have judged it too. */
const LIMITS: Limits = { stepsMax: 1_000_000, configurationsMax: 500_000, expired: () => false };

const SLICE_US = 100_000;

/** Until then elections, replacements and repairs may be under way. */
const PROOF_AFTER_MS = 15_000;

/** It takes many seconds in which clients do nothing. */
const DRILL_PERMILLE = 400;

/** Keys that are read and written at the end, whatever clients have done before. */
const PROBES_MIN = 10;
/** Fewer requests show nothing. */
const COMPLETED_MIN = 2 * PROBES_MIN;

interface Verdict {
  readonly checker: CheckerName | 'internal';
  readonly message: string;
  readonly stack: string;
}

class Run {
  readonly #seed: string;
  readonly #config: RunConfig;
  readonly #cluster: Cluster;
  readonly #history = new History();
  readonly #clients: SimulatedClient[] = [];
  readonly #nemesis: Nemesis;
  readonly #expiring: ExpiringKeys;
  readonly #rough: RoughCommands;
  readonly #bursts: Bursts;
  readonly #rude: RudeClients;
  readonly #ring: Ring;
  #verdict: Verdict | null = null;
  #isUndecided = false;
  #safetyMs: number | null = null;
  /** Whether somebody chose the classes of faults. */
  readonly #isChosen: boolean;
  /** Whether this is what is left of a run: there may be little. */
  readonly #isPart: boolean;
  #orders = 0;
  /** Whom clients may call. */
  readonly #reachable: NodeId[];
  /** Whoever has to go on when chaos is over. */
  #core: readonly NodeId[];
  #stall: Stall | null = null;

  constructor(seed: string, config: RunConfig, options: RunOptions) {
    this.#seed = seed;
    this.#config = config;
    this.#reachable = nodeIds(config.nodes);
    this.#core = this.#reachable;
    this.#ring = buildRing(config.node.settings.groupCount);
    const { faults, schedule } = options.overrides;
    this.#isChosen = faults !== null;
    this.#isPart = !isWholeSchedule(schedule);
    this.#cluster = new Cluster(seed, config, (failure) => this.#failed(failure));
    this.#cluster.isAtlasComplete = true;
    const { world } = this.#cluster;
    this.#expiring = new ExpiringKeys(this.#cluster, this.#history);
    const mayOwn = (session: number) => this.#clients.some((client) => client.mayOwn(session));
    this.#rough = new RoughCommands(this.#cluster, { mayOwn });
    this.#bursts = new Bursts({ world, nodes: this.#reachable });
    const { connectionsMax } = config.node.limits;
    this.#rude = new RudeClients({ world, nodes: this.#reachable, connectionsMax });
    world.scheduler.recorder = options.recorder;
    const decay = new Decay(this.#cluster, () => this.#nemesis.isOver);
    this.#nemesis = new Nemesis({
      world,
      config: config.nemesis,
      groups: config.node.settings.groupCount,
      admin: (node, request) => this.#cluster.admin(node, request),
      wipe: (node) => this.#wipe(node),
      reconfigure: (group, stream, isRash) => this.#reconfigure(group, stream, isRash),
      schedule: options.overrides.schedule,
      decay: (stream) => decay.strike(stream),
      watch: (node, spanMs, stream) => this.#watch(node, spanMs, stream),
      leaderOf: (group) => newestLeader(this.#cluster, group)?.config.self.id ?? null,
    });
    if (options.chronicle !== null) this.#cluster.tell(options.chronicle);
    if (options.raftTrace !== null) this.#cluster.traceRaft(options.raftTrace);
    this.#cluster.onPromise = (node) => this.#nemesis.promised(node);
    for (let n = 0; n < config.workload.clients; n++) this.#clients.push(this.#newClient(`c${n}`));
  }

  #newClient(name: string): SimulatedClient {
    const { world } = this.#cluster;
    return new SimulatedClient({
      name,
      net: world.net,
      scheduler: world.scheduler,
      stream: world.streams.stream(`client:${name}`),
      dawdling: world.streams.stream(`dawdling:${name}`),
      workload: this.#config.workload,
      nodes: this.#reachable,
      history: this.#history,
      probes: this.#cluster.probes.clients,
      isOfSession: (key) => this.#isOfSession(key),
      nextOrder: () => ++this.#orders,
    });
  }

  /** A session is opened by a command without a key, in the group that owns the empty one. */
  #isOfSession(key: Uint8Array): boolean {
    return this.#ring.ownerOf(key, 0, key.length) === this.#ring.ownerOf(key, 0, 0);
  }

  #wipe(node: NodeId): boolean {
    if (this.#cluster.atlas.isBusy || !mayWipe(this.#cluster)) return false;
    this.#cluster.wipe(node);
    return true;
  }

  /**
   * Some of the members vote from now on, the others learn. A rash one is asked for in the middle of
   * another change: nobody who votes may be missed while it might be taken up.
   */
  #reconfigure(group: GroupId, stream: Stream, isRash: boolean): boolean {
    if (this.#cluster.atlas.isBusy || !isWhole(this.#cluster, isRash)) return false;
    const leader = newestLeader(this.#cluster, group)!;
    const members = stream.shuffle(allMembers(currentConfiguration(leader)));
    const count = stream.permille(300) ? members.length : stream.between(1, members.length);
    const voters = members.slice(0, count);
    const learners = members.slice(count);
    this.#cluster.world.faults.count('reconfigure', leader.config.self.id);
    this.#cluster.admin(leader.config.self.id, { kind: 'reconfigure', group, voters, learners });
    if (stream.permille(400)) snapshotMidChange(this.#cluster, group);
    return true;
  }

  #watch(node: NodeId, spanMs: number, stream: Stream): void {
    const { keys } = this.#config.workload;
    const order = ++this.#orders;
    const name = `w${order}`;
    const history = this.#history;
    const { world } = this.#cluster;
    new Watcher({ world, history, stream, name, keys, order }).watch(node, spanMs);
  }

  #failed({ checker, message, stack }: Failure): void {
    this.#verdict ??= { checker, message, stack };
    this.#cluster.world.scheduler.stop();
  }

  run(): RunResult {
    const { scheduler } = this.#cluster.world;
    withWalls(
      () => Math.floor(scheduler.nowUs() / 1_000),
      () => {
        try {
          this.#phases();
        } catch (error) {
          const { message, stack } = error as Error;
          const checker = error instanceof InvariantViolation ? error.checker : 'internal';
          this.#verdict ??= { checker, message, stack: stack ?? '' };
        }
      },
    );
    return this.#result();
  }

  #phases(): void {
    const { world } = this.#cluster;
    world.startAll();
    for (const client of this.#clients) client.start();
    this.#expiring.start(this.#config.workload.expiringMs);
    this.#rough.start(this.#config.workload.roughMs);
    this.#bursts.start(this.#config.workload.burstMs);
    this.#rude.start(this.#config.workload.rudeMs);
    this.#nemesis.start();
    this.#runSafety();
    if (this.#verdict !== null) return;
    this.#safetyMs = world.elapsedMs();
    this.#heal();
    this.#awaitLiveness();
    if (this.#verdict === null) this.#drill();
    if (this.#verdict !== null) return;
    this.#cluster.lookAtStates();
    this.#judge();
  }

  #runSafety(): void {
    const { scheduler } = this.#cluster.world;
    const { safetyEventsMax } = this.#config;
    const endUs = this.#config.safetyMs * 1_000;
    while (this.#verdict === null && scheduler.nowUs() < endUs) {
      if (safetyEventsMax !== null && scheduler.events() >= safetyEventsMax) return;
      scheduler.runUntil(Math.min(endUs, scheduler.nowUs() + SLICE_US));
    }
  }

  #heal(): void {
    const { world } = this.#cluster;
    const stream = world.streams.stream('core');
    const isDrawn = stream.permille(this.#config.nemesis.abandonPermille);
    // Where little has happened so far, all are needed for the run to show anything.
    const isCoreOnly = isDrawn && this.#history.completed >= COMPLETED_MIN;
    const core = isCoreOnly ? drawCore(this.#cluster, stream) : world.nodes;
    // Each of them is a strike: a failure that needs none is shrunk to a run without.
    const lost = world.nodes.filter(
      (node) => !core.includes(node) && this.#nemesis.happens('abandon'),
    );
    this.#nemesis.isOver = true;
    this.#expiring.isOver = true;
    this.#rough.isOver = true;
    this.#bursts.end();
    this.#rude.end();
    world.calm();
    world.net.heal();
    for (const node of lost) this.#cluster.lost.add(node);
    for (const node of lost) abandon(world, node, world.streams.stream(`abandon:${node}`));
    this.#core = world.nodes.filter((node) => !lost.includes(node));
    for (const node of this.#core) healNode(world, node);
    this.#reachable.splice(0, this.#reachable.length, ...this.#core);
    for (const client of this.#clients) client.isStopped = true;
  }

  /** The core agrees, clients are done, and every key can be read; or it cannot be. */
  #awaitLiveness(): void {
    const { world } = this.#cluster;
    const start = world.elapsedMs();
    const probe = this.#newClient('probe');
    let isProbing = false;
    while (this.#verdict === null) {
      world.scheduler.runUntil(world.scheduler.nowUs() + 100_000);
      const isIdle = this.#clients.every((client) => client.isIdle);
      if (!isProbing && isIdle && hasConverged(this.#cluster, this.#core)) {
        isProbing = true;
        this.#probeAll(probe);
      }
      if (isProbing && probe.isDone() && hasConverged(this.#cluster, this.#core)) break;
      const spanMs = world.elapsedMs() - start;
      if (spanMs >= PROOF_AFTER_MS) this.#stall = this.#proof();
      if (this.#stall !== null) return;
      if (spanMs < this.#config.livenessMsMax) continue;
      const message = isProbing ? 'reads and writes are not served' : 'the nodes do not converge';
      this.#verdict = { checker: 'liveness', message, stack: '' };
    }
    this.#cluster.probes.sometimes('core-served', this.#cluster.lost.size > 0);
  }

  /** Only what was lost for good excuses anything. */
  #proof(): Stall | null {
    return this.#cluster.lost.size === 0 ? null : whyStalled(this.#cluster, this.#core);
  }

  #probeAll(probe: SimulatedClient): void {
    const keys = new Set(this.#history.operations.map(({ key }) => key));
    for (let n = 0; n < PROBES_MIN; n++) keys.add(`probe${n}`);
    probe.startProbing([...keys].sort());
  }

  #drill(): void {
    const { streams, nodes } = this.#cluster.world;
    const stream = streams.stream('drill');
    if (!stream.permille(DRILL_PERMILLE) || this.#core.length < nodes.length) return;
    const drill = new Drill({
      ...{ cluster: this.#cluster, stream, isOver: () => this.#verdict !== null },
      newClient: (name) => this.#newClient(name),
    });
    const message = drill.run();
    if (message !== null) this.#verdict ??= { checker: 'liveness', message, stack: '' };
  }

  #judge(): void {
    this.#cluster.checkWhole();
    const judged = checkLinearizable(this.#history.toJudge(), storeModel, LIMITS);
    this.#isUndecided = judged.verdict === 'unknown';
    if (judged.verdict !== 'not-linearizable') return;
    const message = `key ${judged.key}: ${judged.detail}`;
    this.#verdict = { checker: 'linearizable', message, stack: '' };
  }

  #told(): Pick<RunResult, 'verdict' | 'checker' | 'message' | 'stack'> {
    if (this.#verdict !== null) return { verdict: 'violation', ...this.#verdict };
    const told = { checker: null, stack: '' };
    if (this.#isSane()) return { verdict: 'pass', message: '', ...told };
    return { verdict: 'undecided', message: 'too little has happened', ...told };
  }

  #isSane(): boolean {
    if (this.#isPart) return true;
    const faults = Object.keys(this.#cluster.world.faults.summary());
    return this.#history.completed >= COMPLETED_MIN && (this.#isChosen || faults.length > 0);
  }

  #result(): RunResult {
    const { world } = this.#cluster;
    return {
      seed: this.#seed,
      ...this.#told(),
      digest: world.scheduler.digestHex(),
      simulatedMs: world.elapsedMs(),
      safetyMs: this.#safetyMs ?? world.elapsedMs() + 1,
      events: world.scheduler.events(),
      operations: this.#history.completed + this.#history.staleReads + this.#bursts.served,
      isUndecided: this.#isUndecided,
      faults: world.faults.summary(),
      probes: this.#cluster.probes.summary(world.faults.summary()),
      stall: this.#stall,
      strikes: this.#nemesis.strikes,
      config: this.#config,
    };
  }
}
