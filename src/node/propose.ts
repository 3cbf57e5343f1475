/**
 * What a turn has gathered for each group becomes one entry, or one read round.
 *
 * A turn that writes needs no read round: its reads are evaluated between the commands of its
 * entry, and that the entry was committed in this term proves that we led when they were asked.
 */
import type { ErrorCode } from '../base/errors.ts';
import { ENTRY_KIND } from '../core/entry.ts';
import type { Refusal } from '../core/raft/out.ts';
import { queueRoomBytes } from '../core/wal/state.ts';
import type { WriteBatch } from './batch.ts';
import { stepRaft } from './drain.ts';
import type { Group } from './group.ts';
import { hasLogRoom, promisedBytes } from './log-room.ts';
import { lastWrite, markProposed, refuse } from './owners.ts';
import { evaluate } from './reads.ts';
import type { NodeState } from './state.ts';

export function proposeGathered(node: NodeState): void {
  for (const group of node.groups) {
    proposeGroup(node, group);
    if (group.staleReads.rows.count > 0) evaluate(node, group, group.staleReads.take());
  }
}

/** Closes what was gathered so far; called early when an entry is full. */
export function proposeGroup(node: NodeState, group: Group): void {
  if (group.writes.rows.count > 0) proposeWrites(node, group, group.writes.take());
  else if (group.reads.rows.count > 0) askReads(node, group);
}

function proposeWrites(node: NodeState, group: Group, { bytes, rows }: WriteBatch): void {
  const reads = group.reads.rows.count > 0 ? group.reads.take() : null;
  const code = roomFor(node, bytes.length) ? offer(node, group, bytes, rows.count) : 'OVERLOADED';
  if (code !== null) {
    refuse(node, rows, code);
    if (reads !== null) refuse(node, reads.rows, code);
    return;
  }
  const outcome = group.raftOut.proposal;
  if (outcome.kind !== 'accepted') return;
  node.counters.proposals++;
  const { index, term } = outcome;
  if ((group.waiting.at(-1)?.index ?? 0) >= index) group.isWaitingMixed = true;
  group.waiting.push({ index, term, since: node.now, writes: rows, reads });
  markProposed(node, rows, group, index);
}

function roomFor(node: NodeState, bytes: number): boolean {
  const hasQueueRoom = queueRoomBytes(node.wal!) >= bytes + promisedBytes(node);
  return hasQueueRoom && hasLogRoom(node, bytes);
}

/** Null: accepted. */
function offer(node: NodeState, group: Group, bytes: Uint8Array, count: number): ErrorCode | null {
  const entryKind = ENTRY_KIND.COMMANDS;
  const outcome = stepRaft(node, group, {
    kind: 'propose',
    entryKind,
    count,
    bytes,
    wall: node.wall,
  });
  return outcome.kind === 'refused' ? refusalCode(outcome.reason) : null;
}

export function refusalCode(reason: Refusal): ErrorCode {
  switch (reason) {
    case 'overloaded':
      return 'OVERLOADED';
    case 'not-leader':
    case 'transferring':
    case 'not-formed':
    case 'no-such-member':
    case 'change-pending':
    case 'not-empty':
      return 'UNAVAILABLE';
  }
}

function askReads(node: NodeState, group: Group): void {
  const reads = group.reads.take();
  const id = group.nextReadId++;
  const minIndex = lastWrite(node, reads.rows, group);
  group.asked.push({ id, since: node.now, reads });
  stepRaft(node, group, { kind: 'read', id, minIndex });
}
