/** Bugs of elections, votes and terms. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const VOTER = 'src/core/raft/voter.ts';
const ELECTION = 'src/core/raft/election.ts';
const STEP = 'src/core/raft/step.ts';
const START = 'src/core/raft/start.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'E01',
    tier: 1,
    violates: ['ES'],
    note: 'a vote is told before the disk holds it',
    edits: [
      {
        file: VOTER,
        find: "send(state, out, {\n    type: 'vote-reply',",
        replace: "out.sendNow.push({\n    type: 'vote-reply',",
      },
    ],
  },
  {
    id: 'E05',
    tier: 2,
    violates: ['ES', 'LM'],
    note: 'votes are counted whatever the role is by now',
    edits: [
      {
        file: ELECTION,
        find: "if (state.role !== 'candidate' || state.candidate === null) return;\n  if (reply.term",
        replace: 'if (state.candidate === null) return;\n  if (reply.term',
      },
    ],
  },
  {
    id: 'E06',
    tier: 2,
    violates: ['LIVE'],
    note: 'a higher term in a vote reply is ignored',
    edits: [
      {
        file: STEP,
        find: 'if (message.term > state.currentTerm && !isAsking) {',
        replace:
          "if (message.term > state.currentTerm && !isAsking && message.type !== 'vote-reply') {",
      },
    ],
  },
  {
    id: 'E07',
    tier: 1,
    violates: ['ES'],
    note: 'votes are tallied by a count of replies, not by a set of voters',
    edits: [
      {
        file: ELECTION,
        find: `addMember(reply.granted ? state.candidate.granted : state.candidate.denied, reply.from);
  countVotes(`,
        replace: `(reply.granted ? state.candidate.granted : state.candidate.denied).push(reply.from);
  countVotes(`,
      },
      {
        file: ELECTION,
        find: `if (hasQuorum(configuration, (member) => includesMember(granted, member))) {
    becomeLeader(`,
        replace: `if (granted.length > configuration.voters.length / 2) {
    becomeLeader(`,
      },
    ],
  },
  {
    id: 'E08',
    tier: 1,
    violates: ['LC'],
    note: 'the longer log wins, whatever the terms of the last entries are',
    edits: [
      {
        file: VOTER,
        find: '  if (asked.lastTerm !== ownTerm) return asked.lastTerm > ownTerm;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'E10',
    tier: 1,
    violates: ['ES'],
    // The form with term 0 as well dies at once: a log whose term falls contradicts itself.
    note: 'the rewritten log has a fresh hard state, without the vote',
    edits: [
      {
        file: 'src/core/wal/ledger.ts',
        find: "return { kind: 'hard-state', group: row.group, hardState: row.hardState };",
        replace: `const hardState = { term: row.hardState.term, votedFor: null };
  return { kind: 'hard-state', group: row.group, hardState };`,
      },
    ],
  },
  {
    id: 'E11',
    tier: 2,
    violates: ['ES'],
    also: ['monotonic'],
    note: "installing a snapshot sets the current term to the snapshot's",
    edits: [
      {
        file: 'src/core/raft/snapshot.ts',
        find: 'if (meta.term > state.currentTerm) becomeFollower(state, out, meta.term, now);',
        replace: 'state.currentTerm = meta.term;',
      },
    ],
  },
  {
    id: 'E14',
    tier: 2,
    violates: ['LIVE'],
    note: 'every node draws its election timeouts from the same seed',
    edits: [
      {
        file: 'src/node/groups.ts',
        find: 'seed: [word(), word(), word(), word()],',
        replace: 'seed: [1, 2, 3, 4],',
      },
    ],
  },
  {
    id: 'E18',
    tier: 2,
    violates: ['LC', 'SMS'],
    // Who has not its configuration counts the votes of an older one.
    also: ['linearizable', 'index-order', 'election-safety', 'one-vote'],
    note: 'a node campaigns while the state that a snapshot is to give it is not in place',
    edits: [
      {
        file: ELECTION,
        find: '  if (!isVoteNeeded(state) || state.isQuarantined) return;\n',
        replace: '  if (!isVoteNeeded(state)) return;\n',
      },
      {
        file: STEP,
        find: '  if (!isVoteNeeded(state) || state.isQuarantined) return;\n',
        replace: '  if (!isVoteNeeded(state)) return;\n',
      },
    ],
  },
  {
    id: 'E20',
    tier: 2,
    violates: ['LIVE'],
    note: "a granted pre-vote names the voter's term instead of the one asked for",
    edits: [
      {
        file: VOTER,
        find: '    askedTerm: asked.askedTerm,\n',
        replace: '    askedTerm: state.currentTerm,\n',
      },
    ],
  },
  {
    id: 'E21',
    tier: 2,
    violates: ['LIVE'],
    note: 'granting a pre-vote counts as contact with the leader',
    edits: [
      {
        file: VOTER,
        find: 'granted: asked.askedTerm > state.currentTerm && !isDisturbing && isUpToDate(state, asked),\n  });',
        replace: `granted: asked.askedTerm > state.currentTerm && !isDisturbing && isUpToDate(state, asked),
  });
  if (!isDisturbing) state.lastLeaderContact = now;`,
      },
    ],
  },
  {
    id: 'E22',
    tier: 2,
    violates: ['LIVE'],
    note: 'the leader that one believes in gets no pre-vote from one',
    edits: [
      {
        file: VOTER,
        find: `asked: PreVote, now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;`,
        replace: `asked: PreVote, now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now);`,
      },
    ],
  },
  {
    id: 'E23',
    tier: 2,
    violates: ['LIVE'],
    note: 'the higher term in a refused pre-vote is ignored',
    edits: [
      {
        file: STEP,
        find: 'if (message.term > state.currentTerm && !isAsking) {',
        replace:
          "if (message.term > state.currentTerm && !isAsking && message.type !== 'pre-vote-reply') {",
      },
    ],
  },
  {
    id: 'E26',
    tier: 2,
    violates: ['ES', 'LIN'],
    note: 'who voted for itself in its term comes back as the leader of that term',
    edits: [
      {
        file: START,
        find: "import { persistEntry, persistHardState } from './persist.ts';\n",
        replace: `import { persistEntry, persistHardState } from './persist.ts';
import { alignProgress } from './progress.ts';
import { currentConfiguration } from './state.ts';
import { bytesBetween } from './log.ts';
`,
      },
      {
        file: START,
        find: '  state.durableIndex = lastIndex(log);\n',
        replace: `  state.durableIndex = lastIndex(log);
  if (state.votedFor !== null && state.votedFor.store === config.self.store) {
    state.role = 'leader';
    state.leader = config.self.id;
    state.leading = {
      progress: [],
      noopIndex: lastIndex(log),
      round: 0,
      reads: [],
      transfer: null,
      uncommittedBytes: bytesBetween(log, state.commitIndex, lastIndex(log)),
      nextQuorumCheck: config.electionTimeoutMs as Millis,
    };
    state.heartbeatDeadline = 0 as Millis;
    alignProgress(state.leading, currentConfiguration(state), log, 0 as Millis);
  }
`,
      },
    ],
  },
  {
    id: 'E27',
    tier: 1,
    violates: ['LC', 'DUR'],
    note: 'a node whose disk was lost votes and acknowledges under its old id at once',
    edits: [
      {
        file: 'src/core/members.ts',
        find: 'return left.id === right.id && left.store === right.store;',
        replace: 'return left.id === right.id;',
      },
      {
        file: 'src/node/inputs.ts',
        find: '  else if (toStore !== node.self!.store) node.counters.foreignFrames++;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'E28',
    tier: 2,
    violates: ['LIVE'],
    note: 'a candidate that asks again is refused, for the vote is given: to itself',
    edits: [
      {
        file: VOTER,
        find: 'if (state.votedFor !== null) return sameMember(state.votedFor, asked.from);',
        replace: 'if (state.votedFor !== null) return false;',
      },
    ],
  },
];

export const ELECTION_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
