/**
 * What a healed cluster owes to whoever runs it, tried one failure at a time on a network that is
 * quick and even (liveness):
 *
 * 1. Left alone, it keeps its leaders and their terms. Whichever node is asked, everything is served.
 * 2. A node that was cut off for a while comes back without deposing anybody (§9.6).
 * 3. A leader that is cut off is replaced within a bound, and follows when it is back.
 * 4. What goes wrong in one node is found and healed (trials.ts).
 *
 * Spans are counted in election timeouts, the longest ones that a node draws being two.
 */
import type { NodeId } from '../../src/base/units.ts';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import type { Member } from '../../src/core/types.ts';
import { isQuorum } from '../check/online/quorum.ts';
import type { Stream } from '../world/streams.ts';
import { Burst } from './bursts.ts';
import type { Cluster } from './cluster.ts';
import { hasConverged } from './liveness.ts';
import { newestLeader } from './seats.ts';
import { type TrialOptions, Trials } from './trials.ts';

/** Nobody changes anything. */
const IDLE_TIMEOUTS = 3;
/** Long enough to campaign twice over, and then to be heard of. */
const CUT_TIMEOUTS = 5;
const BACK_TIMEOUTS = 2;
/** A node that took its clock for wrong waits for ten; then some rounds of an election. */
const ELECTION_TIMEOUTS_MAX = 30;
/** What was sent over a slow network has arrived. */
const SETTLE_MS = 1_000;
const DUE_MS_MAX = 20_000;
const LOOK_MS = 20;
/** A slow disk, one entry an append, and a hundred requests that wait for each other. */
const SERVE_MS = 60_000;

interface Office {
  readonly group: number;
  readonly leader: NodeId;
  readonly term: number;
}

export class Drill {
  readonly #cluster: Cluster;
  readonly #stream: Stream;
  readonly #isOver: () => boolean;
  readonly #trials: Trials;

  constructor(options: TrialOptions) {
    this.#cluster = options.cluster;
    this.#stream = options.stream;
    this.#isOver = options.isOver;
    this.#trials = new Trials(options);
  }

  /** What went wrong, or null. To be called on a cluster that has converged. */
  run(): string | null {
    this.#cluster.world.steady();
    this.#pass(SETTLE_MS);
    const complaint = this.#converge() ?? this.#leaveAlone() ?? this.#serve();
    if (complaint !== null) return complaint;
    const isCut =
      this.#cluster.config.nodes < 3 ? null : (this.#cutFollower() ?? this.#cutLeader());
    return isCut ?? this.#trials.run() ?? this.#converge();
  }

  #timeouts(count: number): number {
    return count * this.#cluster.config.node.electionTimeoutMs;
  }

  #pass(spanMs: number): void {
    const { scheduler } = this.#cluster.world;
    scheduler.runUntil(scheduler.nowUs() + spanMs * 1_000);
  }

  /** Whether it came true within the bound of an election. */
  #await(isTrue: () => boolean, moreMs = 0): boolean {
    const { world } = this.#cluster;
    const end = world.elapsedMs() + this.#timeouts(ELECTION_TIMEOUTS_MAX) + moreMs;
    while (!isTrue()) {
      if (this.#isOver()) return true;
      if (world.elapsedMs() >= end) return false;
      this.#pass(LOOK_MS);
    }
    return true;
  }

  #converge(): string | null {
    const hasCome = (): boolean => hasConverged(this.#cluster, this.#cluster.world.nodes);
    // Where log time goes on after a minute's pause, hundreds of keys may end one after the other.
    const isDone = this.#await(hasCome, DUE_MS_MAX);
    return isDone ? null : 'a healed cluster does not come to rest';
  }

  #offices(): Office[] {
    const { groupCount } = this.#cluster.config.node.settings;
    return Array.from({ length: groupCount }, (_, group) => group).flatMap((group) => {
      const raft = newestLeader(this.#cluster, group);
      return raft === null ? [] : { group, leader: raft.config.self.id, term: raft.currentTerm };
    });
  }

  /** The first office of `before` that somebody else has now, or in another term. */
  #lost(before: readonly Office[]): Office | undefined {
    const now = this.#offices();
    return before.find(
      ({ group, leader, term }) =>
        !now.some((next) => next.group === group && next.leader === leader && next.term === term),
    );
  }

  #leaveAlone(): string | null {
    const before = this.#offices();
    this.#pass(this.#timeouts(IDLE_TIMEOUTS));
    const lost = this.#lost(before);
    if (lost === undefined || this.#isOver()) return null;
    return `group ${lost.group} lost its leader of term ${lost.term} though nothing happened`;
  }

  #evictedBy(node: NodeId): number {
    return this.#cluster.node(node)?.state.connections.evicted ?? 0;
  }

  /** What a follower is asked goes to the leader and back. */
  #serve(): string | null {
    const { net, nodes } = this.#cluster.world;
    for (const node of nodes) {
      const burst = new Burst(this.#stream, `calm${node}`, node);
      const evicted = this.#evictedBy(node);
      burst.connection = net.connect(node, 'calm', burst);
      for (let ms = 0; ms < SERVE_MS && !burst.isOver() && !this.#isOver(); ms += LOOK_MS) {
        this.#pass(LOOK_MS);
      }
      burst.hangUp();
      if (this.#isOver()) return null;
      // It may have asked for more than a node may owe.
      if (this.#evictedBy(node) > evicted) continue;
      if (!burst.isAnswered()) return `node ${node} leaves requests without an answer`;
      if (burst.refusal !== null) return `node ${node} is healthy, and says ${burst.refusal}`;
    }
    return null;
  }

  /** Whether the others can decide without `node`; a store that was lost may still be a voter. */
  #isDispensable(node: NodeId, group: number): boolean {
    const leader = newestLeader(this.#cluster, group);
    const { stores } = this.#cluster;
    const isThere = ({ id, store }: Member): boolean => id !== node && stores.get(id) === store;
    return leader !== null && isQuorum(currentConfiguration(leader), isThere);
  }

  #cutFollower(): string | null {
    const { world } = this.#cluster;
    const offices = this.#offices();
    const node = this.#stream.pick(world.nodes.filter((id) => id !== offices[0]!.leader));
    const others = offices.filter(
      ({ group, leader }) => leader !== node && this.#isDispensable(node, group),
    );
    world.net.isolate(node);
    this.#pass(this.#timeouts(CUT_TIMEOUTS));
    world.net.heal();
    this.#pass(this.#timeouts(BACK_TIMEOUTS));
    const lost = this.#lost(others);
    if (lost === undefined || this.#isOver()) return this.#converge();
    return `group ${lost.group} lost its leader of term ${lost.term} when node ${node} came back`;
  }

  #cutLeader(): string | null {
    const { world } = this.#cluster;
    const offices = this.#offices();
    const node = offices[0]!.leader;
    const vacant = offices.filter(
      ({ group, leader }) => leader === node && this.#isDispensable(node, group),
    );
    world.net.isolate(node);
    const isFilled = this.#await(() => {
      const now = this.#offices();
      return vacant.every(({ group, term }) =>
        now.some((next) => next.group === group && next.leader !== node && next.term > term),
      );
    });
    world.net.heal();
    return isFilled ? this.#converge() : `nobody follows node ${node}, which is cut off`;
  }
}
