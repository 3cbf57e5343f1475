/**
 * Whoever makes trouble: at drawn moments it crashes, cuts, stalls, steps clocks, and asks the
 * nodes for what operators ask. Each kind draws from a stream of its own.
 *
 * It never destroys what a quorum needs: a store is wiped only while all others are whole and up,
 * and not again before the cluster has replaced it.
 */
import type { NodeId } from '../../src/base/units.ts';
import type { AdminRequest } from '../../src/node/contract.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { World } from '../world/world.ts';
import { GROUP_ZERO, type NemesisConfig } from './config.ts';

const NEMESIS_EVENT = eventKind('nemesis');

export interface NemesisOptions {
  readonly world: World;
  readonly config: NemesisConfig;
  readonly groups: number;
  /** Gives a running node something to do. */
  readonly admin: (node: NodeId, request: AdminRequest) => void;
  /** Whether `node` may lose its disk now without the cluster losing data. */
  readonly mayWipe: (node: NodeId) => boolean;
  readonly reconfigure: (stream: Stream) => void;
}

export class Nemesis {
  readonly #options: NemesisOptions;
  isOver = false;

  constructor(options: NemesisOptions) {
    this.#options = options;
  }

  start(): void {
    const { config } = this.#options;
    this.#every('crash', config.crashMs, (stream) => this.#crash(stream));
    this.#every('all-crash', config.allCrashMs, (stream) => this.#crashAll(stream));
    this.#every('pause', config.pauseMs, (stream) => this.#pause(stream));
    this.#every('partition', config.partitionMs, (stream) => this.#partition(stream));
    this.#every('clog', config.clogMs, (stream) => this.#clog(stream));
    this.#every('link-reset', config.linkResetMs, (stream) => this.#resetLink(stream));
    this.#every('connection-reset', config.connectionResetMs, (stream) => this.#reset(stream));
    this.#every('clock-step', config.clockStepMs, (stream) => this.#stepClock(stream));
    this.#every('slow-disk', config.slowDiskMs, (stream) => this.#slowDisk(stream));
    this.#every('wipe', config.wipeMs, (stream) => this.#wipe(stream));
    this.#every('transfer', config.transferMs, (stream) => this.#transfer(stream));
    this.#every('snapshot', config.snapshotMs, (stream) => this.#snapshot(stream));
    this.#every('reconfigure', config.reconfigureMs, (stream) => this.#options.reconfigure(stream));
  }

  #every(name: string, meanMs: number, strike: (stream: Stream) => void): void {
    if (meanMs === 0) return;
    const { world } = this.#options;
    const stream = world.streams.stream(`nemesis:${name}`);
    const plan = (): void => {
      const delayUs = stream.between(1, meanMs * 2_000);
      world.scheduler.after(delayUs, NEMESIS_EVENT, 0, () => {
        if (this.isOver) return;
        strike(stream);
        plan();
      });
    };
    plan();
  }

  #after(delayMs: number, act: () => void): void {
    const { scheduler } = this.#options.world;
    scheduler.after(delayMs * 1_000, NEMESIS_EVENT, 0, () => {
      if (!this.isOver) act();
    });
  }

  #node(stream: Stream): NodeId {
    return stream.pick(this.#options.world.nodes);
  }

  /** Ten times likelier while the disk is at work: that is where the bugs are. */
  #crash(stream: Stream): void {
    const { world } = this.#options;
    const node = this.#node(stream);
    const isBusy = world.disk(node).busy() > 0;
    const isSpared = stream.permille(900);
    if (!isBusy && isSpared) return;
    this.#crashOne(node, stream);
  }

  #crashOne(node: NodeId, stream: Stream): void {
    const { world, config } = this.#options;
    const process = world.process(node);
    if (process.current() === null) return;
    process.crash(process.drawCrashKind());
    this.#after(stream.between(1, config.downMsMax), () => process.start());
  }

  #crashAll(stream: Stream): void {
    for (const node of this.#options.world.nodes) this.#crashOne(node, stream);
  }

  #pause(stream: Stream): void {
    const { world } = this.#options;
    world.process(this.#node(stream)).pause(stream.pick([20, 200, 800, 2_000]) * 1_000);
  }

  #partition(stream: Stream): void {
    const { world, config } = this.#options;
    const nodes = stream.shuffle([...world.nodes]);
    if (nodes.length < 2) return;
    const [first, second] = nodes as [NodeId, NodeId];
    switch (stream.below(5)) {
      case 0:
        world.net.isolate(first);
        break;
      case 1:
        world.net.cut(first, second, true);
        break;
      case 2:
        world.net.bridge(first, nodes.slice(1, 1 + (nodes.length >> 1)));
        break;
      case 3:
        for (const other of nodes.slice(1)) world.net.cut(first, other, true);
        break;
      default:
        world.net.partition([nodes.slice(0, nodes.length >> 1), nodes.slice(nodes.length >> 1)]);
    }
    world.faults.count('partition', first);
    this.#after(stream.between(1, config.healMs * 2), () => world.net.heal());
  }

  #clog(stream: Stream): void {
    const { world, config } = this.#options;
    const [source, target] = stream.shuffle([...world.nodes]) as [NodeId, NodeId | undefined];
    if (target === undefined) return;
    world.net.clog(source, target);
    world.faults.count('clog', source);
    this.#after(stream.between(1, config.healMs), () => world.net.unclog(source, target));
  }

  #resetLink(stream: Stream): void {
    const { world } = this.#options;
    const [left, right] = stream.shuffle([...world.nodes]) as [NodeId, NodeId | undefined];
    if (right === undefined) return;
    world.faults.count('link-reset', left);
    world.net.resetLink(left, right);
  }

  #reset(stream: Stream): void {
    const { world } = this.#options;
    const connections = world.net.clients.connections(this.#node(stream));
    if (connections.length === 0) return;
    world.net.clients.reset(stream.pick(connections));
  }

  #stepClock(stream: Stream): void {
    const { world } = this.#options;
    const node = this.#node(stream);
    world.faults.count('clock-step', node);
    world.clock(node).step(stream.pick([-60_000, -500, -20, 20, 500, 60_000]));
  }

  #slowDisk(stream: Stream): void {
    const { world, config } = this.#options;
    const disk = world.disk(this.#node(stream));
    if (stream.permille(500)) {
      disk.stall(world.scheduler.nowUs() + stream.between(1, 500) * 1_000);
      return;
    }
    disk.slow(stream.pick([3_000, 20_000]));
    this.#after(stream.between(1, config.healMs * 2), () => disk.slow(1_000));
  }

  #wipe(stream: Stream): void {
    const { world, config, mayWipe } = this.#options;
    const node = this.#node(stream);
    if (!mayWipe(node)) return;
    world.process(node).wipe();
    this.#after(stream.between(1, config.downMsMax), () => world.process(node).start());
  }

  #transfer(stream: Stream): void {
    const target = this.#node(stream);
    const { world, groups, admin } = this.#options;
    const group = (GROUP_ZERO + stream.below(groups)) as typeof GROUP_ZERO;
    for (const node of world.nodes) admin(node, { kind: 'transfer', group, target });
  }

  #snapshot(stream: Stream): void {
    const { groups, admin } = this.#options;
    const group = (GROUP_ZERO + stream.below(groups)) as typeof GROUP_ZERO;
    admin(this.#node(stream), { kind: 'snapshot', group });
  }
}
