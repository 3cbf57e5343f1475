/** Bugs of offices, for directed scenarios that no row of the catalogue makes fail. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'X01',
    tier: 2,
    violates: ['ES'],
    note: 'an append of an older term is taken like any other',
    edits: [
      {
        file: 'src/core/raft/follower.ts',
        find: '  if (append.term < state.currentTerm) {\n',
        replace: '  if (append.term < 0) {\n',
      },
    ],
  },
  {
    id: 'X02',
    tier: 2,
    violates: ['ES'],
    note: 'a voter gives its vote to everybody who asks in its term',
    edits: [
      {
        file: 'src/core/raft/voter.ts',
        find: '  if (state.votedFor !== null) return sameMember(state.votedFor, asked.from);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'X03',
    tier: 2,
    violates: ['AVAIL'],
    note: 'whoever hears its leader grants pre-votes against it',
    edits: [
      {
        file: 'src/core/raft/voter.ts',
        find: `  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
  send(`,
        replace: '  const isDisturbing = false;\n  send(',
      },
    ],
  },
  {
    id: 'X05',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a leader that hears no quorum stays in office',
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: '    if (!isInTouch(state, leading, now)) {\n',
        replace: '    if (leading.round < 0) {\n',
      },
    ],
  },
  {
    id: 'X06',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a vote of a higher term is heard though the leader is fresh',
    edits: [
      {
        file: 'src/core/raft/voter.ts',
        find: '    if (isDisturbing && !asked.isTransfer) return;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'X07',
    tier: 2,
    violates: ['LIVE'],
    note: 'the vote of one term is kept in the next',
    edits: [
      {
        file: 'src/core/raft/step-down.ts',
        find: '    persistHardState(state, out, term, null);\n',
        replace: '    persistHardState(state, out, term, state.votedFor);\n',
      },
    ],
  },
  {
    id: 'X08',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a pre-vote is granted whatever the log of the asker',
    edits: [
      {
        file: 'src/core/raft/voter.ts',
        find: `granted: asked.askedTerm > state.currentTerm && !isDisturbing && isUpToDate(state, asked),`,
        replace: 'granted: asked.askedTerm > state.currentTerm && !isDisturbing,',
      },
    ],
  },
  {
    id: 'X10',
    tier: 2,
    violates: ['LIVE'],
    note: 'whoever believes to learn gives no vote',
    edits: [
      {
        file: 'src/core/raft/voter.ts',
        find: 'function mayVoteFor(state: RaftState, asked: Vote): boolean {\n',
        replace: `function mayVoteFor(state: RaftState, asked: Vote): boolean {
  const { voters } = state.configurations[state.configurations.length - 1]!.configuration;
  if (voters.every((voter) => !sameMember(voter, state.config.self))) return false;
`,
      },
    ],
  },
  {
    id: 'X13',
    tier: 2,
    violates: ['AVAIL'],
    note: 'whoever is handed the office waits for its election timeout',
    edits: [
      {
        file: 'src/core/raft/step.ts',
        find: '  startElection(state, out, now, true);\n',
        replace: '  resetElectionDeadline(state, now);\n',
      },
    ],
  },
  {
    id: 'X14',
    tier: 2,
    violates: ['LIVE'],
    note: 'the office is handed to one that lacks entries',
    edits: [
      {
        file: 'src/core/raft/transfer.ts',
        find: '  if (progress.matchIndex < lastIndex(state.log)) return;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'X15',
    tier: 2,
    violates: ['LIVE'],
    note: 'handing over never ends, though the target is gone',
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: `  if (leading.transfer !== null && now >= leading.transfer.deadline) leading.transfer = null;
`,
        replace: '',
      },
    ],
  },
  {
    id: 'X16',
    tier: 2,
    violates: ['LIVE'],
    note: 'the office is handed to oneself, or to one that does not vote',
    edits: [
      {
        file: 'src/core/raft/transfer.ts',
        find: '  if (!isPossible || progress === null) {\n',
        replace: '  if (progress === null) {\n',
      },
    ],
  },
  {
    id: 'X17',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a second wish to hand over is taken and forgotten',
    edits: [
      {
        file: 'src/core/raft/transfer.ts',
        find: '  leading.transfer = { target, deadline, isTimeoutNowSent: false };\n',
        replace: '  leading.transfer ??= { target, deadline, isTimeoutNowSent: false };\n',
      },
    ],
  },
  {
    id: 'X20',
    tier: 2,
    violates: ['ES'],
    note: 'a leader that was removed stays in office',
    edits: [
      {
        file: 'src/core/raft/membership.ts',
        find: '  } else if (isRemoved(state)) {\n',
        replace: '  } else if (state.log.baseIndex < 0) {\n',
      },
    ],
  },
  {
    id: 'X21',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a follower that hears its leader lets its timer run',
    edits: [
      {
        file: 'src/core/raft/follower.ts',
        find: `  state.lastLeaderContact = now;
  resetElectionDeadline(state, now);
`,
        replace: '',
      },
    ],
  },
  {
    id: 'X33',
    tier: 2,
    violates: ['AVAIL'],
    note: 'whoever times out enters the next term without asking first',
    edits: [
      {
        file: 'src/core/raft/election.ts',
        find: `  startPreVote(state, out, now);
}

function`,
        replace: `  startElection(state, out, now, false);
}

function`,
      },
    ],
  },
];

export const DIRECTED_ELECTION_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
