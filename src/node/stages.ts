/**
 * Where a request's time goes, for operators; nothing is decided by it.
 *
 *   queue      from its arrival until its entry is proposed
 *   fsync      from handing a turn's records to the log until this node's disk holds them
 *   replicate  from proposing an entry until it is committed and about to be applied
 *   apply      the part of a turn that applies what is committed and answers
 *   reply      the part of a turn that writes replies to the sockets
 *
 * 1. One observation a batch: an entry, a turn's records, a turn. Never one an operation.
 * 2. The first three span turns and go by the turns' clock. The last two are within a turn, where
 *    that clock stands: they go by the stopwatch of whoever drives the node, if there is one.
 */
import { Distribution } from '../base/distribution.ts';
import type { NodeId, Ticket } from '../base/units.ts';
import type { NodeState } from './state.ts';

export const STAGES = ['queue', 'fsync', 'replicate', 'apply', 'reply'] as const;
export type Stage = (typeof STAGES)[number];

/** In microseconds, from a tenth of a millisecond to ten seconds. */
export const DURATION_EDGES: readonly number[] = [
  100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
  2_000_000, 5_000_000, 10_000_000,
];

export interface Timings {
  readonly stages: Readonly<Record<Stage, Distribution>>;
  /** Round trips of direct pings, by peer. */
  readonly roundTrips: Map<NodeId, Distribution>;
  /** Turns' records that are with the log, oldest first. */
  readonly appends: { readonly ticket: Ticket; readonly since: number }[];
  /** When the ping that is under way left. */
  pingedAt: number;
  /** Microseconds; null: none, and what is within a turn takes no time. */
  readonly stopwatch: (() => number) | null;
}

export const newDurations = (): Distribution => new Distribution(DURATION_EDGES);

export function newTimings(peers: readonly NodeId[], stopwatch: (() => number) | null): Timings {
  return {
    stages: {
      queue: newDurations(),
      fsync: newDurations(),
      replicate: newDurations(),
      apply: newDurations(),
      reply: newDurations(),
    },
    roundTrips: new Map(peers.map((peer) => [peer, newDurations()])),
    appends: [],
    pingedAt: 0,
    stopwatch,
  };
}

/** Ends at this turn what began at `since`, in microseconds of turns. */
export function noteStage(node: NodeState, stage: Stage, since: number): void {
  node.timings.stages[stage].note(Math.max(0, node.connections.micros - since));
}

/** The turn's records go to the log under `ticket`. */
export function noteAppend(node: NodeState, ticket: Ticket): void {
  node.timings.appends.push({ ticket, since: node.connections.micros });
}

export function noteDurable(node: NodeState, durable: Ticket): void {
  const { appends } = node.timings;
  while (appends.length > 0 && appends[0]!.ticket <= durable) {
    noteStage(node, 'fsync', appends.shift()!.since);
  }
}

/** The moment, within a turn. */
export const readStopwatch = ({ timings }: NodeState): number => timings.stopwatch?.() ?? 0;

/** Ends now what began at `since` of the stopwatch. */
export function notePart(node: NodeState, stage: Stage, since: number): void {
  node.timings.stages[stage].note(Math.max(0, readStopwatch(node) - since));
}
