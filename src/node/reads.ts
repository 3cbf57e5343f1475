/**
 * Reads on their way: asked of Raft, confirmed, evaluated when what they must see is applied.
 */
import { clusterTime, nextStamp } from '../core/raft/time.ts';
import { store } from '../core/store/step.ts';
import type { ReadRows } from './batch.ts';
import type { Group } from './group.ts';
import { answerAll, refuse } from './owners.ts';
import type { NodeState } from './state.ts';

/** Takes Raft's word on the reads it was asked for. */
export function sortReads(node: NodeState, group: Group): void {
  for (const { id, index } of group.confirmed) {
    const reads = takeAsked(group, id);
    if (reads !== null) group.safe.push({ index, reads });
  }
  // Not confirmed: they were not executed, and may be asked again.
  for (const id of group.unconfirmed) {
    const reads = takeAsked(group, id);
    if (reads !== null) refuse(node, reads.rows, 'UNAVAILABLE');
  }
  group.confirmed = [];
  group.unconfirmed = [];
}

function takeAsked(group: Group, id: number): ReadRows | null {
  const at = group.asked.findIndex((asked) => asked.id === id);
  return at < 0 ? null : group.asked.splice(at, 1)[0]!.reads;
}

/** Evaluates every confirmed read whose index is applied: before the next entry is. */
export function runSafeReads(node: NodeState, group: Group): void {
  while (group.safe.length > 0 && group.safe[0]!.index <= group.store.appliedIndex) {
    const { reads } = group.safe.shift()!;
    evaluate(node, group, reads);
    group.reads.giveBack(reads);
  }
}

export function evaluate(node: NodeState, group: Group, { batch, rows }: ReadRows): void {
  const lane = node.storeOut.reads;
  const first = lane.count;
  const stampNow = stampOf(node, group);
  store.step(group.store, { kind: 'read', batch, stampNow }, node.now, node.storeOut);
  answerAll(node, rows, lane, first);
}

/** The stamp that an entry written now would get; a follower knows only what it has applied. */
export function stampOf(node: NodeState, group: Group): number {
  const { leading } = group.raft;
  return leading === null
    ? group.store.logTime
    : nextStamp(group.raft, leading, node.wall, node.now);
}

export const hasClusterTime = (node: NodeState, group: Group): boolean =>
  group.raft.leading !== null &&
  clusterTime(group.raft, group.raft.leading, node.wall, node.now) > 0;
