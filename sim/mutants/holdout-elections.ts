/** Bugs of elections and terms that other systems had, kept apart to test the tester. */
import { type MutantRow, newMutant } from './mutant.ts';

const VOTER = 'src/core/raft/voter.ts';
const ELECTION = 'src/core/raft/election.ts';
const STEP = 'src/core/raft/step.ts';
const STEP_DOWN = 'src/core/raft/step-down.ts';
const LEADER = 'src/core/raft/leader.ts';
const FOLLOWER = 'src/core/raft/follower.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'H01',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'a candidate does not yield to the leader of its own term',
    edits: [
      {
        file: FOLLOWER,
        find: '  if (append.term < state.currentTerm) {\n',
        replace: "  if (append.term < state.currentTerm || state.role === 'candidate') {\n",
      },
    ],
  },
  {
    id: 'H02',
    tier: 2,
    violates: ['ES'],
    note: 'a vote of an earlier term counts in the present one',
    edits: [
      { file: ELECTION, find: '  if (reply.term !== state.currentTerm) return;\n', replace: '' },
    ],
  },
  {
    id: 'H03',
    tier: 2,
    violates: ['AVAIL', 'ES'],
    note: 'a pre-vote for an earlier term counts for the next one',
    edits: [
      {
        file: ELECTION,
        find: '  if (reply.askedTerm !== state.currentTerm + 1) return;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'H04',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'whoever denies a vote or a pre-vote begins its election timeout anew',
    edits: [
      {
        file: VOTER,
        find: '  if (granted) resetElectionDeadline(state, now);\n',
        replace: '  resetElectionDeadline(state, now);\n',
      },
      {
        file: VOTER,
        find: `now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
  send(`,
        replace: `now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
  resetElectionDeadline(state, now);
  send(`,
      },
    ],
  },
  {
    id: 'H05',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'any message begins the election timeout anew',
    edits: [
      {
        file: STEP,
        find: '  switch (message.type) {\n',
        replace: '  resetElectionDeadline(state, now);\n  switch (message.type) {\n',
      },
    ],
  },
  {
    id: 'H06',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: "a leader ignores the higher term in a follower's answer",
    edits: [
      {
        file: STEP,
        find: 'if (message.term > state.currentTerm && !isAsking) {',
        replace:
          "if (message.term > state.currentTerm && !isAsking && message.type !== 'append-reply') {",
      },
    ],
  },
  {
    id: 'H07',
    tier: 2,
    violates: ['ES'],
    also: ['monotonic', 'effect-order'],
    note: 'a term that is learned from others is not written down until something else is',
    edits: [
      {
        file: STEP_DOWN,
        find: '    persistHardState(state, out, term, null);\n',
        replace: '    state.currentTerm = term;\n    state.votedFor = null;\n',
      },
    ],
  },
  {
    id: 'H08',
    tier: 2,
    violates: ['ES', 'DUR'],
    also: ['monotonic'],
    note: 'a vote in a term that is on the disk already is kept in memory alone',
    edits: [
      {
        file: VOTER,
        find: '    persistHardState(state, out, state.currentTerm, asked.from);\n',
        replace: `    if (out.records.length > 0) persistHardState(state, out, state.currentTerm, asked.from);
    else state.votedFor = asked.from;
`,
      },
    ],
  },
  {
    id: 'H09',
    tier: 2,
    violates: ['ES'],
    also: ['monotonic', 'effect-order'],
    note: 'a candidate asks for votes before the disk holds its term and its own vote',
    edits: [
      {
        file: ELECTION,
        find: "      send(state, out, { type: 'vote', ...envelope, ...log, isTransfer });\n",
        replace: "      out.sendNow.push({ type: 'vote', ...envelope, ...log, isTransfer });\n",
      },
    ],
  },
  {
    id: 'H10',
    tier: 2,
    violates: ['ES'],
    note: "the leader's first append takes the follower's vote of that term back",
    edits: [
      {
        file: FOLLOWER,
        find: '  state.leaderMember = append.from;\n',
        replace: '  state.leaderMember = append.from;\n  state.votedFor = null;\n',
      },
    ],
  },
  {
    id: 'H11',
    tier: 2,
    violates: ['ES'],
    note: 'a candidate counts itself, but its vote may go to another one too',
    edits: [
      {
        file: ELECTION,
        find: '(state.currentTerm + 1) as Term, state.config.self);',
        replace: '(state.currentTerm + 1) as Term, null);',
      },
    ],
  },
  {
    id: 'H12',
    tier: 2,
    violates: ['AVAIL', 'ES'],
    note: 'a word to campaign that comes late, of an older term, is obeyed',
    edits: [
      {
        file: STEP,
        find: "  if (term !== state.currentTerm || state.role !== 'follower') return;\n",
        replace: "  if (term > state.currentTerm || state.role !== 'follower') return;\n",
      },
    ],
  },
  {
    id: 'H13',
    tier: 2,
    violates: ['AVAIL'],
    note: 'learners count when a leader asks itself whether it hears a quorum',
    edits: [
      {
        file: LEADER,
        find: '  return hasQuorum(currentConfiguration(state), (member) => {\n',
        replace: `  const { voters } = currentConfiguration(state);
  const heard = leading.progress.filter(
    ({ lastContact }) => now - lastContact <= state.config.electionTimeoutMs,
  );
  if (heard.length > voters.length / 2) return true;
  return hasQuorum(currentConfiguration(state), (member) => {
`,
      },
    ],
  },
  {
    id: 'H14',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'a pre-vote raises the term of whoever is asked',
    edits: [
      {
        file: VOTER,
        find: `now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
  send(`,
        replace: `now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
  if (asked.askedTerm > state.currentTerm + 1) {
    becomeFollower(state, out, (asked.askedTerm - 1) as typeof asked.askedTerm, now);
  }
  send(`,
      },
    ],
  },
  {
    id: 'H15',
    tier: 2,
    violates: ['LIVE'],
    note: 'a log of the same length is not up to date',
    edits: [
      {
        file: VOTER,
        find: '  return asked.lastIndex >= lastIndex(state.log);\n',
        replace: '  return asked.lastIndex > lastIndex(state.log);\n',
      },
    ],
  },
  {
    id: 'H16',
    tier: 2,
    violates: ['LC'],
    note: 'a candidate is measured by what the voter knows to be committed',
    edits: [
      {
        file: VOTER,
        find: '  if (asked.lastTerm !== ownTerm) return asked.lastTerm > ownTerm;\n  return asked.lastIndex >= lastIndex(state.log);\n',
        replace:
          '  if (asked.lastTerm > ownTerm) return true;\n  return asked.lastIndex >= state.commitIndex;\n',
      },
      {
        file: VOTER,
        find: "import { lastIndex, lastTerm } from './log.ts';",
        replace: "import { lastTerm } from './log.ts';",
      },
    ],
  },
  {
    id: 'H17',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'election timeouts are all alike',
    edits: [
      {
        file: STEP_DOWN,
        find: '(now + base + nextBelow(state.prng, base)) as Millis;',
        replace: '(now + base + 0 * nextBelow(state.prng, base)) as Millis;',
      },
    ],
  },
  {
    id: 'H18',
    tier: 2,
    violates: ['AVAIL', 'ES'],
    note: 'a learner campaigns like everybody else',
    edits: [
      {
        file: ELECTION,
        find: '  if (!isVoteNeeded(state) || state.isQuarantined) return;\n',
        replace:
          '  if (currentConfiguration(state).voters.length === 0 || state.isQuarantined) return;\n',
      },
    ],
  },
  {
    id: 'H19',
    tier: 2,
    violates: ['ES'],
    also: ['monotonic'],
    note: 'a restarted node knows its term but not its vote',
    edits: [
      {
        file: 'src/core/raft/start.ts',
        find: '    votedFor: config.hardState.votedFor,\n',
        replace: '    votedFor: null,\n',
      },
    ],
  },
  {
    id: 'H20',
    tier: 2,
    violates: ['AVAIL', 'ES'],
    note: 'a pre-candidate goes on to campaign with its own pre-vote and one other',
    edits: [
      {
        file: ELECTION,
        find: `hasQuorum(configuration, (member) => includesMember(granted, member))) {
    startElection(`,
        replace: `granted.length > 1 || hasQuorum(configuration, (one) => includesMember(granted, one))) {
    startElection(`,
      },
    ],
  },
  {
    id: 'H21',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'a follower forgets its leader when somebody asks it for a pre-vote',
    edits: [
      {
        file: VOTER,
        find: `now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
  send(`,
        replace: `now: Millis): void {
  const isDisturbing = hasFreshLeader(state, now) && asked.from.id !== state.leader;
  if (state.role === 'follower') state.leader = NOBODY;
  send(`,
      },
    ],
  },
  {
    id: 'H22',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'a leader that hears from a later term steps down, and forgets to take the term over',
    edits: [
      {
        file: STEP_DOWN,
        find: '  if (term > state.currentTerm) {\n',
        replace: '  if (term > state.currentTerm && wasFollower) {\n',
      },
    ],
  },
  {
    id: 'H23',
    tier: 2,
    violates: ['AVAIL', 'LIVE', 'ES'],
    note: 'a candidate keeps the votes of its last term when it stands again',
    edits: [
      {
        file: ELECTION,
        find: '  state.candidate = newCandidate(state, now);\n',
        replace: '  state.candidate = { ...newCandidate(state, now), ...state.candidate };\n',
      },
    ],
  },
  {
    id: 'H24',
    tier: 2,
    violates: ['LC', 'LIVE'],
    note: 'a voter whose log was compacted to its end takes every log for up to date',
    edits: [
      {
        file: VOTER,
        find: '  const ownTerm = lastTerm(state.log);\n',
        replace: `  if (state.log.entries.length === 0) return true;
  const ownTerm = lastTerm(state.log);
`,
      },
    ],
  },
  {
    id: 'H25',
    tier: 2,
    violates: ['LC', 'LIVE'],
    note: 'a candidate whose log was compacted to its end says that it has none',
    edits: [
      {
        file: ELECTION,
        find: '    const log = { lastIndex: lastIndex(state.log), lastTerm: lastTerm(state.log) };\n',
        replace: `    const isEmpty = state.log.entries.length === 0;
    const log = isEmpty
      ? { lastIndex: 0 as never, lastTerm: 0 as never }
      : { lastIndex: lastIndex(state.log), lastTerm: lastTerm(state.log) };
`,
      },
    ],
  },
  {
    id: 'H26',
    tier: 2,
    violates: ['ES', 'LIVE'],
    note: 'a vote of an older term binds the voter in a later one, once it was restarted',
    edits: [
      {
        file: STEP_DOWN,
        find: '    persistHardState(state, out, term, null);\n',
        replace: `    const isOld = state.hardStateTicket === 0;
    persistHardState(state, out, term, isOld ? state.votedFor : null);
`,
      },
    ],
  },
];

export const HOLDOUT_ELECTION_MUTANTS = rows.map((row) => newMutant(row, 'cluster'));
