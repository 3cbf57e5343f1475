/**
 * A directed scene: a small cluster in a world without faults, clients at work, and a hand that
 * reaches into it. What the clients saw is judged at the end, like a run's.
 *
 *   stop · kill · start · pause · resume · hang              what the hand does to nodes
 *   cut · isolate · hold · release · lose · heal             … to links
 *   compact · propose · reconfigure                          what operators ask for
 *   until · pass · rest · outcome                            what it waits for, and how it ended
 *
 * All that a run checks after every turn is checked here too: what it finds is in `failures`.
 */
import { toHex } from '../../src/base/bytes.ts';
import type { NodeId } from '../../src/base/units.ts';
import { ENTRY_HEADER_BYTES } from '../../src/core/entry.ts';
import { lastIndex } from '../../src/core/raft/log.ts';
import { DEFAULT_SETTINGS } from '../../src/core/settings.ts';
import type { Member } from '../../src/core/types.ts';
import { NODE_DEFAULTS } from '../../src/node/config.ts';
import type { NodeState } from '../../src/node/state.ts';
import { checkLinearizable, DEFAULT_LIMITS } from '../check/linearizable/check.ts';
import { storeModel } from '../check/linearizable/store.ts';
import { SimulatedClient } from '../run/client.ts';
import { Cluster } from '../run/cluster.ts';
import {
  drawRunConfig,
  GROUP_ZERO,
  type NodeKnobs,
  nodeIds,
  type RunConfig,
  type WorkloadConfig,
} from '../run/config.ts';
import { History } from '../run/history.ts';
import { hasConverged } from '../run/liveness.ts';
import { NO_OVERRIDES } from '../run/run.ts';
import { calmWorldConfig } from '../world/config.ts';
import type { SimulatedFile } from '../world/disk-file.ts';
import type { Failure } from '../world/faults.ts';
import type { Rule } from '../world/net-peers.ts';
import { Streams } from '../world/streams.ts';

const STEP_US = 500;
const CODE_OF_A = 97;

export class Scene {
  readonly cluster: Cluster;
  readonly history = new History();
  readonly failures: Failure[] = [];
  readonly #clients: SimulatedClient[] = [];
  #orders = 0;

  constructor(
    nodes: number,
    knobs: Partial<NodeKnobs> = {},
    workload: Partial<WorkloadConfig> = {},
  ) {
    this.cluster = new Cluster('1', configOf(nodes, knobs, workload), (failure) => {
      this.failures.push(failure);
    });
    const { world } = this.cluster;
    world.startAll();
    for (let n = 0; n < this.cluster.config.workload.clients; n++) {
      const name = String.fromCharCode(CODE_OF_A + n);
      const client = new SimulatedClient({
        name,
        net: world.net,
        scheduler: world.scheduler,
        stream: world.streams.stream(`client:${name}`),
        dawdling: world.streams.stream(`dawdling:${name}`),
        workload: this.cluster.config.workload,
        nodes: nodeIds(nodes),
        probes: this.cluster.probes.clients,
        isOfSession: () => true,
        history: this.history,
        nextOrder: () => ++this.#orders,
      });
      this.#clients.push(client);
      client.start();
    }
  }

  state(id: number): NodeState {
    const node = this.cluster.node(id as NodeId);
    if (node === null) throw new RangeError(`node ${id} is down; ${JSON.stringify(this.failures)}`);
    return node.state;
  }

  store(id: number): string {
    return this.state(id).self!.store;
  }

  /** Runs until it is so; false if it does not come to that in `forMs`. */
  until(isSo: () => boolean, forMs = 20_000): boolean {
    const { world } = this.cluster;
    const end = world.elapsedMs() + forMs;
    while (!isSo()) {
      if (world.elapsedMs() > end) return false;
      world.scheduler.runUntil(world.scheduler.nowUs() + STEP_US);
    }
    return true;
  }

  pass(forMs: number): void {
    const { scheduler } = this.cluster.world;
    scheduler.runUntil(scheduler.nowUs() + forMs * 1_000);
  }

  /** Clients come to an end, and the cluster to rest. */
  rest(): boolean {
    for (const client of this.#clients) client.isStopped = true;
    return this.until(() => this.#clients.every((it) => it.isIdle) && this.isAgreed());
  }

  /** Everything is healed, comes to rest, and is judged: `well`, or the first thing that is not. */
  outcome(): string {
    const { world } = this.cluster;
    this.lose(0);
    this.heal();
    for (const id of world.nodes) {
      this.resume(id);
      this.start(id);
    }
    const isAtRest = this.rest();
    const [failure] = this.failures;
    if (failure !== undefined) return `${failure.checker}: ${failure.message}`;
    if (!isAtRest) return 'liveness: it does not come to rest';
    return this.isLinearizable() ? 'well' : 'linearizable: it is not';
  }

  /** Somebody leads, and everybody has applied as many entries. */
  hasWorked(entries: number): boolean {
    const nodes = this.cluster.running();
    const hasApplied = ({ groups }: NodeState): boolean =>
      (groups[0]?.store.appliedIndex ?? 0) >= entries;
    return this.leader() !== null && nodes.every(({ state }) => hasApplied(state));
  }

  isAgreed(): boolean {
    return hasConverged(this.cluster, this.cluster.world.nodes);
  }

  isLinearizable(): boolean {
    const { verdict } = checkLinearizable(this.history.toJudge(), storeModel, DEFAULT_LIMITS);
    return verdict === 'linearizable';
  }

  stop(id: number): void {
    this.cluster.world.process(id as NodeId).crash('power');
  }

  /** The process dies and the kernel lives on: what was written is there, synced or not. */
  kill(id: number): void {
    this.cluster.world.process(id as NodeId).crash('process');
  }

  start(id: number): void {
    this.cluster.world.process(id as NodeId).start();
  }

  pause(id: number): void {
    this.cluster.world.process(id as NodeId).pause(null);
  }

  resume(id: number): void {
    this.cluster.world.process(id as NodeId).resume();
  }

  /** The disk of a node does nothing for so long. */
  hang(id: number, forMs: number): void {
    const { world } = this.cluster;
    world.disk(id as NodeId).stall(world.scheduler.nowUs() + forMs * 1_000);
  }

  cut(source: number, target: number): void {
    this.cluster.world.net.cut(source as NodeId, target as NodeId, false);
  }

  /** Sets aside what `target` would hear from `source`, until it is released. */
  hold(source: number, target: number): Rule {
    return this.cluster.world.net.hold((it) => it.source === source && it.target === target);
  }

  release(rule: Rule): void {
    this.cluster.world.net.release(rule);
  }

  /** Frames between nodes are lost at this rate, until the outcome is asked for. */
  lose(permille: number): void {
    this.cluster.config.world.net.peers.frames.lossPermille = permille;
  }

  isolate(id: number): void {
    this.cluster.world.net.isolate(id as NodeId);
  }

  heal(): void {
    this.cluster.world.net.heal();
  }

  /** The node takes a snapshot of group 0. */
  compact(id: number): void {
    this.cluster.admin(id as NodeId, { kind: 'snapshot', group: GROUP_ZERO });
  }

  /** A command for group 0 at a node that leads; nobody waits for the answer. */
  propose(id: number, command: Uint8Array): void {
    this.cluster.admin(id as NodeId, { kind: 'propose', group: GROUP_ZERO, commands: [command] });
  }

  reconfigure(id: number, voters: readonly Member[], learners: readonly Member[]): void {
    const request = { kind: 'reconfigure', group: GROUP_ZERO, voters, learners } as const;
    this.cluster.admin(id as NodeId, request);
  }

  /** What the node's log of group 0 holds: everything above `baseIndex`, through `lastIndex`. */
  log(id: number): { readonly baseIndex: number; readonly lastIndex: number } {
    const { log } = this.state(id).groups[0]!.raft;
    return { baseIndex: log.baseIndex, lastIndex: lastIndex(log) };
  }

  /** The newest snapshot that the node's log of group 0 is behind; 0 while there is none. */
  snapshotIndex(id: number): number {
    return this.cluster.node(id as NodeId)?.state.groups[0]?.raft.snapshotIndex ?? 0;
  }

  /** A node that follows in group 0. */
  follower(): number {
    const found = this.cluster.running().find(({ state }) => !isLeading(state));
    return found!.state.config.id;
  }

  leader(): number | null {
    return this.cluster.running().find(({ state }) => isLeading(state))?.state.config.id ?? null;
  }

  others(id: number): number[] {
    return this.cluster.world.nodes.filter((node) => node !== id);
  }

  /** Whoever believes to lead. */
  leaders(): number[] {
    const leading = this.cluster.running().filter(({ state }) => isLeading(state));
    return leading.map(({ state }) => state.config.id);
  }

  /** Whoever leads as soon as somebody does. */
  awaitLeader(): number {
    if (!this.until(() => this.leader() !== null)) throw new RangeError('nobody leads');
    return this.leader()!;
  }

  /** Files of a node, by a part of their names. */
  files(id: number, part: string): { readonly name: string; readonly file: SimulatedFile }[] {
    const disk = this.cluster.world.disk(id as NodeId);
    const named = disk.files().filter(({ name }) => name.includes(part));
    return named.map(({ name }) => ({ name, file: disk.find(name)! }));
  }

  /** Where an entry's bytes lie on the disk of a node. */
  locate(id: number, entry: Uint8Array): { readonly file: SimulatedFile; readonly at: number } {
    const head = toHex(entry.subarray(0, ENTRY_HEADER_BYTES));
    for (const { file } of this.files(id, '.segment')) {
      const digits = toHex(file.durableBytes()).indexOf(head);
      if (digits >= 0) return { file, at: digits / 2 };
    }
    throw new RangeError('the entry is on no disk');
  }
}

const isLeading = ({ groups }: NodeState): boolean => groups[0]?.raft.role === 'leader';

function configOf(
  nodes: number,
  knobs: Partial<NodeKnobs>,
  changes: Partial<WorkloadConfig>,
): RunConfig {
  const drawn = drawRunConfig(new Streams('1').stream('config'), NO_OVERRIDES);
  const node: NodeKnobs = {
    ...NODE_DEFAULTS,
    settings: DEFAULT_SETTINGS,
    electionTimeoutMs: 150,
    heartbeatMs: 25,
    announceMs: 50,
    idleMarkMs: 50,
    segmentBytes: 262_144,
    regionBytes: 65_536,
    ...knobs,
  };
  const quick = { clients: 2, keys: 10, thinkMs: 15, pipeline: 4, patienceMs: 1_000 };
  const workload = {
    ...drawn.workload,
    ...quick,
    weights: [3, 1, 3, 1, 1, 1, 1],
    sessionPermille: 0,
    dawdlePermille: 0,
    ...changes,
  };
  return { ...drawn, nodes, node, workload, world: calmWorldConfig() };
}
