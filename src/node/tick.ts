/** Machines whose deadline has come get their tick; and when the next one is due. */
import type { Millis } from '../base/units.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND } from '../core/entry.ts';
import { formation } from '../core/formation/step.ts';
import { lastIndex } from '../core/raft/log.ts';
import { raft } from '../core/raft/step.ts';
import { earliestDeadline } from '../core/store/state.ts';
import { wal } from '../core/wal/step.ts';
import { stepRaft } from './drain.ts';
import { stepFormation } from './forming.ts';
import { forwardDeadline } from './forwarding.ts';
import { gossipDeadline, tickGossip } from './gossip.ts';
import type { Group } from './group.ts';
import { isLeading } from './group.ts';
import { hashesDeadline, tickHashes } from './hashes.ts';
import { mendingDeadline, tickMending } from './mending.ts';
import { stepWal } from './persist.ts';
import { stampOf } from './reads.ts';
import { rebuildDeadline, tickRebuilds } from './rebuild.ts';
import { reclaimDeadline } from './reclaim.ts';
import { snapshotsDeadline, tickSnapshots } from './snapshots.ts';
import type { NodeState } from './state.ts';
import { stoppingDeadline } from './stopping.ts';

export function tickMachines(node: NodeState): void {
  tickMending(node);
  if (node.phase !== 'serving') return;
  if (node.now >= formation.deadline(node.formation!)) stepFormation(node, { kind: 'tick' });
  if (node.now >= wal.deadline(node.wal!)) stepWal(node, { kind: 'tick' });
  for (const group of node.groups) {
    if (node.now >= raft.deadline(group.raft)) {
      stepRaft(node, group, { kind: 'tick', wall: node.wall });
    }
    if (isExpiryDue(node, group)) proposeEmpty(node, group);
  }
  tickSnapshots(node);
  tickRebuilds(node);
  tickHashes(node);
  tickGossip(node);
}

/**
 * A key's time is over and no entry is coming that would remove it: the leader proposes an empty
 * one, since existence goes by log time alone.
 */
function isExpiryDue(node: NodeState, group: Group): boolean {
  if (!mayExpire(group)) return false;
  const due = earliestDeadline(group.store);
  return Number.isFinite(due) && due < stampOf(node, group);
}

/** An entry that is under way removes keys too; who cannot commit one must not add another. */
function mayExpire(group: Group): boolean {
  return isLeading(group) && group.raft.appliedIndex === lastIndex(group.raft.log);
}

function proposeEmpty(node: NodeState, group: Group): void {
  stepRaft(node, group, {
    kind: 'propose',
    entryKind: ENTRY_KIND.COMMANDS,
    count: 0,
    bytes: new Uint8Array(ENTRY_HEADER_BYTES),
    wall: node.wall,
  });
}

export function nodeDeadline(node: NodeState): Millis {
  if (node.phase === 'mending') return mendingDeadline(node);
  if (node.phase !== 'serving') return stoppingDeadline(node) as Millis;
  // What came up after the turn's append goes to disk with the next one.
  if (node.records.length > 0) return node.now;
  let deadline = Math.min(formation.deadline(node.formation!), wal.deadline(node.wal!));
  for (const group of node.groups) {
    deadline = Math.min(deadline, raft.deadline(group.raft));
    if (mayExpire(group)) deadline = Math.min(deadline, expiryDeadline(node, group));
  }
  const waiting = node.connections.count > 0 ? node.nextSweep : Number.POSITIVE_INFINITY;
  return Math.min(
    deadline,
    waiting,
    forwardDeadline(node),
    snapshotsDeadline(node),
    rebuildDeadline(node),
    reclaimDeadline(node),
    hashesDeadline(node),
    gossipDeadline(node),
    stoppingDeadline(node),
  ) as Millis;
}

/** Stamps advance with the clock, so the time until a deadline is a span of this clock. */
function expiryDeadline(node: NodeState, group: Group): number {
  const due = earliestDeadline(group.store);
  if (!Number.isFinite(due)) return Number.POSITIVE_INFINITY;
  return Math.max(node.now + 1, node.now + due - stampOf(node, group) + 1);
}
