/**
 * What votes and leaders may never do.
 *
 * 1. one-vote: a store votes once in a term; a vote that is durable or was told survives.
 * 2. leader-completeness: a vote goes to a log that is as up to date as the voter's (§3.6.1), and
 *    a new leader holds everything that was committed in the terms before its own.
 * 3. election-safety: one leader per term, by the votes of a quorum. Votes and quorum are counted
 *    here, from what the voters' disks held and from the leader's log.
 */
import { NOBODY } from '../../../src/base/units.ts';
import { type Log, lastIndex, lastTerm } from '../../../src/core/raft/log.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import { crcOf } from './logs.ts';
import { isQuorum } from './quorum.ts';
import { configurationInForce, type GroupRecord, nameOf, type Scene } from './records.ts';
import { violate } from './violate.ts';

export function checkElections(scene: Scene): void {
  noteCandidacy(scene);
  checkVote(scene);
  checkLeader(scene);
}

function noteCandidacy({ store, raft }: Scene): void {
  // The newest look counts: a candidacy that no disk held yet is over after a crash, was never told,
  // and may be begun again in the same term with a longer log.
  if (raft.role !== 'candidate') return;
  const end = { index: lastIndex(raft.log), term: lastTerm(raft.log) };
  store.candidacies.set(raft.currentTerm, end);
}

function checkVote(scene: Scene): void {
  const { store, raft } = scene;
  if (raft.votedFor === null) return;
  const { currentTerm } = raft;
  const isSaved = raft.durableTicket >= raft.hardStateTicket;
  const { looked } = store;
  // Most turns change nothing of this.
  const isOld = looked.vote === raft.votedFor && looked.isVoteSaved === isSaved;
  if (isOld && looked.voteTerm === currentTerm) return;
  looked.vote = raft.votedFor;
  looked.voteTerm = currentTerm;
  looked.isVoteSaved = isSaved;
  const vote = nameOf(raft.votedFor);
  const known = store.votes.get(currentTerm) ?? vote;
  if (known !== vote) violate('one-vote', `two votes in term ${currentTerm}`);
  // A vote that was never durable was never told either, and may be given again.
  if (isSaved) store.votes.set(currentTerm, vote);
  if (voteIn(raft) === store.judgedVote) return;
  store.judgedVote = voteIn(raft);
  checkUpToDate(scene, vote);
}

/** The vote of the present term, as the record remembers that it was judged. */
export function voteIn({ currentTerm, votedFor }: RaftState): string {
  return votedFor === null ? '' : `${currentTerm} ${nameOf(votedFor)}`;
}

function checkUpToDate({ store, stores, raft }: Scene, vote: string): void {
  const candidate = stores.get(vote)?.candidacies.get(raft.currentTerm);
  if (vote === store.name || candidate === undefined) return;
  // Once there was a leader in this term the log may have grown since the vote.
  if (raft.role !== 'follower' || raft.leader !== NOBODY) return;
  const index = lastIndex(raft.log);
  const term = lastTerm(raft.log);
  if (term === raft.currentTerm) return;
  if (candidate.term > term || (candidate.term === term && candidate.index >= index)) return;
  const logs = `${candidate.index} of ${candidate.term} against ${index} of ${term}`;
  violate('leader-completeness', `a vote for a log that is behind the voter's: ${logs}`);
}

/** A vote in a reply that leaves now. */
export function checkToldVote({ store, raft }: Scene, term: number, vote: string): void {
  if (raft.currentTerm === term) {
    const isSaved = raft.durableTicket >= raft.hardStateTicket;
    const isGiven = raft.votedFor !== null && nameOf(raft.votedFor) === vote;
    if (!isSaved || !isGiven) violate('one-vote', `told a vote of term ${term} that is not saved`);
  }
  const known = store.votes.get(term) ?? vote;
  if (known !== vote) violate('one-vote', `told two votes in term ${term}`);
  store.votes.set(term, vote);
}

function checkLeader(scene: Scene): void {
  const { group, store, raft } = scene;
  if (raft.role !== 'leader') return;
  const known = group.leaders.get(raft.currentTerm);
  if (known === store.name) return;
  if (known !== undefined) violate('election-safety', `two leaders in term ${raft.currentTerm}`);
  group.leaders.set(raft.currentTerm, store.name);
  checkElected(scene);
  checkCompleteness(group, raft.log, raft.currentTerm);
}

function checkElected({ store, stores, raft }: Scene): void {
  const configuration = configurationInForce(store);
  if (configuration === null) violate('election-safety', 'a leader whose log names no voters');
  const { currentTerm } = raft;
  const isElected = isQuorum(
    configuration,
    (voter) => stores.get(nameOf(voter))?.votes.get(currentTerm) === store.name,
  );
  if (!isElected) violate('election-safety', `no quorum voted for the leader of ${currentTerm}`);
}

function checkCompleteness(group: GroupRecord, log: Log, term: number): void {
  for (let index = log.baseIndex + 1; index < group.committed.length; index++) {
    const committedTerm = group.committedTerms[index]!;
    if (committedTerm === 0 || committedTerm >= term) continue;
    const entry = log.entries[index - log.baseIndex - 1];
    if (entry === undefined || crcOf(entry) !== group.committed[index]) {
      violate('leader-completeness', `the leader of term ${term} lacks entry ${index}`);
    }
  }
}
