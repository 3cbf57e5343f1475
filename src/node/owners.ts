/**
 * Telling whoever asked what came of it: a client's connection, or another node that passed the
 * request on.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { LogIndex } from '../base/units.ts';
import type { ResultLane } from '../core/results.ts';
import { STATUS } from '../core/types.ts';
import type { Rows } from './batch.ts';
import type { Group } from './group.ts';
import type { NodeState } from './state.ts';

/** The rows are answered by as many of `lane`, from `first` on. */
export function answerAll(node: NodeState, rows: Rows, lane: ResultLane, first: number): void {
  const { count, owner, slot } = rows;
  for (let row = 0; row < count; row++) {
    const asker = owner[row]!;
    if (lane.isShort(first + row) && !isTold(node, lane, first + row)) {
      refuseOne(node, asker, slot[row]!, 'OVERLOADED');
    } else if (asker >= 0) node.connections.complete(asker, slot[row]!, lane, first + row);
    else node.served.complete(-1 - asker, slot[row]!, lane, first + row);
  }
}

/**
 * A value was more than the turn had room for. Of what was applied the result is dropped; what changed
 * nothing, a read or a swap that met another value, may as well be refused.
 */
function isTold({ storeOut }: NodeState, lane: ResultLane, row: number): boolean {
  if (lane === storeOut.reads || lane.status[row] === STATUS.CONDITION_FAILED) return false;
  lane.drop(row, STATUS.APPLIED_RESULT_DROPPED);
  return true;
}

/** None of these was applied. */
export function refuse(node: NodeState, rows: Rows, code: ErrorCode): void {
  for (let row = 0; row < rows.count; row++) {
    refuseOne(node, rows.owner[row]!, rows.slot[row]!, code);
  }
}

export function refuseOne(node: NodeState, owner: number, slot: number, code: ErrorCode): void {
  if (code === 'OVERLOADED') node.counters.overloaded++;
  if (owner >= 0) node.connections.refuse(owner, slot, { code, detail: null });
  else node.served.refuse(-1 - owner, slot, code);
}

/** Nobody here can tell whether these were or will be applied. */
export function endUnknown(node: NodeState, rows: Rows): void {
  for (let row = 0; row < rows.count; row++) {
    const owner = rows.owner[row]!;
    if (owner >= 0) node.connections.endUnknown(owner, rows.slot[row]!);
    else node.served.endUnknown(-1 - owner, rows.slot[row]!);
  }
}

/** The rows are part of the group's entry at `index`: losing it leaves their outcome unknown. */
export function markProposed(node: NodeState, rows: Rows, group: Group, index: LogIndex): void {
  for (let row = 0; row < rows.count; row++) {
    const owner = rows.owner[row]!;
    if (owner >= 0) node.connections.markSent(owner, rows.slot[row]!);
  }
  noteEntry(node, rows, group, index);
}

/** The rows, reads or writes, are executed with the group's entry at `index`. */
export function noteEntry(node: NodeState, rows: Rows, group: Group, index: LogIndex): void {
  for (let row = 0; row < rows.count; row++) {
    const owner = rows.owner[row]!;
    if (row > 0 && owner === rows.owner[row - 1]) continue;
    if (owner >= 0) node.connections.noteEntry(owner, group.id, index);
    else node.served.noteEntry(-1 - owner, index);
  }
}

/** The rows went to another node. */
export function markForwarded(node: NodeState, rows: Rows): void {
  for (let row = 0; row < rows.count; row++) {
    node.connections.markSent(rows.owner[row]!, rows.slot[row]!);
  }
}

/**
 * The newest entry of the group that anything of these askers is executed with: what they ask now is
 * executed after it, so that no read shows less than the one before it.
 */
export function lastEntry(node: NodeState, rows: Rows, group: Group): LogIndex {
  let last = 0;
  for (let row = 0; row < rows.count; row++) {
    const owner = rows.owner[row]!;
    if (row > 0 && owner === rows.owner[row - 1]) continue;
    const index =
      owner >= 0 ? node.connections.lastEntry(owner, group.id) : node.served.lastEntry(-1 - owner);
    if (index > last) last = index;
  }
  return last as LogIndex;
}
