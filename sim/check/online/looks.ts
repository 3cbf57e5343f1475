/**
 * When a look at a node's platter is worth what it costs, beside the regular ones: where the disk
 * still holds what the log has given up, and what is written now must not be taken for it.
 *
 * 1. After entries of a log were replaced: the disk may finish the old ones' writes, and keep them.
 * 2. After a start that found a torn tail: what was behind it must not come back.
 *
 * The looks come when the disk has just confirmed something.
 */
import type { GroupId } from '../../../src/base/units.ts';
import { lastIndex, lastTerm, termAt } from '../../../src/core/raft/log.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import type { NodeState } from '../../../src/node/state.ts';

const LOOKS = 3;

interface Seen {
  readonly ends: Map<GroupId, { index: number; term: number }>;
  confirmed: number;
  due: number;
}

export class PlatterLooks {
  readonly #seen = new WeakMap<NodeState, Seen>();

  afterTurn(state: NodeState): boolean {
    const { wal, groups, recovery } = state;
    if (wal === null) return false;
    let seen = this.#seen.get(state);
    if (seen === undefined) {
      seen = { ends: new Map(), confirmed: 0, due: recovery?.verdict === 'torn' ? LOOKS : 0 };
      this.#seen.set(state, seen);
    }
    for (const { id, raft } of groups) if (isReplaced(seen, id, raft)) seen.due = LOOKS;
    if (wal.durableTicket === seen.confirmed) return false;
    seen.confirmed = wal.durableTicket;
    if (seen.due === 0) return false;
    seen.due--;
    return true;
  }
}

/** Whether the entry that was the last one is there no more; the end is noted. */
function isReplaced({ ends }: Seen, id: GroupId, { log }: RaftState): boolean {
  let end = ends.get(id);
  if (end === undefined) {
    end = { index: 0, term: 0 };
    ends.set(id, end);
  }
  const held =
    end.index < log.baseIndex ? end.term : termAt(log, end.index as typeof log.baseIndex);
  const isGone = held !== end.term;
  end.index = lastIndex(log);
  end.term = lastTerm(log);
  return isGone;
}
