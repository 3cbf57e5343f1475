/**
 * A confirmed read sees everything that was committed before it was asked (§6.4): a quorum heard
 * from the leader after that, so nobody else can have committed anything meanwhile. This says more
 * than linearizability, which would let it miss what no client has been told of yet.
 *
 * A read that leaves the leader's list while the leader leads on was confirmed.
 */
import type { RaftState } from '../../../src/core/raft/state.ts';
import type { Scene } from './records.ts';
import { violate } from './violate.ts';

interface Asked {
  readonly index: number;
  /** What was committed anywhere before the turn in which it was asked. */
  readonly floor: number;
}

interface Office {
  readonly term: number;
  asked: Map<number, Asked>;
}

export class ReadCheck {
  readonly #offices = new WeakMap<RaftState, Office>();

  /** `floor`: the highest index that was committed anywhere before this turn. */
  afterTurn({ raft }: Scene, floor: number): void {
    const { leading, currentTerm } = raft;
    const before = this.#offices.get(raft);
    if (leading === null || (leading.reads.length === 0 && (before?.asked.size ?? 0) === 0)) return;
    const known = before?.term === currentTerm ? before.asked : new Map<number, Asked>();
    const asked = new Map<number, Asked>();
    for (const { id, index } of leading.reads) asked.set(id, known.get(id) ?? { index, floor });
    for (const [id, { index, floor: least }] of known) {
      if (asked.has(id) || index >= least) continue;
      violate('linearizable', `a read of ${index} is confirmed, ${least} was committed before it`);
    }
    this.#offices.set(raft, { term: currentTerm, asked });
  }
}
