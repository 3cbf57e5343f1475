/** What must hold in every state of one Raft machine, whatever happened to it. */
import { assert } from '../../base/assert.ts';
import { includesMember } from '../members.ts';
import { lastIndex, termAt } from './log.ts';
import { currentConfiguration, type LeaderState, type RaftState } from './state.ts';

export function checkRaft(state: RaftState): void {
  checkIndices(state);
  assert((state.role === 'leader') === (state.leading !== null), 'internal', 'leader state');
  const isCampaigning = state.role === 'candidate' || state.role === 'pre-candidate';
  assert(isCampaigning === (state.candidate !== null), 'internal', 'candidate state');
  const isStandingBack = state.role === 'follower' || !state.isQuarantined;
  assert(isStandingBack, 'state-machine-safety', 'a member without a sound state seeks office');
  assert(state.durableTicket <= state.lastTicket, 'durable-quorum', 'durable before written');
  if (state.leading !== null) checkLeader(state, state.leading);
}

function checkIndices(state: RaftState): void {
  const { log } = state;
  const last = lastIndex(log);
  assert(log.entries.length === log.tickets.length, 'internal', 'a ticket for every entry');
  assert(log.baseIndex <= state.snapshotIndex, 'index-order', 'purged beyond the snapshot');
  assert(state.snapshotIndex <= state.appliedIndex, 'index-order', 'snapshot beyond applied');
  assert(state.appliedIndex <= state.commitIndex, 'index-order', 'applied beyond committed');
  assert(state.appliedIndex <= state.durableIndex, 'index-order', 'applied beyond durable');
  assert(state.commitIndex <= last, 'index-order', 'committed beyond the log');
  assert(state.durableIndex <= last, 'index-order', 'durable beyond the log');
  const lastHeldTerm = termAt(log, last);
  assert(lastHeldTerm !== null, 'internal', 'no term for the last entry');
  assert(lastHeldTerm <= state.currentTerm, 'monotonic', 'an entry of a later term than ours');
}

function checkLeader(state: RaftState, leading: LeaderState): void {
  const { config } = state;
  const configuration = currentConfiguration(state);
  assert(leading.uncommittedBytes >= 0, 'queue-bound', 'negative uncommitted bytes');
  assert(leading.reads.length <= config.readsMax, 'queue-bound', 'too many reads waiting');
  assert(leading.noopIndex <= lastIndex(state.log), 'index-order', 'the no-op is in the log');
  for (const progress of leading.progress) {
    const { matchIndex, nextIndex } = progress;
    const isMember =
      includesMember(configuration.voters, progress.member) ||
      includesMember(configuration.outgoing, progress.member) ||
      includesMember(configuration.learners, progress.member);
    assert(isMember, 'internal', 'progress of a stranger');
    assert(matchIndex < nextIndex, 'monotonic', 'next at or below match');
    assert(nextIndex <= lastIndex(state.log) + 1, 'index-order', 'next beyond the log');
    assert(progress.inflightBytes >= 0, 'queue-bound', 'negative in-flight bytes');
  }
}
