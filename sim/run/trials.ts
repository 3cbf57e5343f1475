/**
 * What a healed cluster owes when one of its nodes goes wrong, though nothing crashes (liveness):
 *
 * 1. A replica whose state differs is found out, stands back, and comes back with the state of the
 *    others; a leader too. Only the chain is falsified, as if an earlier entry had done something
 *    else: what it shows meanwhile is right, so that nobody is told anything wrong.
 * 2. All keys are flushed while snapshots are being taken of them, and a node that begins with such a
 *    snapshot comes back with what the others have. Nobody reads any more by then.
 * 3. Disks without room are borne, and when there is room again everything is served again.
 */
import { asciiBytes } from '../../src/base/text.ts';
import type { GroupId, NodeId } from '../../src/base/units.ts';
import { encodeCommand } from '../../src/core/command.ts';
import { sameMember } from '../../src/core/members.ts';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import { OPERATION } from '../../src/core/types.ts';
import type { Group } from '../../src/node/group.ts';
import { isQuorum } from '../check/online/quorum.ts';
import type { Stream } from '../world/streams.ts';
import type { SimulatedClient } from './client.ts';
import type { Cluster } from './cluster.ts';
import { newestLeader } from './seats.ts';

/** To be found out, and to be given another state: elections, an inquest, a snapshot. */
const SPAN_MS_MAX = 10_000;
const SPAN_TIMEOUTS_MAX = 30;
const ENTRY_MS = 200;
const LOOK_MS = 20;
/** Long enough for a word about room to be believed, and to be forgotten. */
const FULL_MS = 1_500;
const FLUSHED_KEYS = 20;
const FLUSH_MS = 500;
const KEYS = ['t0', 't1', 't2'];

export interface TrialOptions {
  readonly cluster: Cluster;
  readonly stream: Stream;
  readonly isOver: () => boolean;
  /** A client that calls any node. */
  readonly newClient: (name: string) => SimulatedClient;
}

export class Trials {
  readonly #options: TrialOptions;

  constructor(options: TrialOptions) {
    this.#options = options;
  }

  /** What went wrong, or null. */
  run(): string | null {
    return this.#falsify() ?? this.#fillDisks() ?? this.#flush();
  }

  #pass(spanMs: number): void {
    const { scheduler } = this.#options.cluster.world;
    scheduler.runUntil(scheduler.nowUs() + spanMs * 1_000);
  }

  /** Whether it came true in time; `meanwhile` is done now and then. */
  #await(isTrue: () => boolean, meanwhile: () => void): boolean {
    const { cluster, isOver } = this.#options;
    const { electionTimeoutMs } = cluster.config.node;
    const spanMs = SPAN_MS_MAX + SPAN_TIMEOUTS_MAX * electionTimeoutMs;
    for (let passedMs = 0; !isTrue(); passedMs += LOOK_MS) {
      if (isOver()) return true;
      if (passedMs >= spanMs) return false;
      if (passedMs % ENTRY_MS === 0) meanwhile();
      this.#pass(LOOK_MS);
    }
    return true;
  }

  #falsify(): string | null {
    const { cluster, stream, isOver } = this.#options;
    const id = stream.below(cluster.config.node.settings.groupCount) as GroupId;
    const victim = this.#drawVictim(id);
    const group = victim === null ? null : this.#groupOf(victim, id);
    if (victim === null || group === null || group.store.appliedIndex === 0) return null;
    cluster.corrupted.add(victim);
    group.store.chainLow = (group.store.chainLow ^ 1) >>> 0;
    cluster.world.faults.count('falsified', victim);
    // A snapshot of the wrong state may be about to have its name when it is found to be wrong.
    const write = (): void => {
      this.#write(id);
      if (stream.permille(500)) cluster.admin(victim, { kind: 'snapshot', group: id });
    };
    const { counters } = cluster.node(victim)!.state;
    const { stateHashMismatches } = counters;
    // Found and replaced between two looks, it is only counted.
    const isFound = (): boolean =>
      group.rebuild !== null || counters.stateHashMismatches > stateHashMismatches;
    if (!this.#await(isFound, write)) {
      return `the state of node ${victim} differs, and nobody finds out`;
    }
    if (!this.#await(() => group.rebuild === null, write)) {
      return `the state of node ${victim} is wrong, and is not replaced`;
    }
    if (!isOver()) cluster.corrupted.delete(victim);
    return null;
  }

  /** The leader every second time; null if the others are no majority without it. */
  #drawVictim(group: GroupId): NodeId | null {
    const { cluster, stream } = this.#options;
    const anyone = stream.pick(cluster.world.nodes);
    const isLeader = stream.permille(500);
    const leader = newestLeader(cluster, group);
    if (leader === null) return null;
    const victim = isLeader ? leader.config.self.id : anyone;
    const configuration = currentConfiguration(leader);
    const self = cluster.node(victim)?.state.self ?? null;
    if (self === null || configuration.voters.length < 2) return null;
    return isQuorum(configuration, (voter) => !sameMember(voter, self)) ? victim : null;
  }

  #groupOf(node: NodeId, group: GroupId): Group | null {
    const groups = this.#options.cluster.node(node)?.state.groups ?? [];
    return groups.find(({ id }) => id === group) ?? null;
  }

  /** Chains are compared where something was applied. The key is nobody's. */
  #write(group: GroupId): void {
    const key = asciiBytes('trial');
    this.#propose(group, [encodeCommand({ operation: OPERATION.DELETE, key })]);
  }

  #fillDisks(): string | null {
    const { cluster, stream, newClient, isOver } = this.#options;
    const { world } = cluster;
    const victims = stream.shuffle([...world.nodes]).slice(0, stream.between(1, 3));
    for (const node of victims) {
      const disk = world.disk(node);
      disk.occupy(Math.max(0, disk.freeBytes() - stream.pick([0, 100_000, 600_000])));
      world.faults.count('full-disk', node);
    }
    const client = newClient('trial');
    client.startProbing(KEYS);
    this.#pass(FULL_MS);
    for (const node of victims) world.disk(node).occupy(0);
    const later = newClient('trial-later');
    later.startProbing(KEYS);
    const isServed = this.#await(
      () => client.isDone() && later.isDone(),
      () => {},
    );
    return isServed || isOver() ? null : 'there is room again, and nobody is served';
  }

  /** Large enough for snapshots of several slices. */
  #flush(): string | null {
    const { cluster, stream, isOver } = this.#options;
    const { world } = cluster;
    const group = stream.below(cluster.config.node.settings.groupCount) as GroupId;
    const puts = (count: number): Uint8Array[] =>
      Array.from({ length: count }, (_, at) =>
        encodeCommand({
          operation: OPERATION.PUT,
          key: asciiBytes(`flushed${at}`),
          value: new Uint8Array(stream.between(1, 2_000)).fill(65 + stream.below(26)),
        }),
      );
    this.#propose(group, puts(FLUSHED_KEYS));
    this.#pass(FLUSH_MS);
    for (const node of world.nodes) cluster.admin(node, { kind: 'snapshot', group });
    this.#pass(stream.between(0, 3));
    this.#propose(group, [encodeCommand({ operation: OPERATION.FLUSH_ALL }), ...puts(2)]);
    this.#pass(FLUSH_MS);
    const node = world.process(stream.pick(world.nodes));
    if (isOver() || node.current() === null) return null;
    node.crash('power');
    node.start();
    return null;
  }

  #propose(group: GroupId, commands: readonly Uint8Array[]): void {
    const { cluster } = this.#options;
    const leader = newestLeader(cluster, group)?.config.self.id;
    if (leader !== undefined) cluster.admin(leader, { kind: 'propose', group, commands });
  }
}
