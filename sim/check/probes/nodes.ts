/**
 * Probes of whole nodes: how they boot, what their disks do to them, who is connected. And of what
 * a crash takes with it, which the next start shows.
 */
import { isJoint, sameMember } from '../../../src/core/members.ts';
import { lastIndex, termAt } from '../../../src/core/raft/log.ts';
import { currentConfiguration, type RaftState } from '../../../src/core/raft/state.ts';
import type { HardState } from '../../../src/core/types.ts';
import type { Group } from '../../../src/node/group.ts';
import type { NodeState, Phase } from '../../../src/node/state.ts';
import type { ProbeLedger } from './ledger.ts';

/** What a node was like after its last turn. */
export interface NodeSeen {
  readonly state: NodeState;
  phase: Phase;
  refutations: number;
  slowReaders: number;
  evicted: number;
  isSlowing: boolean;
}

export const firstLook = (state: NodeState): NodeSeen => ({
  state,
  phase: 'identifying',
  refutations: 0,
  slowReaders: 0,
  evicted: 0,
  isSlowing: false,
});

export function lookAtNode(state: NodeState, seen: NodeSeen, probes: ProbeLedger): void {
  const { phase, connections, swim, slowSince, room, storeOut } = state;
  if (phase !== seen.phase) changedPhase(state, seen, probes);
  if (connections.slowReadersClosed !== seen.slowReaders) {
    seen.slowReaders = connections.slowReadersClosed;
    probes.sometimes('slow-reader-closed', true);
  }
  if (connections.evicted !== seen.evicted) {
    seen.evicted = connections.evicted;
    probes.sometimes('reader-evicted', true);
  }
  const { reads } = storeOut;
  if (reads.count > 0) probes.sometimes('answer-short', reads.isShort(reads.count - 1));
  if (swim !== null && swim.counters.refutations !== seen.refutations) {
    probes.sometimes('swim-refutation', swim.counters.refutations > seen.refutations);
    seen.refutations = swim.counters.refutations;
  }
  if ((slowSince !== null) !== seen.isSlowing) {
    seen.isSlowing = !seen.isSlowing;
    probes.sometimes('log-full', seen.isSlowing);
  }
  probes.sometimes('follower-short-of-room', room.shortUntil.size > 0);
}

function changedPhase(state: NodeState, seen: NodeSeen, probes: ProbeLedger): void {
  const { phase, recovery, groups } = state;
  const before = seen.phase;
  seen.phase = phase;
  probes.sometimes('damage-found', phase === 'mending');
  if (before === 'mending') {
    probes.sometimes('damage-repaired', phase === 'loading' || phase === 'serving');
    probes.sometimes('damage-given-up', phase === 'identifying' || phase === 'recovering');
  }
  if (phase !== 'loading' && phase !== 'serving') return;
  const isBooting = before === 'identifying' || before === 'recovering';
  probes.sometimes('torn-tail-cut', isBooting && recovery?.verdict === 'torn');
  const isLost = groups.some(({ rebuild }) => rebuild?.code === 'SNAPSHOT_DAMAGED');
  probes.sometimes('state-lost', phase === 'serving' && isLost);
}

/** What a crash took from one group of a node. */
export interface Taken {
  readonly group: number;
  /** A vote for another that the disk had not confirmed; null: none. */
  readonly vote: HardState | null;
  /** The end of a log whose acknowledgement was waiting for the disk; 0: there was none. */
  readonly index: number;
  readonly term: number;
}

/** To be called before the crash. */
export function takenFrom({ groups }: NodeState, probes: ProbeLedger): Taken[] {
  const taken: Taken[] = [];
  for (const group of groups) {
    const { raft } = group;
    const isLeading = raft.role === 'leader';
    const isChanging = isLeading && isJoint(currentConfiguration(raft));
    probes.sometimes('joint-leader-crashed', isChanging);
    const vote = unsyncedVote(raft);
    const isWaiting = group.held.count > 0 && lastIndex(raft.log) > raft.durableIndex;
    if (vote === null && !isWaiting) continue;
    const index = isWaiting ? lastIndex(raft.log) : 0;
    taken.push({ group: group.id, vote, index, term: termAt(raft.log, lastIndex(raft.log)) ?? 0 });
  }
  return taken;
}

function unsyncedVote({ hardStateTicket, durableTicket, config, ...raft }: RaftState) {
  const { votedFor, currentTerm: term } = raft;
  if (votedFor === null || hardStateTicket <= durableTicket) return null;
  return sameMember(votedFor, config.self) ? null : { term, votedFor };
}

/** The group as the next start found it. */
export function foundAgain(
  { raft }: Group,
  { vote, index, term }: Taken,
  probes: ProbeLedger,
): void {
  if (vote !== null) {
    const isThere = raft.currentTerm === vote.term && raft.votedFor?.id === vote.votedFor?.id;
    probes.sometimes('vote-kept-unsent', isThere);
    probes.sometimes('vote-lost-unsynced', !isThere);
  }
  const isThere = index > 0 && lastIndex(raft.log) >= index;
  const isHeld = isThere && termAt(raft.log, index as Parameters<typeof termAt>[1]) === term;
  probes.sometimes('crash-between-persist-and-send', isHeld);
}
