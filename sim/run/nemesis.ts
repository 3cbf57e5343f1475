/**
 * Whoever makes trouble: at drawn moments it crashes, cuts, stalls, steps clocks, and asks the
 * nodes for what operators ask. Each kind draws from a stream of its own.
 *
 * 1. It never destroys what a quorum needs: a store is wiped only while all others are whole and
 *    up, and not again before the cluster has replaced it. It lies in wait for such a moment, and
 *    what the lost store has said still comes, when nobody expects it any more.
 * 2. Every second strike is at a leader: offices that end in the middle of something are where
 *    the bugs are. A hunt strikes whoever leads, several times in a row.
 * 3. A crash waits a little for the disk to be at work, and some come in a row: what a restart has
 *    just begun is cut off as well.
 */
import { type GroupId, groupId, type NodeId } from '../../src/base/units.ts';
import type { AdminRequest } from '../../src/node/contract.ts';
import type { Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { World } from '../world/world.ts';
import type { NemesisConfig } from './config.ts';
import { eclipse } from './eclipse.ts';
import { hunt, LOOK_MS, LOOKS_MAX } from './hunt.ts';
import { cutSome } from './partitions.ts';
import type { Schedule, Strike, StrikeKind } from './schedule.ts';

const NEMESIS_EVENT = eventKind('nemesis');

export interface NemesisOptions {
  readonly world: World;
  readonly config: NemesisConfig;
  readonly groups: number;
  /** Gives a running node something to do. */
  readonly admin: (node: NodeId, request: AdminRequest) => void;
  /** Crashes `node` and empties its disk, unless the cluster would lose data. */
  readonly wipe: (node: NodeId) => boolean;
  /** Proposes other voters, unless that is unsafe now; `isRash`: whatever is under way. */
  readonly reconfigure: (group: GroupId, stream: Stream, isRash: boolean) => boolean;
  /** Spoils some of what a disk has kept, within what the atlas allows. */
  readonly decay: (stream: Stream) => void;
  /** Somebody reads from a node for so long. */
  readonly watch: (node: NodeId, spanMs: number, stream: Stream) => void;
  /** Whoever leads a group, or null. */
  readonly leaderOf: (group: GroupId) => NodeId | null;
  readonly schedule: Schedule;
}

/** How often, and how long in all, a crash waits for a busy disk. */
const BUSY_POLL_US = 300;
const BUSY_POLLS_MAX = 60;

/** How often, and how many times, a wipe looks for a moment at which it is safe. */
const WIPE_POLL_MS = 30;
const WIPE_POLLS_MAX = 100;
/** The last words of a store that is lost: so many, each within one of these spans. */
const LAST_WORDS_MAX = 40;
const LAST_WORD_MS = [100, 2_000, 10_000, 20_000];
/** In it a cluster forms, if nobody disturbs it. */
const BIRTH_MS = 800;

export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #ordinals = new Map<string, number>();
  readonly #promises: Stream;
  #promisesLeft = 0;
  /** What has happened, in order. */
  readonly strikes: Strike[] = [];
  isOver = false;

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#promises = options.world.streams.stream('nemesis:promise');
  }

  start(): void {
    const { config } = this.#options;
    this.#every('crash', config.crashMs, (stream) => this.#crash(stream));
    this.#every('all-crash', config.allCrashMs, (stream) => this.#crashAll(stream));
    this.#every('hunt', config.huntMs, (stream) => this.#hunt(stream));
    this.#every('eclipse', config.eclipseMs, (stream) => this.#eclipse(stream));
    this.#every('standstill', config.standstillMs, (stream) => this.#standStill(stream));
    this.#every('pause', config.pauseMs, (stream) => this.#pause(stream));
    this.#every('partition', config.partitionMs, (stream) => this.#partition(stream));
    this.#every('clog', config.clogMs, (stream) => this.#clog(stream));
    this.#every('link-reset', config.linkResetMs, (stream) => this.#resetLink(stream));
    this.#every('connection-reset', config.connectionResetMs, (stream) => this.#reset(stream));
    this.#every('clock-step', config.clockStepMs, (stream) => this.#stepClock(stream));
    this.#every('slow-disk', config.slowDiskMs, (stream) => this.#slowDisk(stream));
    this.#every('wipe', config.wipeMs, (stream) => this.#wipe(stream));
    this.#every('full-disk', config.fullDiskMs, (stream) => this.#fillDisk(stream));
    this.#every('decay', config.decayMs, (stream) => this.#options.decay(stream));
    this.#every('transfer', config.transferMs, (stream) => this.#transfer(stream));
    this.#every('snapshot', config.snapshotMs, (stream) => this.#snapshot(stream));
    this.#every('reconfigure', config.reconfigureMs, (stream) => this.#reconfigure(stream));
    this.#every('stop', config.stopMs, (stream) => this.#stop(stream));
    this.#crashEarly();
  }

  #every(kind: StrikeKind, meanMs: number, strike: (stream: Stream) => void): void {
    if (meanMs === 0) return;
    const { world, config } = this.#options;
    const stream = world.streams.stream(`nemesis:${kind}`);
    const plan = (graceMs: number): void => {
      const delayUs = graceMs * 1_000 + stream.between(1, meanMs * 2_000);
      world.scheduler.after(delayUs, NEMESIS_EVENT, 0, () => {
        if (this.isOver) return;
        // Of its own, so that a strike that is left out leaves the next ones as they are.
        const own = stream.fork();
        if (this.happens(kind)) strike(own);
        plan(0);
      });
    };
    plan(config.graceMs);
  }

  /** Writes the strike down; false if it is left out of this run. */
  happens(kind: StrikeKind): boolean {
    const { world, schedule } = this.#options;
    const ordinal = (this.#ordinals.get(kind) ?? 0) + 1;
    this.#ordinals.set(kind, ordinal);
    const name = `${kind} ${ordinal}`;
    if (schedule.strikes !== null && !schedule.strikes.includes(name)) return false;
    this.strikes.push({ name, kind, timeMs: world.elapsedMs() });
    return true;
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

  #group(stream: Stream): GroupId {
    return groupId(stream.below(this.#options.groups));
  }

  /** Every second time a leader, if there is one. Draws alike whatever it finds. */
  #victim(stream: Stream): NodeId {
    const anyone = this.#node(stream);
    const leader = this.#options.leaderOf(this.#group(stream));
    return stream.permille(500) && leader !== null ? leader : anyone;
  }

  #crash(stream: Stream): void {
    const node = this.#victim(stream);
    const polls = stream.permille(800) ? BUSY_POLLS_MAX : 0;
    const inARow = stream.permille(200) ? stream.between(1, 4) : 0;
    this.#crashBusy(node, stream, polls, () => {
      this.#crashOne(node, stream);
      if (inARow > 0) this.#crashAgain(node, stream, inARow);
    });
  }

  /** As soon as the disk is at work, or after `polls` looks. */
  #crashBusy(node: NodeId, stream: Stream, polls: number, crash: () => void): void {
    const { world } = this.#options;
    if (polls === 0 || world.disk(node).busy() > 0) {
      crash();
      return;
    }
    world.scheduler.after(BUSY_POLL_US, NEMESIS_EVENT, 0, () => {
      if (!this.isOver) this.#crashBusy(node, stream, polls - 1, crash);
    });
  }

  /** `left` more times, soon after it was started again, with its disk at work. */
  #crashAgain(node: NodeId, stream: Stream, left: number): void {
    const { world } = this.#options;
    const mercyMs = stream.pick([1, 20, 200]);
    let looks = LOOKS_MAX;
    const look = (): void => {
      if (world.process(node).current() === null) {
        if (--looks > 0) this.#after(LOOK_MS, look);
        return;
      }
      this.#after(stream.between(1, mercyMs), () =>
        this.#crashBusy(node, stream, BUSY_POLLS_MAX, () => {
          this.#crashOne(node, stream);
          if (left > 1) this.#crashAgain(node, stream, left - 1);
        }),
      );
    };
    look();
  }

  /**
   * A vote or an acknowledgement leaves: what it promises must survive a loss of power right now.
   * The moment of a promise is drawn, not the fate of each.
   */
  promised(node: NodeId): void {
    const { world, config } = this.#options;
    if (config.promisesPerCrash === 0 || this.isOver || --this.#promisesLeft > 0) return;
    const stream = this.#promises.fork();
    this.#promisesLeft = stream.between(1, config.promisesPerCrash * 2);
    if (!this.happens('promise-crash')) return;
    const process = world.process(node);
    world.scheduler.after(0, NEMESIS_EVENT, 0, () => {
      if (this.isOver || process.current() === null) return;
      process.crash('power');
      this.#after(stream.between(1, config.downMsMax), () => process.start());
    });
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

  /** Who has not yet become a cluster remembers little of how far it came. */
  #crashEarly(): void {
    const { world, config } = this.#options;
    const stream = world.streams.stream('nemesis:birth-crash');
    for (let n = 0; n < config.birthCrashes; n++) {
      const own = stream.fork();
      this.#after(own.between(1, BIRTH_MS), () => {
        if (this.happens('birth-crash')) this.#crashOne(this.#node(own), own);
      });
    }
  }

  /** As when a host of them all is suspended: everybody's patience is over at the same moment. */
  #standStill(stream: Stream): void {
    const { world } = this.#options;
    const spanMs = stream.pick([400, 900, 1_600, 3_000]);
    for (const node of world.nodes) world.process(node).pause(spanMs * 1_000);
  }

  #pause(stream: Stream): void {
    const { world } = this.#options;
    world.process(this.#victim(stream)).pause(stream.pick([20, 200, 800, 2_000]) * 1_000);
  }

  #partition(stream: Stream): void {
    const { world, config } = this.#options;
    const first = this.#victim(stream);
    if (world.nodes.length < 2) return;
    cutSome(world.net, first, stream.shuffle(world.nodes.filter((node) => node !== first)), stream);
    world.faults.count('partition', first);
    const spanMs = stream.between(1, config.healMs * 2);
    this.#after(spanMs, () => world.net.heal());
    // What it has written before is not done when those who went on without it are back.
    if (!stream.permille(200)) return;
    const stallMs = spanMs + stream.between(1, 500);
    world.disk(first).stall(world.scheduler.nowUs() + stallMs * 1_000);
  }

  #hunt(stream: Stream): void {
    const { world, config, leaderOf } = this.#options;
    world.faults.count('hunt', this.#node(stream));
    const group = this.#group(stream);
    const isCut = stream.permille(500);
    hunt(stream, {
      leader: () => leaderOf(group),
      strike: (leader) => {
        if (isCut) world.net.isolate(leader);
        else this.#crashOne(leader, stream);
      },
      end: () => {
        if (isCut) this.#after(stream.between(1, config.healMs), () => world.net.heal());
      },
      after: (delayMs, act) => this.#after(delayMs, act),
    });
  }

  #eclipse(stream: Stream): void {
    const { world, config, leaderOf, watch } = this.#options;
    const leader = leaderOf(this.#group(stream));
    const after = (delayMs: number, act: () => void): void => this.#after(delayMs, act);
    eclipse(stream, { world, leader, healMs: config.healMs, watch, after });
  }

  #clog(stream: Stream): void {
    const { world, config } = this.#options;
    const source = this.#victim(stream);
    const others = world.nodes.filter((node) => node !== source);
    if (others.length === 0) return;
    const target = stream.pick(others);
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
    const node = this.#victim(stream);
    world.faults.count('clock-step', node);
    world.clock(node).step(stream.pick([-60_000, -500, -20, 20, 500, 60_000]));
  }

  #slowDisk(stream: Stream): void {
    const { world, config } = this.#options;
    const disk = world.disk(this.#victim(stream));
    if (stream.permille(500)) {
      // The longest outlast an election or two.
      disk.stall(
        world.scheduler.nowUs() + stream.between(1, stream.pick([500, 500, 4_000])) * 1_000,
      );
      return;
    }
    disk.slow(stream.pick([3_000, 20_000]));
    this.#after(stream.between(1, config.healMs * 2), () => disk.slow(1_000));
  }

  /** Something else on the machine takes the room that is left, or nearly all of it. */
  #fillDisk(stream: Stream): void {
    const { world, config } = this.#options;
    const node = this.#victim(stream);
    const disk = world.disk(node);
    disk.occupy(Math.max(0, disk.freeBytes() - stream.pick([0, 100_000, 600_000])));
    world.faults.count('full-disk', node);
    this.#after(stream.between(1, config.healMs * 2), () => disk.occupy(0));
  }

  #wipe(stream: Stream): void {
    this.#wipeWhenSafe(this.#victim(stream), stream, WIPE_POLLS_MAX);
  }

  #wipeWhenSafe(node: NodeId, stream: Stream, polls: number): void {
    const { world, config, wipe } = this.#options;
    if (!wipe(node)) {
      if (polls > 0) this.#after(WIPE_POLL_MS, () => this.#wipeWhenSafe(node, stream, polls - 1));
      return;
    }
    world.net.peers.recall(node, LAST_WORDS_MAX, () =>
      stream.between(1, stream.pick(LAST_WORD_MS)),
    );
    this.#after(stream.between(1, config.downMsMax), () => world.process(node).start());
  }

  /**
   * Every second time the change is cut off in the middle; some are followed by another one before
   * they can be done.
   */
  #reconfigure(stream: Stream): void {
    const { world, config, reconfigure, leaderOf } = this.#options;
    const group = this.#group(stream);
    const isCut = stream.permille(500);
    const afterMs = stream.pick([1, 1, 3, 10, 50]);
    if (!reconfigure(group, stream, false)) return;
    if (stream.permille(300)) {
      this.#after(stream.pick([0, 1, 3, 10]), () => reconfigure(group, stream, true));
    }
    if (!isCut) return;
    const leader = leaderOf(group)!;
    const others = stream.shuffle(world.nodes.filter((node) => node !== leader));
    this.#after(afterMs, () => {
      if (others.length === 0) return;
      cutSome(world.net, leader, others, stream);
      this.#after(stream.between(1, config.healMs * 2), () => world.net.heal());
    });
  }

  #transfer(stream: Stream): void {
    const target = this.#node(stream);
    const { world, admin } = this.#options;
    const group = this.#group(stream);
    for (const node of world.nodes) admin(node, { kind: 'transfer', group, target });
  }

  #stop(stream: Stream): void {
    this.#options.admin(this.#victim(stream), { kind: 'stop' });
  }

  #snapshot(stream: Stream): void {
    const group = this.#group(stream);
    this.#options.admin(this.#victim(stream), { kind: 'snapshot', group });
  }
}
