/** A simulated cluster: the world's processes running real nodes, watched after every turn. */

import { InvariantViolation } from '../../src/base/assert.ts';
import type { NodeId, StoreId } from '../../src/base/units.ts';
import { formation } from '../../src/core/formation/step.ts';
import { hashes } from '../../src/core/hashes/step.ts';
import { peerFrameCount } from '../../src/core/protocol/peer-frame.ts';
import { raft } from '../../src/core/raft/step.ts';
import { snapshots } from '../../src/core/snapshots/step.ts';
import { swim } from '../../src/core/swim/step.ts';
import type { WalState } from '../../src/core/wal/state.ts';
import { wal } from '../../src/core/wal/step.ts';
import type { AdminRequest } from '../../src/node/contract.ts';
import { Node } from '../../src/node/node.ts';
import type { TraceEvent } from '../../src/node/raft-trace/event.ts';
import { RaftTracer } from '../../src/node/raft-trace/tracer.ts';
import type { NodeState } from '../../src/node/state.ts';
import type { StepObserver } from '../../src/node/step-observer.ts';
import { OnlineCheck } from '../check/online/check.ts';
import { checkWhole } from '../check/online/content.ts';
import { DiskLife } from '../check/online/disk-life.ts';
import { HeardCheck } from '../check/online/heard.ts';
import { LogTimeCheck } from '../check/online/log-time.ts';
import { PlatterLooks } from '../check/online/looks.ts';
import { MarkCheck } from '../check/online/marks.ts';
import { OfficeCheck } from '../check/online/offices.ts';
import { checkOwed } from '../check/online/owed.ts';
import { checkCutOff, recoverFrom } from '../check/online/platter.ts';
import { SessionCheck } from '../check/online/sessions.ts';
import { checkSnapshots } from '../check/online/snapshots.ts';
import { StormCheck } from '../check/online/storms.ts';
import { checkAnswered } from '../check/online/waiting.ts';
import { ClusterProbes } from '../check/probes/cluster.ts';
import { StepSpec } from '../check/steps/spec.ts';
import { TimeoutDraws } from '../check/steps/timers.ts';
import type { Failure } from '../world/faults.ts';
import { eventKind } from '../world/trace.ts';
import { World } from '../world/world.ts';
import { Atlas } from './atlas.ts';
import type { Chronicle } from './chronicle.ts';
import { addressOf, nodeIds, type RunConfig } from './config.ts';

/** Told every event of group 0's machines, in the order of the run. */
export type RaftTraceSink = (timeUs: number, event: TraceEvent) => void;

const WAL_CHECK_TURNS = 100;
const FILES_CHECK_TURNS = 8;
const ANSWERS_CHECK_TURNS = 16;
/** SWIM has worlds of its own, in which every step is checked. */
const SWIM_CHECK_TURNS = 16;
/** A look at the whole log on a disk costs what is on it: so many bytes are worth a turn. */
const PLATTER_BYTES_PER_TURN = 200;
const PLATTER_CHECK_TURNS = 100;
const LOG_PREFIX = 'wal-';
const PLATTER_SEGMENT_BYTES_MAX = 1024 * 1024;
const RESTART_EVENT = eventKind('restart');

export class Cluster {
  readonly world: World;
  readonly config: RunConfig;
  readonly atlas = new Atlas(this);
  /** Nodes whose state a scene has falsified: what they make of an entry is not judged. */
  readonly corrupted = new Set<NodeId>();
  /** Nobody spoils disks behind the atlas's back, as scenes do. */
  isAtlasComplete = false;
  readonly probes: ClusterProbes;
  readonly #online: OnlineCheck;
  readonly #storms = new StormCheck();
  readonly #logTime = new LogTimeCheck();
  readonly #draws = new TimeoutDraws();
  readonly #sessions = new SessionCheck();
  readonly #disks = new Map<NodeId, DiskLife>();
  readonly #offices = new Map<NodeId, OfficeCheck>();
  readonly #heard = new Map<NodeId, HeardCheck>();
  readonly #marks = new Map<NodeId, MarkCheck>();
  readonly #nodes = new Map<NodeId, Node>();
  /** Nodes that nobody starts again. */
  readonly lost = new Set<NodeId>();
  /** The store that each node had last, up or down; not of a node whose disk was lost. */
  readonly stores = new Map<NodeId, StoreId>();
  /** Told when a node gives a vote or an acknowledgement, in the middle of its turn. */
  onPromise: ((node: NodeId) => void) | null = null;
  #chronicle: Chronicle | null = null;
  #raftTrace: RaftTraceSink | null = null;
  /** What they found on their disks when they were started was looked at. */
  readonly #recovered = new WeakSet<Node>();
  readonly #looks = new PlatterLooks();
  /** Snapshots that were found on the disk of a running node. */
  readonly #proved = new WeakMap<Node, Set<string>>();
  #turns = 0;
  #nextPlatterCheck = PLATTER_CHECK_TURNS;

  constructor(seed: string, config: RunConfig, onFailure: (failure: Failure) => void) {
    this.config = config;
    this.#online = new OnlineCheck(config.node.expiredPerEntryMax);
    const nodes = nodeIds(config.nodes);
    const addresses = new Map(nodes.map((id) => [id, addressOf(id)]));
    this.world = new World({
      seed,
      config: config.world,
      nodes,
      newDriver: (id, ports) => {
        const node = new Node(
          { ...config.node, id, ids: nodes, addresses, server: 'sim' },
          ports,
          null,
          this.#newObserver(id),
        );
        this.#nodes.set(id, node);
        this.#offices.get(id)!.restarted();
        this.#heard.get(id)!.restarted();
        this.#marks.set(id, new MarkCheck());
        return node;
      },
      onFailure,
      mayDamage: (site) => this.atlas.mayDamage(site),
    });
    const { peers } = this.world.net;
    this.probes = new ClusterProbes(
      {
        states: () => this.running().map(({ state }) => state),
        isCut: (left, right) => peers.isCut(left as NodeId, right as NodeId),
      },
      config.node.settings.groupCount,
    );
    for (const id of nodes) {
      const process = this.world.process(id);
      const disk = new DiskLife(process, this.world.disk(id));
      const office = new OfficeCheck();
      const heard = new HeardCheck();
      this.#disks.set(id, disk);
      this.#offices.set(id, office);
      this.#heard.set(id, heard);
      process.onInput = (event) => {
        disk.heard(event);
        if (event.kind !== 'peer-frame') return;
        office.heard(event.bytes);
        heard.heard(event.bytes);
      };
      process.onTurn = (_nowMs, wallMs) => {
        this.#logTime.shown(id, wallMs, Math.floor(this.world.scheduler.nowUs() / 1_000));
      };
      process.afterTurn = () => this.#afterTurn(id);
      process.onCrash = () => this.probes.crashed(this.#nodes.get(id)!.state);
    }
    peers.observe = (fate, { channel, source, bytes }) => {
      if (fate === 'sent' && channel === 'frame') this.#sent(source, bytes);
    };
  }

  /** The running node, or null while its process is down. */
  node(id: NodeId): Node | null {
    return this.world.process(id).current() === null ? null : (this.#nodes.get(id) ?? null);
  }

  running(): Node[] {
    const up: Node[] = [];
    for (const id of this.world.nodes) {
      const node = this.node(id);
      if (node !== null) up.push(node);
    }
    return up;
  }

  /** What each node has been like when it was last up. */
  known(): NodeState[] {
    return this.world.nodes.flatMap((id) => this.#nodes.get(id)?.state ?? []);
  }

  /** From now on what happens is written down. */
  tell(chronicle: Chronicle): void {
    this.#chronicle = chronicle;
    this.world.faults.observe = (record) => chronicle.fault(record);
  }

  /** Of nodes that start from now on. */
  traceRaft(sink: RaftTraceSink): void {
    this.#raftTrace = sink;
  }

  /** The judge of steps, and whoever writes them down. */
  #newObserver(id: NodeId): StepObserver {
    const judge = new StepSpec(this.#draws, () => this.#nodes.get(id)!.state.now);
    const sink = this.#raftTrace;
    if (sink === null) return judge;
    const tracer = new RaftTracer((event) => sink(this.world.scheduler.nowUs(), event));
    return bothOf(tracer, judge);
  }

  /** Every replica in the whole, when all have come to rest. */
  lookAtStates(): void {
    for (const { state } of this.running())
      for (const group of state.groups) this.#online.look(group);
  }

  wipe(id: NodeId): void {
    this.world.process(id).wipe();
    this.stores.delete(id);
  }

  admin(id: NodeId, request: AdminRequest): void {
    const node = this.node(id);
    if (node !== null) node.input({ kind: 'admin', request });
  }

  #afterTurn(id: NodeId): void {
    const node = this.#nodes.get(id)!;
    this.#chronicle?.look(this.world.scheduler.nowUs(), id, node.state.groups);
    try {
      this.#check(node);
    } catch (error) {
      this.world.process(id).fail(error);
      return;
    }
    this.probes.afterTurn(node.state);
    if (node.failure !== null) this.#stopped(id, node);
    else if (node.state.stopping !== null) this.#stopping(id, node.state);
  }

  #check(node: Node): void {
    const { state } = node;
    this.#disks.get(state.config.id)!.afterTurn(node);
    if (state.phase === 'mending') this.#checkDamaged(state.config.id);
    if (state.self !== null) this.stores.set(state.self.id, state.self.store);
    // The log's own check counts everything that lives: now and then will do.
    this.#turns++;
    if (state.wal !== null && this.#turns % WAL_CHECK_TURNS === 0) wal.check(state.wal);
    if (state.wal !== null && state.phase === 'serving') {
      this.#checkMark(state.config.id, state.wal, state.now);
    }
    if (state.formation !== null) formation.check(state.formation);
    if (state.swim !== null && this.#turns % SWIM_CHECK_TURNS === 0) swim.check(state.swim);
    // What contradicts the others is told first: it says more than what contradicts itself.
    this.#offices.get(state.config.id)!.afterTurn(state);
    this.#heard.get(state.config.id)!.afterTurn(state);
    this.#logTime.afterTurn(state, Math.floor(this.world.scheduler.nowUs() / 1_000));
    const isJudged = !this.corrupted.has(state.config.id);
    if (isJudged) this.#checkSound(state);
    for (const group of state.groups) this.#online.afterTurn(group, state.now, isJudged);
    if (isJudged) this.#sessions.afterTurn(state);
    for (const group of state.groups) raft.check(group.raft);
    if (this.#turns % FILES_CHECK_TURNS === 0) checkFiles(state.groups);
    if (this.#turns % ANSWERS_CHECK_TURNS === 0) {
      checkAnswered(state);
      checkOwed(state);
    }
    if (state.phase !== 'serving') return;
    const isNews = !this.#recovered.has(node) || this.#looks.afterTurn(state);
    if (isNews || this.#turns >= this.#nextPlatterCheck) this.#checkPlatter(node);
    this.#recovered.add(node);
  }

  /** Whoever mends its log has lost something: a torn tail is no loss. */
  #checkDamaged(id: NodeId): void {
    const { misdirectedReadPpm } = this.world.disk(id).options.knobs;
    const isMisread = misdirectedReadPpm > 0;
    if (!this.isAtlasComplete || isMisread || this.atlas.mayHoldDamage(id)) return;
    throw new InvariantViolation('availability', `node ${id} takes a sound log for damaged`);
  }

  #checkMark(id: NodeId, log: WalState, now: number): void {
    if (this.atlas.isBusy || log.config.segmentBytes > PLATTER_SEGMENT_BYTES_MAX) return;
    this.#marks.get(id)!.afterTurn(log, now, () => this.world.disk(id).durableFiles(LOG_PREFIX));
  }

  /** Whoever stands back for a wrong state has one; and nobody is right where one is wrong. */
  #checkSound({ config, groups }: NodeState): void {
    for (const { rebuild, hashes: inquiry } of groups) {
      const isTied = inquiry.tiedIndex > 0 && this.corrupted.size === 0;
      if (rebuild?.code !== 'STATE_DIVERGED' && !isTied) continue;
      const message = `node ${config.id} takes a state for wrong that is right`;
      throw new InvariantViolation('state-hash', message);
    }
  }

  /** What it says is durable is on its disk, unless somebody spoils disks. */
  #checkPlatter(node: Node): void {
    const { config, self, wal: log, groups } = node.state;
    if (log === null || self === null || this.atlas.isBusy) return;
    if (log.config.segmentBytes > PLATTER_SEGMENT_BYTES_MAX) return;
    const files = this.world.disk(config.id).durableFiles(LOG_PREFIX);
    let bytes = 0;
    for (const file of files) bytes += file.bytes.length;
    const pause = PLATTER_CHECK_TURNS + Math.floor(bytes / PLATTER_BYTES_PER_TURN);
    this.#nextPlatterCheck = this.#turns + pause;
    checkCutOff(files, log);
    const recovery = recoverFrom(files, log.config);
    if (recovery.verdict === 'damaged') {
      throw new InvariantViolation('durable-quorum', 'the log on the disk is damaged');
    }
    this.#online.onDisk(self, recovery.groups);
    // A scene may spoil what it likes, and the atlas not know.
    if (!this.isAtlasComplete) return;
    const proved = this.#proved.get(node) ?? new Set();
    this.#proved.set(node, proved);
    const disk = this.world.disk(config.id);
    const filesCalled = (name: string) => disk.durableFiles(name);
    checkSnapshots(recovery.groups, groups, { filesCalled, proved });
  }

  /** At the end of a run: every record, session and slot of those that are up. */
  checkWhole(): void {
    this.#sessions.judge();
    for (const { state } of this.running()) {
      if (this.corrupted.has(state.config.id)) continue;
      for (const { store, installing, rebuild } of state.groups) {
        if (installing === null && rebuild === null) checkWhole(store);
      }
      if (state.wal !== null) wal.check(state.wal);
    }
  }

  /** A frame leaves `id`, in the middle of its turn: what it promises must be true now. */
  #sent(id: NodeId, frame: Uint8Array): void {
    this.#storms.sent(id, peerFrameCount(frame), this.world.scheduler.nowUs());
    const { self, groups } = this.#nodes.get(id)!.state;
    if (self !== null && this.#online.sent(frame, self, groups)) this.onPromise?.(id);
  }

  /** A node that was asked to stop does so in time; it is started again after a while. */
  #stopping(id: NodeId, { phase, now, stopping }: NodeState): void {
    const process = this.world.process(id);
    if (phase !== 'stopped') {
      if (now < (stopping!.closeUntil ?? stopping!.handOverUntil)) return;
      const message = `node ${id} does not stop, as it was asked to`;
      process.fail(new InvariantViolation('liveness', message));
      return;
    }
    this.world.faults.count('stopped-as-asked', id);
    process.crash('process');
    this.#startLater(id);
  }

  /** A node that cannot go on: its operator starts it again after a while. */
  #stopped(id: NodeId, node: Node): void {
    const { code, detail } = node.failure!;
    const { faults } = this.world;
    faults.count(`stopped-${code}`, id, () => detail ?? '');
    const process = this.world.process(id);
    if (code !== 'DISK_FAILED' && code !== 'DISK_FULL') {
      const isDamage = code === 'WAL_DAMAGED' || code === 'SNAPSHOT_DAMAGED';
      const checker = isDamage ? 'durable-quorum' : 'availability';
      process.fail(new InvariantViolation(checker, `node ${id}: ${code} ${detail}`));
      return;
    }
    // Whoever starts it again need not start the machine again, unless its disk is of no more use.
    const kind = process.drawCrashKind();
    process.crash(this.world.disk(id).isBroken() ? 'power' : kind);
    this.#startLater(id);
  }

  #startLater(id: NodeId): void {
    this.world.scheduler.after(200_000, RESTART_EVENT, id, () => {
      if (!this.lost.has(id)) this.world.process(id).start();
    });
  }
}

function checkFiles(groups: NodeState['groups']): void {
  for (const { files, hashes: verdicts } of groups) {
    snapshots.check(files);
    hashes.check(verdicts);
  }
}

const bothOf = (first: StepObserver, second: StepObserver): StepObserver => ({
  began: (raft) => {
    first.began(raft);
    second.began(raft);
  },
  stepped: (raft, event, out) => {
    first.stepped(raft, event, out);
    second.stepped(raft, event, out);
  },
});
