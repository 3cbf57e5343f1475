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
import type { Rows, WriteBatch } from './batch.ts';
import { stepRaft } from './drain.ts';
import type { Group } from './group.ts';
import { hasLogRoom, promisedBytes } from './log-room.ts';
import { lastEntry, markProposed, noteEntry, refuse } from './owners.ts';
import { evaluate } from './reads.ts';
import { noteStage } from './stages.ts';
import type { NodeState } from './state.ts';

export function proposeGathered(node: NodeState): void {
  for (const group of node.groups) {
    proposeGroup(node, group);
    if (group.staleReads.rows.count > 0) readStale(node, group);
  }
}

function readStale(node: NodeState, group: Group): void {
  const reads = group.staleReads.take();
  evaluate(node, group, reads);
  group.staleReads.giveBack(reads);
}

/** Closes what was gathered so far; called early when an entry is full. */
export function proposeGroup(node: NodeState, group: Group): void {
  if (group.writes.rows.count > 0) proposeWrites(node, group, group.writes.take());
  else if (group.reads.rows.count > 0) askReads(node, group);
}

function proposeWrites(node: NodeState, group: Group, { bytes, rows }: WriteBatch): void {
  const reads = group.reads.rows.count > 0 ? group.reads.take() : null;
  const failure = roomFor(node, bytes.length) ? offer(node, group, bytes, rows.count) : 'no-room';
  if (failure !== null) {
    const code = refusalCode(failure);
    node.counters.proposalsFailed[failure]++;
    refuse(node, rows, code);
    if (reads !== null) refuse(node, reads.rows, code);
    return;
  }
  const outcome = group.raftOut.proposal;
  if (outcome.kind !== 'accepted') return;
  node.counters.proposals++;
  const { index, term } = outcome;
  if ((group.waiting.at(-1)?.index ?? 0) >= index) group.isWaitingMixed = true;
  const proposedAt = node.connections.micros;
  group.waiting.push({ index, term, since: node.now, proposedAt, writes: rows, reads });
  noteQueue(node, rows);
  markProposed(node, rows, group, index);
  if (reads !== null) noteEntry(node, reads.rows, group, index);
}

/** The first of an entry's requests has waited longest, as a rule. */
function noteQueue(node: NodeState, rows: Rows): void {
  const owner = rows.owner[0]!;
  const cameAt = owner < 0 ? null : node.connections.cameAt(owner, rows.slot[0]!);
  if (cameAt !== null) noteStage(node, 'queue', cameAt);
}

function roomFor(node: NodeState, bytes: number): boolean {
  const hasQueueRoom = queueRoomBytes(node.wal!) >= bytes + promisedBytes(node);
  return hasQueueRoom && hasLogRoom(node, bytes);
}

/** Null: accepted. */
function offer(node: NodeState, group: Group, bytes: Uint8Array, count: number): Refusal | null {
  const entryKind = ENTRY_KIND.COMMANDS;
  const outcome = stepRaft(node, group, {
    kind: 'propose',
    entryKind,
    count,
    bytes,
    wall: node.wall,
  });
  return outcome.kind === 'refused' ? outcome.reason : null;
}

export function refusalCode(reason: Refusal | 'no-room'): ErrorCode {
  switch (reason) {
    case 'no-room':
    case 'overloaded':
      return 'OVERLOADED';
    case 'not-formed':
      return 'STORES_MISSING';
    case 'not-leader':
    case 'transferring':
    case 'no-such-member':
    case 'change-pending':
    case 'not-empty':
      return 'UNAVAILABLE';
  }
}

function askReads(node: NodeState, group: Group): void {
  const reads = group.reads.take();
  const id = group.nextReadId++;
  const minIndex = lastEntry(node, reads.rows, group);
  // All of them see what the one among them must see: what they ask next must not show less.
  if (minIndex > group.raft.commitIndex) noteEntry(node, reads.rows, group, minIndex);
  group.asked.push({ id, since: node.now, reads });
  stepRaft(node, group, { kind: 'read', id, minIndex });
}
