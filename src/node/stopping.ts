/**
 * A graceful stop: leadership is handed over, what was asked is answered, connections are closed.
 *
 *   asked to stop → hand over each group we lead → answer and close → stopped
 *
 * Every stage has a bound: a stop never waits for a cluster that cannot take over. The stages are
 * those of charts/lifecycle.ts; a boot that is told to stop goes straight to closing.
 */
import { millis } from '../base/units.ts';
import { isVoter, sameMember } from '../core/members.ts';
import type { Progress } from '../core/raft/state.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import { stepRaft } from './drain.ts';
import { stepGossip } from './gossip.ts';
import { type Group, isLeading } from './group.ts';
import { advance, type NodeState } from './state.ts';
import type { Stopping } from './stopping-state.ts';

/** Waiting for a successor, in election timeouts; then for clients to take their answers. */
const HAND_OVER_TIMEOUTS = 3;
const CLOSE_MS = 1000;

export function beginStopping(node: NodeState): void {
  if (node.stopping !== null) return;
  const span = HAND_OVER_TIMEOUTS * node.config.electionTimeoutMs;
  node.stopping = { handOverUntil: millis(node.now + span), closeUntil: null };
  advance(node, 'stop');
}

/** Called every turn: the next step of a stop that was asked for. */
export function continueStopping(node: NodeState): void {
  const { stopping } = node;
  if (stopping === null || node.phase === 'stopped' || node.phase === 'failed') return;
  const isHandingOver = node.lifecycle.state === 'serving.handing-over';
  if (isHandingOver && !endHandingOver(node, stopping)) return;
  if (stopping.closeUntil === null) {
    stopping.closeUntil = millis(node.now + CLOSE_MS);
    node.connections.closeAll();
    stepGossip(node, { kind: 'leave' });
  }
  if (node.connections.count === 0) advance(node, 'closed');
  else if (node.now >= stopping.closeUntil) advance(node, 'overdue');
}

function endHandingOver(node: NodeState, { handOverUntil }: Stopping): boolean {
  const isOverdue = node.now >= handOverUntil;
  if (!isOverdue && !handOver(node)) return false;
  advance(node, isOverdue ? 'overdue' : 'handed-over');
  return true;
}

/** True when no group with another voter is led from here any more. */
function handOver(node: NodeState): boolean {
  let isDone = true;
  for (const group of node.groups) {
    const successor = successorIn(group);
    if (successor === null) continue;
    isDone = false;
    if (group.raft.leading!.transfer !== null) continue;
    stepRaft(node, group, { kind: 'transfer', target: successor.member });
  }
  return isDone;
}

/** The voter whose log is nearest to ours; null if we do not lead, or are alone. */
function successorIn(group: Group): Progress | null {
  if (!isLeading(group)) return null;
  const configuration = currentConfiguration(group.raft);
  let best: Progress | null = null;
  for (const progress of group.raft.leading!.progress) {
    const isSelf = sameMember(progress.member, group.raft.config.self);
    if (isSelf || !isVoter(configuration, progress.member)) continue;
    if (best === null || progress.matchIndex > best.matchIndex) best = progress;
  }
  return best;
}

export function stoppingDeadline(node: NodeState): number {
  const { stopping, phase } = node;
  const isOver = phase === 'stopped' || phase === 'failed';
  if (stopping === null || isOver) return Number.POSITIVE_INFINITY;
  if (stopping.closeUntil === null) return Math.min(stopping.handOverUntil, node.now + 10);
  // The last connection may have been let go at the end of this turn.
  return node.connections.count === 0 ? node.now : stopping.closeUntil;
}
