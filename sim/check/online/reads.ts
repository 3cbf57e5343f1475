/**
 * A confirmed read sees everything that was committed before it was asked (§6.4): a quorum heard
 * from the leader after that, so nobody else can have committed anything meanwhile. This says more
 * than linearizability, which would let it miss what no client has been told of yet.
 *
 * 1. What it is pinned to is not below what was committed anywhere before it was asked.
 * 2. A quorum of voters has answered since then. Answers are counted as they leave whoever gives
 *    them: what was under way already proves nothing, whatever comes of it.
 *
 * A read that leaves the leader's list while the leader leads on was confirmed.
 */

import type { GroupId } from '../../../src/base/units.ts';
import type { AppendReply } from '../../../src/core/raft/message.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../../src/core/types.ts';
import { isQuorum } from './quorum.ts';
import { configurationInForce, nameOf, type Scene } from './records.ts';
import { violate } from './violate.ts';

interface Asked {
  readonly index: number;
  /** What was committed anywhere before the turn in which it was asked. */
  readonly floor: number;
  /** How many answers had been given by anybody. */
  readonly answers: number;
}

interface Office {
  readonly term: number;
  readonly asked: ReadonlyMap<number, Asked>;
  readonly configuration: Configuration | null;
}

export class ReadCheck {
  readonly #offices = new WeakMap<RaftState, Office>();
  /**
   * The newest of each member to each, by term: one of a later term may leave, and be heard, before
   * one of this term has arrived.
   */
  readonly #answers = new Map<string, number>();
  #count = 0;

  /** An answer leaves whoever gives it. */
  answered(group: GroupId, { from, to, term }: AppendReply): void {
    this.#answers.set(pathOf(group, from, to, term), ++this.#count);
  }

  /** `floor`: the highest index that was committed anywhere before this turn. */
  afterTurn({ raft, store }: Scene, floor: number): void {
    const { leading, currentTerm } = raft;
    const before = this.#offices.get(raft);
    if (leading === null || (leading.reads.length === 0 && (before?.asked.size ?? 0) === 0)) return;
    const known = before?.term === currentTerm ? before.asked : new Map<number, Asked>();
    const asked = new Map<number, Asked>();
    for (const { id, index } of leading.reads) {
      asked.set(id, known.get(id) ?? { index, floor, answers: this.#count });
    }
    const configuration = configurationInForce(store);
    for (const [id, read] of known) {
      if (asked.has(id)) continue;
      checkFloor(read);
      // The members may have changed in this very turn.
      const isHeard = [configuration, before!.configuration].some(
        (members) => members === null || this.#isHeard(raft, members, read),
      );
      if (!isHeard) violate('linearizable', 'a read is confirmed by what was said before it');
    }
    this.#offices.set(raft, { term: currentTerm, asked, configuration });
  }

  #isHeard({ config, currentTerm }: RaftState, members: Configuration, read: Asked): boolean {
    const { self, group } = config;
    return isQuorum(members, (member) => {
      if (nameOf(member) === nameOf(self)) return true;
      return (this.#answers.get(pathOf(group, member, self, currentTerm)) ?? 0) > read.answers;
    });
  }
}

const pathOf = (group: GroupId, from: Member, to: Member, term: number): string =>
  `${group} ${nameOf(from)} ${nameOf(to)} ${term}`;

function checkFloor({ index, floor }: Asked): void {
  if (index >= floor) return;
  violate('linearizable', `a read of ${index} is confirmed, ${floor} was committed before it`);
}
