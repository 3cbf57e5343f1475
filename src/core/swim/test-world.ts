/**
 * For tests: a few machines on a network of integer milliseconds.
 *
 * Time goes by in steps of one millisecond; within one, deliveries come first in the order they
 * were sent, then ticks by id. Every machine is checked after every step.
 */
import { newPrng, nextBelow, nextBetween, type Prng } from '../../base/prng.ts';
import { millis, type NodeId, nodeId } from '../../base/units.ts';
import { decodeMessage } from './message.ts';
import {
  type Change,
  type Datagram,
  newSwimOut,
  type SwimConfig,
  type SwimEvent,
  type SwimOut,
  type SwimState,
} from './state.ts';
import { swim } from './step.ts';
import { configOf } from './test-member.ts';

export interface WorldMember {
  readonly config: SwimConfig;
  state: SwimState;
  running: boolean;
  /** Until then it does nothing; what comes meanwhile waits for it. */
  pausedUntilMs: number;
}

export interface Noted {
  readonly atMs: number;
  readonly observer: NodeId;
  readonly change: Change;
}

export interface World {
  now: number;
  readonly prng: Prng;
  readonly members: Map<number, WorldMember>;
  readonly inFlight: Map<number, Datagram[]>;
  lossPercent: number;
  delayMsMax: number;
  /** Whether a datagram from one id to another passes. */
  passes: (from: number, to: number) => boolean;
  readonly noted: Noted[];
  pings: { atMs: number; from: number; to: number }[];
  /** Called after every step of a member. */
  observe: (atMs: number, id: number, event: SwimEvent, out: SwimOut) => void;
}

export const everywhere = (): boolean => true;

export function newWorld(size: number, seed: number, over: Partial<SwimConfig> = {}): World {
  const world: World = {
    now: 0,
    prng: newPrng([seed]),
    members: new Map(),
    inFlight: new Map(),
    lossPercent: 0,
    delayMsMax: 20,
    passes: everywhere,
    noted: [],
    pings: [],
    observe: () => {},
  };
  for (let id = 1; id <= size; id++) {
    const config = configOf(id, size, { seed: [seed, id], ...over });
    world.members.set(id, { config, state: swim.init(config), running: true, pausedUntilMs: -1 });
  }
  return world;
}

export const memberOf = (world: World, id: number): WorldMember => {
  const member = world.members.get(id);
  if (member === undefined) throw new Error(`no member ${id}`);
  return member;
};

export function feedMember(world: World, id: number, event: SwimEvent): void {
  const { state } = memberOf(world, id);
  const out = newSwimOut();
  swim.step(state, event, millis(world.now), out);
  swim.check(state);
  for (const change of out.changes) {
    world.noted.push({ atMs: world.now, observer: nodeId(id), change });
  }
  world.observe(world.now, id, event, out);
  for (const datagram of out.datagrams) carry(world, id, datagram);
}

function carry(world: World, from: number, datagram: Datagram): void {
  const to = datagram.target;
  if (decodeMessage(datagram.bytes)?.kind === 'ping') {
    world.pings.push({ atMs: world.now, from, to });
  }
  if (!world.passes(from, to) || nextBelow(world.prng, 100) < world.lossPercent) return;
  deliverAt(world, world.now + nextBetween(world.prng, 1, world.delayMsMax), datagram);
}

function deliverAt(world: World, dueMs: number, datagram: Datagram): void {
  const due = world.inFlight.get(dueMs);
  if (due === undefined) world.inFlight.set(dueMs, [datagram]);
  else due.push(datagram);
}

/** The process of `id` stands still; its datagrams wait in its queue. */
export const pause = (world: World, id: number, forMs: number): void => {
  memberOf(world, id).pausedUntilMs = world.now + forMs;
};

export function runFor(world: World, spanMs: number): void {
  for (const untilMs = world.now + spanMs; world.now < untilMs; world.now++) {
    const due = world.inFlight.get(world.now) ?? [];
    world.inFlight.delete(world.now);
    for (const datagram of due) {
      const { target, address, bytes } = datagram;
      const member = world.members.get(target);
      if (member?.running !== true || member.config.address !== address) continue;
      // Its timers run before it reads what has queued up.
      if (member.pausedUntilMs >= world.now) deliverAt(world, member.pausedUntilMs + 1, datagram);
      else feedMember(world, target, { kind: 'datagram', bytes });
    }
    for (const [id, member] of world.members) {
      if (!member.running || member.pausedUntilMs > world.now) continue;
      if (swim.deadline(member.state) > world.now) continue;
      feedMember(world, id, { kind: 'tick' });
    }
  }
}

export const crash = (world: World, id: number): void => {
  memberOf(world, id).running = false;
};

/** A new process of the same member: nothing of the old state, the first incarnation again. */
export function restart(world: World, id: number, over: Partial<SwimConfig> = {}): void {
  const config = { ...memberOf(world, id).config, seed: [world.now, id], ...over };
  world.members.set(id, { config, state: swim.init(config), running: true, pausedUntilMs: -1 });
}

/** What `observer` holds about `id`. */
export function viewOf(world: World, observer: number, id: number): string {
  const { state } = memberOf(world, observer);
  return state.members.get(nodeId(id))?.state ?? 'unknown';
}

/** The distinct views that the running members, except itself, have of `id`. */
export function viewsOf(world: World, id: number): string[] {
  const views = new Set<string>();
  for (const [observer, member] of world.members) {
    if (member.running && observer !== id) views.add(viewOf(world, observer, id));
  }
  return [...views].sort();
}

/** Deaths noted by anybody since `sinceMs`. */
export const deathsSince = (world: World, sinceMs: number): Noted[] =>
  world.noted.filter(({ atMs, change }) => atMs >= sinceMs && change.state === 'dead');
