/**
 * The fault atlas: which bytes of which disk may be spoilt, so that no quorum ever loses its last
 * good copy of anything.
 *
 * 1. One store at a time, the *victim*, and only while every other is whole, up, and votes
 *    everywhere: what is spoilt counts as lost, so this is the rule for losing a whole disk.
 * 2. A victim is one until it was started again after the damage (only then is all of it read)
 *    and serves, healed. Until then no other disk is lost and nobody loses a seat.
 * 3. Of the log only what a later durable header vouches for: damage to the end of a log cannot be
 *    told from a torn tail (docs/formats/wal.md, "What cannot be told apart").
 * 4. A file in the making is no copy of anything yet: writes to a snapshot's temporary file may go
 *    astray at any time, on any disk.
 */
import type { NodeId } from '../../src/base/units.ts';
import type { Position } from '../../src/core/wal/flush.ts';
import { comparePositions } from '../../src/core/wal/flush.ts';
import { sequenceOf } from '../../src/core/wal/state.ts';
import type { NodeState } from '../../src/node/state.ts';
import type { DamageSite } from '../world/disk-effects.ts';
import type { Cluster } from './cluster.ts';
import { mayWipe } from './seats.ts';

const IN_THE_MAKING = /^snapshot-.*\.tmp$/;

export class Atlas {
  readonly #cluster: Cluster;
  #victim: NodeId | null = null;
  #incarnation = 0;
  #claims = 0;
  /** Damage may stand before this position of the victim's log. */
  #vouched: Position | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Whether some store may hold damage that has not been healed. */
  get isBusy(): boolean {
    if (this.#victim !== null && this.#isHealed(this.#victim)) this.#victim = null;
    return this.#victim !== null;
  }

  /** Whether the node's disk may hold damage. */
  mayHoldDamage(node: NodeId): boolean {
    return this.isBusy && this.#victim === node;
  }

  /**
   * Makes `node` the victim, if that is safe. Answers the claim's number, 0: it is not. A claim lapses
   * when its victim is started again before anything was spoilt; somebody else may have the next.
   */
  claim(node: NodeId): number {
    if (this.isBusy || !this.#isSound()) return 0;
    this.#victim = node;
    this.#incarnation = this.#incarnationOf(node);
    this.#vouched = null;
    return ++this.#claims;
  }

  /** Nothing was spoilt. */
  release(claim: number): void {
    if (claim === this.#claims) this.#victim = null;
  }

  /** `through` of the victim's log is vouched for. False: it is too late, others are missing now. */
  open(claim: number, through: Position | null): boolean {
    if (claim !== this.#claims || this.#victim === null || !this.#isSound()) return false;
    this.#vouched = through;
    return this.#incarnation === this.#incarnationOf(this.#victim);
  }

  mayDamage({ node, kind, file, offset, length }: DamageSite): boolean {
    if (kind === 'misdirected-write') return IN_THE_MAKING.test(file);
    if (node !== this.#victim) return false;
    const sequence = sequenceOf(file);
    if (sequence === 0) return file.endsWith('.snapshot');
    const end = { sequence, offset: offset + length };
    return this.#vouched !== null && comparePositions(end, this.#vouched) <= 0;
  }

  #incarnationOf(node: NodeId): number {
    return this.#cluster.world.process(node).incarnation();
  }

  #isHealed(node: NodeId): boolean {
    const isStarted = this.#incarnationOf(node) !== this.#incarnation;
    return isStarted && this.#isSound() && !this.#countsOnDamage(node);
  }

  /** Until the mark of the one that took its place is durable, the log counts on a damaged snapshot. */
  #countsOnDamage(node: NodeId): boolean {
    const groups = this.#cluster.node(node)?.state.groups ?? [];
    return groups.some(({ files }) => files.files.some(({ standing }) => standing === 'damaged'));
  }

  /** Everyone serves, has its state, and votes everywhere. */
  #isSound(): boolean {
    const isServing = ({ phase, groups }: NodeState): boolean =>
      phase === 'serving' && groups.every(({ rebuild }) => rebuild === null);
    return mayWipe(this.#cluster) && this.#cluster.running().every(({ state }) => isServing(state));
  }
}
