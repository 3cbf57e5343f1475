/**
 * The probes of a run of a cluster: it is told of every turn, of every crash, and of what clients
 * are told. It takes no part; see catalogue.ts.
 */
import { isJoint } from '../../../src/core/members.ts';
import { currentConfiguration } from '../../../src/core/raft/state.ts';
import type { Configuration } from '../../../src/core/types.ts';
import { type Group, isLeading } from '../../../src/node/group.ts';
import type { NodeState } from '../../../src/node/state.ts';
import type { ClusterProbe } from './catalogue.ts';
import { ClientProbes, type Office } from './clients.ts';
import { firstSight, type GroupSeen, lookAtGroup, type Surroundings } from './groups.ts';
import { ProbeLedger } from './ledger.ts';
import {
  firstLook,
  foundAgain,
  lookAtNode,
  type NodeSeen,
  type Taken,
  takenFrom,
} from './nodes.ts';

export interface ProbedCluster {
  readonly states: () => readonly NodeState[];
  readonly isCut: (left: number, right: number) => boolean;
}

/** One group, whatever node it is on. */
interface Whole {
  configuration: Configuration | null;
  /** Whom the leader told to take over; 0: nobody. */
  successor: number;
  office: Office;
}

/** One node, through all its lives. */
interface Life {
  seen: NodeSeen;
  readonly groups: GroupSeen[];
  taken: Taken[];
}

/** Faults that the world itself counts. */
const FAULTS: readonly (readonly [ClusterProbe, string])[] = [
  ['fsync-eio', 'disk-sync-error'],
  ['enospc', 'disk-full'],
  ['disk-failure-stop', 'stopped-DISK_FAILED'],
  ['append-repeated', 'net-duplicate'],
];

export class ClusterProbes {
  readonly #ledger = new ProbeLedger();
  readonly #cluster: ProbedCluster;
  readonly #around: Surroundings;
  /** By node id. */
  readonly #lives: (Life | undefined)[] = [];
  readonly #wholes = new Map<number, Whole>();
  readonly clients: ClientProbes;

  constructor(cluster: ProbedCluster, groupCount: number) {
    this.#cluster = cluster;
    this.clients = new ClientProbes(this.#ledger, groupCount, (group) => this.#whole(group).office);
    this.#around = {
      probes: this.#ledger,
      isCut: cluster.isCut,
      tookOffice: (group) => this.#tookOffice(group),
      handedOver: ({ id }, target) => {
        this.#whole(id).successor = target;
      },
      restored: (group) => this.#restored(group),
      settled: (group) => this.#settled(group),
    };
  }

  afterTurn(state: NodeState): void {
    const life = this.#life(state);
    lookAtNode(state, life.seen, this.#ledger);
    const { groups } = state;
    for (let at = 0; at < groups.length; at++) {
      const group = groups[at]!;
      const seen = life.groups[at];
      if (seen?.raft === group.raft) lookAtGroup(group, seen, this.#around);
      else this.#begin(group, life, at);
    }
  }

  /** `state` is what is about to be lost. */
  crashed(state: NodeState): void {
    const life = this.#life(state);
    life.taken = takenFrom(state, this.#ledger);
    const others = this.#cluster.states().filter((other) => other !== state);
    this.#ledger.sometimes('whole-cluster-down', others.length === 0);
  }

  /** What only the run itself knows of. */
  sometimes(name: ClusterProbe, condition: boolean): void {
    this.#ledger.sometimes(name, condition);
  }

  /** Hits by name. `faults`: what the world counted. */
  summary(faults: Readonly<Record<string, number>>): Record<string, number> {
    for (const [probe, fault] of FAULTS) this.#ledger.sometimes(probe, (faults[fault] ?? 0) > 0);
    return this.#ledger.summary();
  }

  /** The first look at a group in this life of its node. */
  #begin(group: Group, life: Life, at: number): void {
    life.groups[at] = firstSight(group);
    if (group.raft.snapshotIndex > 0) this.#restored(group);
    const taken = life.taken.find(({ group: id }) => id === group.id);
    if (taken === undefined) return;
    foundAgain(group, taken, this.#ledger);
    life.taken = life.taken.filter((other) => other !== taken);
  }

  /** Its table came out of a snapshot: whatever it answers from there was made elsewhere, or before. */
  #restored({ id, raft, store }: Group): void {
    this.#whole(id).office.restored.set(raft.config.self.id, store.revision);
  }

  #tookOffice(group: Group): void {
    const { id, raft, store } = group;
    const whole = this.#whole(id);
    const probes = this.#ledger;
    const self = raft.config.self.id;
    const nodes = this.#cluster.states();
    probes.sometimes('transfer-done', whole.successor === self);
    whole.successor = 0;
    whole.office.leader = self;
    whole.office.revision = store.revision;
    for (const { groups } of nodes) {
      for (const other of groups) {
        if (other.id !== id) continue;
        probes.sometimes('two-leaders-at-once', other !== group && isLeading(other));
        const isLanding = other.installing !== null || other.files.receipt !== null;
        probes.sometimes('election-during-install', isLanding);
      }
    }
    const isElsewhere = ({ groups, config }: NodeState): boolean =>
      config.id !== self && groups.some((other) => other.id !== id && isLeading(other));
    probes.sometimes('groups-led-apart', nodes.some(isElsewhere));
  }

  /** A configuration is committed: who is in it, and who was in the one before? */
  #settled({ id, raft }: Group): void {
    const configuration = currentConfiguration(raft);
    const whole = this.#whole(id);
    const before = whole.configuration;
    if (isJoint(configuration) || raft.leading === null || before === configuration) return;
    whole.configuration = configuration;
    if (before === null) return;
    for (const voter of configuration.voters) {
      const held = before.voters.find((other) => other.id === voter.id);
      const learnt = before.learners.some(({ store }) => store === voter.store);
      this.#ledger.sometimes('learner-promoted', held === undefined && learnt);
      this.#ledger.sometimes('store-replaced', held !== undefined && held.store !== voter.store);
    }
  }

  #life(state: NodeState): Life {
    const { id } = state.config;
    this.#lives[id] ??= { seen: firstLook(state), groups: [], taken: [] };
    const life = this.#lives[id];
    if (life.seen.state !== state) life.seen = firstLook(state);
    return life;
  }

  #whole(id: number): Whole {
    let whole = this.#wholes.get(id);
    if (whole === undefined) {
      const office = { leader: 0, revision: 0, restored: new Map() };
      whole = { configuration: null, successor: 0, office };
      this.#wholes.set(id, whole);
    }
    return whole;
  }
}
