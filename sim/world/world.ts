/**
 * A simulated world: N nodes, their disks, clocks and network, in one thread and virtual time.
 *
 * 1. Everything is drawn from the seed and the configuration; two worlds of the same seed,
 *    configuration and driver run alike, event by event.
 * 2. Nodes are not started here: whoever builds the world decides when.
 * 3. The world knows no protocol. What a driver does and what it must never do is judged from
 *    outside, by the hooks of disk, net and process.
 */
import type { NodeId } from '../../src/base/units.ts';
import type { NodeDriver, NodePorts } from '../../src/node/contract.ts';
import { Clock } from './clock.ts';
import { calmDisk, calmPath, type WorldConfig } from './config.ts';
import { SimulatedDisk } from './disk.ts';
import type { DamageSite } from './disk-effects.ts';
import { type Failure, FaultLedger } from './faults.ts';
import { SimulatedNet } from './net.ts';
import { SimulatedProcess } from './process.ts';
import { Scheduler } from './scheduler.ts';
import { Streams } from './streams.ts';

export interface WorldOptions {
  readonly seed: string;
  readonly config: WorldConfig;
  readonly nodes: readonly NodeId[];
  readonly newDriver: (node: NodeId, ports: NodePorts, incarnation: number) => NodeDriver;
  /** Called once for each node that dies of its own fault. */
  readonly onFailure: (failure: Failure) => void;
  /** The fault atlas; see disk-effects.ts. */
  readonly mayDamage: (site: DamageSite) => boolean;
}

export class World {
  readonly seed: string;
  readonly config: WorldConfig;
  readonly nodes: readonly NodeId[];
  readonly scheduler = new Scheduler();
  readonly streams: Streams;
  readonly faults: FaultLedger;
  readonly failures: Failure[] = [];
  readonly net: SimulatedNet;
  private readonly options: WorldOptions;
  private readonly processes = new Map<NodeId, SimulatedProcess>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.config = copyOf(options.config);
    this.nodes = [...options.nodes].sort((a, b) => a - b);
    this.streams = new Streams(options.seed);
    this.seed = this.streams.seed;
    this.faults = new FaultLedger(() => this.scheduler.nowUs());
    this.net = new SimulatedNet({
      scheduler: this.scheduler,
      streams: this.streams,
      knobs: this.config.net,
      faults: this.faults,
      nodes: this.nodes,
      report: (node, error) => this.process(node).fail(error),
    });
    for (const node of this.nodes) this.processes.set(node, this.newProcess(node));
  }

  process(node: NodeId): SimulatedProcess {
    const process = this.processes.get(node);
    if (process === undefined) throw new RangeError(`there is no node ${node}`);
    return process;
  }

  disk(node: NodeId): SimulatedDisk {
    return this.process(node).options.disk;
  }

  clock(node: NodeId): Clock {
    return this.process(node).options.clock;
  }

  startAll(): void {
    for (const node of this.nodes) this.process(node).start();
  }

  /** Ends every fault that strikes by rate, for the liveness phase; delays and sizes stay. */
  calm(): void {
    const { peers, clients } = this.config.net;
    calmPath(peers.frames);
    calmPath(peers.gossip);
    clients.slowReaderPermille = 0;
    clients.halfOpenPermille = 0;
    for (const node of this.nodes) calmDisk(this.disk(node).options.knobs);
  }

  /** Frames and datagrams take their shortest time, and none much longer. */
  steady(): void {
    const { frames, gossip } = this.config.net.peers;
    for (const path of [frames, gossip]) path.delay = { ...path.delay, spread: 0 };
  }

  /** Virtual milliseconds since the world began. */
  elapsedMs(): number {
    return Math.floor(this.scheduler.nowUs() / 1_000);
  }

  private newProcess(node: NodeId): SimulatedProcess {
    const { scheduler, streams, faults, net } = this;
    return new SimulatedProcess({
      node,
      scheduler,
      faults,
      net,
      clock: this.newClock(node),
      disk: this.newDisk(node),
      knobs: this.config.process,
      timingStream: streams.stream(`timing:${node}`),
      entropyStream: streams.stream(`entropy:${node}`),
      crashStream: streams.stream(`crash:${node}`),
      newDriver: this.options.newDriver,
      fail: (failure) => {
        this.failures.push(failure);
        this.options.onFailure(failure);
      },
    });
  }

  private newDisk(node: NodeId): SimulatedDisk {
    const { scheduler, streams, faults } = this;
    return new SimulatedDisk({
      node,
      scheduler,
      faults,
      knobs: copyOf(this.config.disk),
      latencyStream: streams.stream(`disk:${node}`),
      errorStream: streams.stream(`disk-error:${node}`),
      crashStream: streams.stream(`disk-crash:${node}`),
      mayDamage: this.options.mayDamage,
      report: (error) => this.process(node).fail(error),
    });
  }

  private newClock(node: NodeId): Clock {
    const { driftPpmMax, wallOffsetMsMax, wallStartMs } = this.config.clock;
    const stream = this.streams.stream(`clock:${node}`);
    const offsetMs = stream.between(-wallOffsetMsMax, wallOffsetMsMax);
    const clock = new Clock(() => this.scheduler.nowUs(), (wallStartMs + offsetMs) * 1_000);
    clock.drift('monotonic', stream.between(-driftPpmMax, driftPpmMax));
    clock.drift('wall', stream.between(-driftPpmMax, driftPpmMax));
    clock.reboot(stream.below(1_000_000));
    return clock;
  }
}

/** Knobs are changed while a world runs; the caller's configuration stays as it was printed. */
function copyOf<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
