/**
 * What votes and leaders may never do.
 *
 * 1. one-vote: a store votes once in a term; a vote that is durable or was told survives.
 * 2. leader-completeness: a vote goes to a log that is as up to date as the voter's (§3.6.1), and
 *    a new leader holds everything that was committed in the terms before its own.
 * 3. election-safety: one leader per term, by the votes of a quorum. Votes and quorum are counted
 *    here, from what the voters' disks held and from the leader's log.
 * 4. election-safety: nobody enters a term as its candidate without a quorum that would vote for it
 *    (§9.6), unless the leader before handed over to it (§3.10).
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
  checkTally(scene);
  checkVote(scene);
  checkLeader(scene);
}

function noteCandidacy(scene: Scene): void {
  const { store, raft } = scene;
  // The newest look counts: a candidacy that no disk held yet is over after a crash, was never told,
  // and may be begun again in the same term with a longer log.
  if (raft.role !== 'candidate') return;
  if (!store.candidacies.has(raft.currentTerm)) checkCandidacy(scene);
  const end = { index: lastIndex(raft.log), term: lastTerm(raft.log) };
  store.candidacies.set(raft.currentTerm, end);
}

/** Of a store that is first seen as the candidate of its term. */
function checkCandidacy({ group, store, raft }: Scene): void {
  const { currentTerm: term } = raft;
  // The founder campaigns at once.
  if (term <= 2 || group.handovers.has(`${term - 1} ${store.name}`)) return;
  const configuration = configurationInForce(store);
  const granted = group.preVotes.get(`${term} ${store.name}`);
  const isAsked =
    configuration !== null &&
    isQuorum(configuration, (voter) => {
      const name = nameOf(voter);
      return name === store.name || granted?.has(name) === true;
    });
  if (!isAsked) violate('election-safety', `a candidate of ${term} that no quorum would vote for`);
}

/** Who is counted has said so, in answer to this very question. */
function checkTally({ group, store, stores, raft }: Scene): void {
  if (raft.candidate === null) return;
  const { currentTerm: term } = raft;
  const preVotes = group.preVotes.get(`${term + 1} ${store.name}`);
  for (const member of raft.candidate.granted) {
    const name = nameOf(member);
    if (name === store.name) continue;
    const isGiven =
      raft.role === 'candidate'
        ? stores.get(name)?.votes.get(term) === store.name
        : preVotes?.has(name) === true;
    if (!isGiven) violate('election-safety', `node ${member.id} is counted, and gave no vote`);
  }
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
