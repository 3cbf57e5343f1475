/**
 * Requests that have waited too long are told so; slow readers are closed.
 *
 * A read, or a request that was never sent on, has certainly not been applied. A proposed write may
 * still be: its outcome is unknown, and it is not tried again.
 */
import { millis } from '../base/units.ts';
import { noteSeat } from './forming.ts';
import { expireForwards } from './forwarding.ts';
import type { Group } from './group.ts';
import { endUnknown, refuse, refuseOne } from './owners.ts';
import { promoteSuccessors } from './replacement.ts';
import type { NodeState } from './state.ts';

const SWEEP_MS = 100;

export function expireRequests(node: NodeState): void {
  if (node.phase !== 'serving' || node.now < node.nextSweep) return;
  node.nextSweep = millis(node.now + SWEEP_MS);
  const before = node.now - node.config.requestTimeoutMs;
  for (const group of node.groups) expireGroup(node, group, before);
  expireForwards(node, before);
  node.served.forgetSilent(node.now);
  promoteSuccessors(node);
  noteSeat(node);
  node.connections.closeSlowReaders(node.now);
}

function expireGroup(node: NodeState, group: Group, before: number): void {
  while (group.waiting.length > 0 && group.waiting[0]!.since < before) {
    const { writes, reads } = group.waiting.shift()!;
    endUnknown(node, writes);
    if (reads !== null) refuse(node, reads.rows, 'UNAVAILABLE');
  }
  while (group.asked.length > 0 && group.asked[0]!.since < before) {
    refuse(node, group.asked.shift()!.reads.rows, 'UNAVAILABLE');
  }
  while (group.parked.length > 0 && group.parked[0]!.since < before) {
    const { owner, slot } = group.parked.shift()!;
    refuseOne(node, owner, slot, 'UNAVAILABLE');
  }
}
