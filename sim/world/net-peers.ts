/**
 * Frames and datagrams between nodes: directed paths with delay, loss, repetition and overtaking.
 *
 * 1. Every directed pair has a path for frames and one for gossip, each with a stream and knobs of
 *    its own. A send takes the same draws whatever becomes of it.
 * 2. What is sent is copied: nodes of one simulated cluster never share memory.
 * 3. A cut path drops what is sent and what is under way; a clogged one keeps it for later.
 * 4. A frame is bound to the incarnation it was sent to; a datagram finds whoever listens. Both
 *    survive their sender.
 * 5. A path holds at most `capacityFrames` and `capacityBytes`; what does not fit is dropped.
 * 6. A frame may be replayed past any order, as long as its target lives: once more, much later; or
 *    ahead of a later one of its length, which says the like: an old answer where a new one is due;
 *    or when its sender is long gone (`recall`).
 * 7. Rules catch single messages at the moment of delivery: `hold` sets them aside, `drop` loses
 *    them.
 */
import { assert } from '../../src/base/assert.ts';
import type { NodeId } from '../../src/base/units.ts';
import type { NetEvent } from '../../src/ports/net.ts';
import type { PathKnobs, PeerKnobs } from './config.ts';
import type { FaultLedger } from './faults.ts';
import type { Scheduler } from './scheduler.ts';
import type { Stream, Streams } from './streams.ts';
import { eventKind, fingerprint } from './trace.ts';

const FRAME_EVENT = eventKind('frame');
const GOSSIP_EVENT = eventKind('gossip');

/** A replay comes within one of these. */
const REPLAY_MS = [20, 300, 2_000, 8_000];
/** Frames that are kept for a replay, in place of one of the same length that was kept before. */
const KEPT_PERMILLE = 100;
const KEPT_RARE_PERMILLE = 500;
const KEPT_BYTES_MAX = 400;
/** Of a length that was seen so few times on its path a frame is replayed so much more often. */
const RARE_FRAMES = 100;
const RARE_FACTOR = 10;

export type Channel = 'frame' | 'gossip';

export interface Message {
  readonly channel: Channel;
  readonly source: NodeId;
  readonly target: NodeId;
  readonly bytes: Uint8Array;
}

/** For one process, and none that its node starts later. */
interface Bound extends Message {
  readonly targetEpoch: number;
}

interface Transit extends Bound {
  readonly path: Path;
  readonly pathEpoch: number;
}

interface Path {
  readonly stream: Stream;
  knobs: PathKnobs;
  isCut: boolean;
  isClogged: boolean;
  /** Counts resets: what was under way at one is lost. */
  epoch: number;
  frames: number;
  bytes: number;
  lastArrivalUs: number;
  readonly clogged: Transit[];
  /** By length. */
  readonly kept: Map<number, Bound>;
  /** How many frames had a length. */
  readonly likes: Map<number, number>;
}

interface Flight {
  readonly isOvertaking: boolean;
  readonly delayUs: number;
}

interface Station {
  isUp: boolean;
  epoch: number;
  deliver: ((event: NetEvent) => void) | null;
}

export interface Rule {
  readonly matches: (message: Message) => boolean;
  readonly action: 'hold' | 'drop';
  readonly held: Message[];
}

export interface PeerOptions {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  readonly knobs: PeerKnobs;
  readonly faults: FaultLedger;
}

export type MessageFate = 'sent' | 'delivered' | 'dropped' | 'held';

export class PeerNetwork {
  private readonly options: PeerOptions;
  private readonly stations = new Map<NodeId, Station>();
  private readonly paths: Record<Channel, Map<number, Path>>;
  private rules: Rule[] = [];
  /** Told what becomes of every message; for traces and online checks. */
  observe: ((fate: MessageFate, message: Message) => void) | null = null;

  constructor(options: PeerOptions) {
    this.options = options;
    this.paths = { frame: new Map(), gossip: new Map() };
  }

  up(node: NodeId, deliver: (event: NetEvent) => void): void {
    const station = this.station(node);
    station.isUp = true;
    station.epoch++;
    station.deliver = deliver;
  }

  down(node: NodeId): void {
    const station = this.station(node);
    station.isUp = false;
    station.epoch++;
    station.deliver = null;
  }

  isUp(node: NodeId): boolean {
    return this.station(node).isUp;
  }

  send(channel: Channel, source: NodeId, target: NodeId, content: Uint8Array): void {
    const { knobs, faults } = this.options;
    const isTooLong = channel === 'gossip' && content.length > knobs.datagramBytesMax;
    assert(!isTooLong, 'swim-bounds', 'a datagram exceeds the largest size');
    const path = this.path(channel, source, target);
    const { stream } = path;
    const isLost = stream.permille(path.knobs.lossPermille);
    const isRepeated = stream.permille(path.knobs.duplicatePermille);
    const first = drawFlight(path);
    const second = drawFlight(path);
    const likes = (path.likes.get(content.length) ?? 0) + 1;
    const isRare = likes <= RARE_FRAMES;
    path.likes.set(content.length, likes);
    const isReplayed = stream.permille(path.knobs.replayPermille * (isRare ? RARE_FACTOR : 1));
    const replayMs = stream.between(1, stream.pick(REPLAY_MS));
    const isKept = stream.permille(isRare ? KEPT_RARE_PERMILLE : KEPT_PERMILLE);
    const message = { channel, source, target, bytes: content.slice() };
    this.observe?.('sent', message);
    if (path.isCut || isLost) {
      this.lose(message, path.isCut ? 'net-cut' : 'net-loss');
      return;
    }
    this.launch(message, path, this.arrivalOf(first, path));
    if (isReplayed && channel === 'frame') {
      const twin = path.kept.get(content.length);
      if (twin !== undefined) this.replay(twin, path, path.knobs.delay.min);
      else this.replay(this.bound(message), path, replayMs * 1_000);
    }
    if (isKept && content.length <= KEPT_BYTES_MAX) {
      path.kept.set(content.length, this.bound(message));
    }
    if (!isRepeated) return;
    faults.count('net-duplicate', target);
    const copy = { ...message, bytes: content.slice() };
    this.launch(copy, path, this.arrivalOf(second, path));
  }

  /** Drops everything from `source` to `target`, under way and to come. */
  cut(source: NodeId, target: NodeId): void {
    this.both(source, target, (path) => {
      path.isCut = true;
      path.epoch++;
    });
    this.options.faults.count('net-partition', target);
  }

  mend(source: NodeId, target: NodeId): void {
    this.both(source, target, (path) => {
      path.isCut = false;
    });
  }

  isCut(source: NodeId, target: NodeId): boolean {
    return this.path('frame', source, target).isCut;
  }

  /** Keeps everything from `source` to `target` until `unclog`. */
  clog(source: NodeId, target: NodeId): void {
    this.both(source, target, (path) => {
      path.isClogged = true;
    });
    this.options.faults.count('net-clog', target);
  }

  unclog(source: NodeId, target: NodeId): void {
    this.both(source, target, (path) => {
      path.isClogged = false;
      for (const transit of path.clogged.splice(0)) {
        this.fly(transit, this.arrivalOf(drawFlight(path), path));
      }
    });
  }

  /** Loses what is under way on the path, as a broken connection does. */
  reset(source: NodeId, target: NodeId): void {
    this.path('frame', source, target).epoch++;
    this.options.faults.count('net-reset', target);
  }

  setKnobs(channel: Channel, source: NodeId, target: NodeId, knobs: PathKnobs): void {
    this.path(channel, source, target).knobs = knobs;
  }

  addRule(action: Rule['action'], matches: (message: Message) => boolean): Rule {
    const rule: Rule = { matches, action, held: [] };
    this.rules.push(rule);
    return rule;
  }

  /** Ends a rule; what it held is delivered now, in the order in which it was caught. */
  release(rule: Rule): void {
    this.rules = this.rules.filter((other) => other !== rule);
    for (const message of rule.held.splice(0)) {
      const path = this.path(message.channel, message.source, message.target);
      this.launch(message, path, this.options.scheduler.nowUs());
    }
  }

  /**
   * Frames that `source` has sent come once more, each after a span that `drawMs` draws: whatever its
   * paths have kept for a replay, up to `count` of them.
   */
  recall(source: NodeId, count: number, drawMs: () => number): void {
    let left = count;
    for (const path of this.paths.frame.values()) {
      for (const message of path.kept.values()) {
        if (message.source !== source || left-- <= 0) continue;
        this.replay(message, path, drawMs() * 1_000);
      }
    }
  }

  private station(node: NodeId): Station {
    let station = this.stations.get(node);
    if (station === undefined) {
      station = { isUp: false, epoch: 0, deliver: null };
      this.stations.set(node, station);
    }
    return station;
  }

  private path(channel: Channel, source: NodeId, target: NodeId): Path {
    const key = source * 0x1_0000 + target;
    const known = this.paths[channel].get(key);
    if (known !== undefined) return known;
    const { streams, knobs } = this.options;
    const path: Path = {
      stream: streams.stream(`${channel}:${source}-${target}`),
      knobs: channel === 'frame' ? knobs.frames : knobs.gossip,
      isCut: false,
      isClogged: false,
      epoch: 0,
      frames: 0,
      bytes: 0,
      lastArrivalUs: 0,
      clogged: [],
      kept: new Map(),
      likes: new Map(),
    };
    this.paths[channel].set(key, path);
    return path;
  }

  private both(source: NodeId, target: NodeId, change: (path: Path) => void): void {
    change(this.path('frame', source, target));
    change(this.path('gossip', source, target));
  }

  /** Without overtaking, nothing arrives before what was sent earlier. */
  private arrivalOf(flight: Flight, path: Path): number {
    const arrivalUs = this.options.scheduler.nowUs() + flight.delayUs;
    if (flight.isOvertaking) return arrivalUs;
    path.lastArrivalUs = Math.max(path.lastArrivalUs, arrivalUs);
    return path.lastArrivalUs;
  }

  private launch(message: Message, path: Path, arrivalUs: number): void {
    const size = message.bytes.length;
    const { capacityFrames, capacityBytes } = path.knobs;
    if (path.frames >= capacityFrames || path.bytes + size > capacityBytes) {
      this.lose(message, 'net-overflow');
      return;
    }
    path.frames++;
    path.bytes += size;
    const targetEpoch = this.station(message.target).epoch;
    const transit: Transit = { ...message, path, pathEpoch: path.epoch, targetEpoch };
    if (path.isClogged) path.clogged.push(transit);
    else this.fly(transit, arrivalUs);
  }

  private bound(message: Message): Bound {
    return { ...message, targetEpoch: this.station(message.target).epoch };
  }

  private replay(message: Bound, path: Path, delayUs: number): void {
    const { scheduler, faults } = this.options;
    const bytes = message.bytes.slice();
    scheduler.at(scheduler.nowUs() + delayUs, FRAME_EVENT, message.target, () => {
      const transit = { ...message, bytes, path, pathEpoch: path.epoch };
      if (path.isCut || path.isClogged || this.lossOf(transit) !== null) return;
      faults.count('net-replay', message.target);
      this.deliver(transit);
    });
  }

  private fly(transit: Transit, arrivalUs: number): void {
    const kind = transit.channel === 'frame' ? FRAME_EVENT : GOSSIP_EVENT;
    this.options.scheduler.at(arrivalUs, kind, transit.target, () => this.arrive(transit));
  }

  private arrive(transit: Transit): void {
    const { path } = transit;
    if (path.isClogged) {
      path.clogged.push(transit);
      return;
    }
    path.frames--;
    path.bytes -= transit.bytes.length;
    const reason = this.lossOf(transit);
    const rule = reason === null ? this.rules.find(({ matches }) => matches(transit)) : undefined;
    if (reason !== null) this.lose(transit, reason);
    else if (rule !== undefined) this.catchBy(rule, transit);
    else this.deliver(transit);
  }

  /** Why a message that has come to the end of its path is lost there, or null. */
  private lossOf(transit: Transit): string | null {
    const { isUp, epoch } = this.station(transit.target);
    const isBound = transit.channel === 'frame' && epoch !== transit.targetEpoch;
    if (transit.path.epoch !== transit.pathEpoch) return 'net-reset-loss';
    return !isUp || isBound ? 'net-dead-target' : null;
  }

  private deliver(transit: Transit): void {
    this.observe?.('delivered', transit);
    this.options.scheduler.note(fingerprint(transit.bytes));
    const kind = transit.channel === 'frame' ? 'peer-frame' : 'gossip';
    this.station(transit.target).deliver?.({ kind, bytes: transit.bytes });
  }

  private catchBy(rule: Rule, message: Message): void {
    if (rule.action === 'drop') {
      this.lose(message, 'net-rule-drop');
      return;
    }
    rule.held.push(message);
    this.observe?.('held', message);
  }

  private lose(message: Message, reason: string): void {
    this.options.faults.count(reason, message.target);
    this.observe?.('dropped', message);
  }
}

function drawFlight(path: Path): Flight {
  const isOvertaking = path.stream.permille(path.knobs.reorderPermille);
  return { isOvertaking, delayUs: path.stream.delay(path.knobs.delay) };
}
