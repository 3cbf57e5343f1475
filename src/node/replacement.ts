/**
 * Replacing a lost store (docs/architecture.md, "Identity").
 *
 * An empty node whose id is a member's, under another store, is the successor of a lost one. The
 * leader takes it as a learner, brings it up to date, and changes (id, old store) to (id, new
 * store) in one joint change; a lost learner's successor is a learner. Never while the old store is heard from: within ten election
 * timeouts, all of them in this leader's term.
 */
import { includesMember, sameMember } from '../core/members.ts';
import { isChangePending } from '../core/raft/membership.ts';
import { findProgress } from '../core/raft/progress.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import type { Configuration, Member } from '../core/types.ts';
import { stepRaft } from './drain.ts';
import type { Group } from './group.ts';
import { isLeading } from './group.ts';
import type { NodeState } from './state.ts';

const SILENT_TIMEOUTS = 10;

/** Stores that want a seat: for each group that we lead, see if one is a successor. */
export function noteSeekers(node: NodeState, peers: readonly Member[]): void {
  for (const group of node.groups) {
    if (!isLeading(group)) continue;
    for (const peer of peers) takeAsLearner(node, group, peer);
  }
}

function takeAsLearner(node: NodeState, group: Group, peer: Member): void {
  const configuration = currentConfiguration(group.raft);
  const isPredecessor = (member: Member): boolean =>
    member.id === peer.id && !sameMember(member, peer);
  const lost =
    configuration.voters.find(isPredecessor) ?? configuration.learners.find(isPredecessor);
  if (lost === undefined || includesMember(configuration.learners, peer)) return;
  if (isChangePending(group.raft) || !isSilent(node, group, lost)) return;
  const others = configuration.learners.filter((learner) => learner.id !== peer.id);
  change(node, group, { voters: configuration.voters, learners: [...others, peer] });
}

function isSilent(node: NodeState, group: Group, member: Member): boolean {
  const leading = group.raft.leading!;
  const progress = findProgress(leading, member);
  const silence = node.now - (progress?.lastContact ?? node.now);
  return silence >= SILENT_TIMEOUTS * node.config.electionTimeoutMs;
}

/** A successor that has caught up takes its predecessor's vote. Called once a sweep. */
export function promoteSuccessors(node: NodeState): void {
  for (const group of node.groups) {
    if (isLeading(group) && !isChangePending(group.raft)) promote(node, group);
  }
}

function promote(node: NodeState, group: Group): void {
  const configuration = currentConfiguration(group.raft);
  for (const learner of configuration.learners) {
    const lost = configuration.voters.find((voter) => voter.id === learner.id);
    if (lost === undefined || !isSilent(node, group, lost)) continue;
    const progress = findProgress(group.raft.leading!, learner);
    if (progress === null || progress.matchIndex < group.raft.commitIndex) continue;
    const voters = configuration.voters.map((voter) => (voter === lost ? learner : voter));
    const learners = configuration.learners.filter((other) => other !== learner);
    change(node, group, { voters, learners });
    return;
  }
}

function change(
  node: NodeState,
  group: Group,
  next: Pick<Configuration, 'voters' | 'learners'>,
): void {
  stepRaft(node, group, { kind: 'reconfigure', ...next, wall: node.wall });
}
