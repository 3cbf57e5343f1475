/** Bugs of membership and snapshots that other systems had, kept apart to test the tester. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const QUORUM = 'src/core/raft/quorum.ts';
const CONFIGURATIONS = 'src/core/raft/configurations.ts';
const SNAPSHOT = 'src/core/raft/snapshot.ts';
const RECEIVE = 'src/core/snapshots/receive.ts';
const STORE = 'src/core/store/snapshot.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'H60',
    tier: 2,
    violates: ['ES', 'LC'],
    note: 'a joint configuration elects by the majority of all its members together',
    edits: [
      {
        file: QUORUM,
        find: '  if (!hasMajority(configuration.voters, holds)) return false;\n',
        replace: `  const all = [...configuration.voters];
  for (const voter of configuration.outgoing) {
    if (!all.some(({ id, store }) => id === voter.id && store === voter.store)) all.push(voter);
  }
  if (configuration.outgoing.length > 0) return hasMajority(all, holds);
  if (!hasMajority(configuration.voters, holds)) return false;
`,
      },
    ],
  },
  {
    id: 'H61',
    tier: 2,
    violates: ['DUR', 'LC', 'ES'],
    note: 'a leader that votes no more counts itself still',
    edits: [
      {
        file: 'src/core/raft/commit.ts',
        find: '  const index = quorumIndex(currentConfiguration(state), (member) =>\n',
        replace: `  const now = currentConfiguration(state);
  const isIn = now.voters.some((voter) => sameMember(voter, state.config.self));
  const voters = isIn ? now.voters : [...now.voters, state.config.self];
  const index = quorumIndex({ ...now, voters }, (member) =>
`,
      },
    ],
  },
  {
    id: 'H62',
    tier: 2,
    violates: ['DUR', 'LC'],
    note: 'a new member is taken to hold the whole log',
    edits: [
      {
        file: 'src/core/raft/progress.ts',
        find: '(member) => findProgress(leading, member) ?? newProgress(member, nextIndex, now),',
        replace: `(member) => {
      const known = findProgress(leading, member);
      if (known !== null) return known;
      const row = newProgress(member, nextIndex, now);
      if (leading.progress.length > 0) row.matchIndex = (nextIndex - 1) as LogIndex;
      return row;
    },`,
      },
    ],
  },
  {
    id: 'H63',
    tier: 2,
    violates: ['SMS', 'ES', 'LC'],
    note: 'a snapshot carries the newest configuration, committed or not',
    edits: [
      {
        file: CONFIGURATIONS,
        find: '  for (const candidate of state.configurations) if (candidate.index <= index) found = candidate;\n  return found.configuration;',
        replace:
          '  if (index > 0) found = state.configurations.at(-1)!;\n  return found.configuration;',
      },
    ],
  },
  {
    id: 'H64',
    tier: 2,
    violates: ['ES', 'LC', 'LIVE'],
    note: 'a configuration that is cut off first of all stays in force',
    edits: [
      {
        file: CONFIGURATIONS,
        find: 'configurations[configurations.length - 1]!.index >= from) {',
        replace: 'configurations[configurations.length - 1]!.index > from) {',
      },
    ],
  },
  {
    id: 'H65',
    tier: 2,
    violates: ['ES', 'LC', 'LIVE'],
    note: 'a compaction forgets all configurations but the newest, committed or not',
    edits: [
      {
        file: CONFIGURATIONS,
        find: 'while (configurations.length > 1 && configurations[1]!.index <= index) configurations.shift();',
        replace: 'while (configurations.length > 1 && index > 0) configurations.shift();',
      },
    ],
  },
  {
    id: 'H66',
    tier: 2,
    violates: ['ES', 'LC', 'LIVE'],
    note: 'a restarted node knows the configuration of its snapshot, not those of its log',
    edits: [
      {
        file: 'src/core/raft/start.ts',
        find: '  adoptConfiguration(state, entry);\n',
        replace: '  if (state.log.baseIndex === 0) adoptConfiguration(state, entry);\n',
      },
    ],
  },
  {
    id: 'H67',
    tier: 2,
    violates: ['LIVE'],
    note: 'whoever was removed by an entry that is not committed never campaigns',
    edits: [
      {
        file: CONFIGURATIONS,
        find: '    if (index <= commitIndex) return false;\n',
        replace: '    if (index >= 0 * commitIndex) return false;\n',
      },
    ],
  },
  {
    id: 'H68',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'the successor of a lost store votes before it has caught up',
    edits: [
      {
        file: 'src/node/replacement.ts',
        find: '    if (progress === null || progress.matchIndex < group.raft.commitIndex) continue;\n',
        replace: '    if (progress === null) continue;\n',
      },
    ],
  },
  {
    id: 'H69',
    tier: 2,
    violates: ['ES', 'LC', 'DUR'],
    note: 'a store is replaced though its predecessor was heard from a moment ago',
    edits: [
      {
        file: 'src/node/replacement.ts',
        find: '  return silence >= SILENT_TIMEOUTS * node.config.electionTimeoutMs;\n',
        replace: '  return silence >= 0 * SILENT_TIMEOUTS;\n',
      },
    ],
  },
  {
    id: 'H70',
    tier: 2,
    violates: ['LIVE', 'AVAIL', 'DUR'],
    note: 'a chunk of a snapshot is put behind the last one, wherever it belongs',
    edits: [
      {
        file: RECEIVE,
        find: '  if (offset !== receipt.acceptedBytes) {\n',
        replace:
          '  if (offset !== receipt.acceptedBytes && arrival.chunk.round < receipt.round) {\n',
      },
    ],
  },
  {
    id: 'H71',
    tier: 2,
    violates: ['LIN', 'SMS'],
    also: ['sessions'],
    note: 'a state that was loaded has no sessions',
    edits: [{ file: STORE, find: '  state.sessions = reader.sessions;\n', replace: '' }],
  },
  {
    id: 'H72',
    tier: 2,
    violates: ['LIN', 'SMS'],
    also: ['monotonic'],
    note: 'a state that was loaded goes on with the revision that was there before',
    edits: [{ file: STORE, find: '  state.revision = head.revision;\n', replace: '' }],
  },
  {
    id: 'H73',
    tier: 2,
    violates: ['LIN', 'SMS'],
    also: ['monotonic'],
    note: 'a state that was loaded does not know what time it is',
    edits: [{ file: STORE, find: '  state.logTime = head.logTime;\n', replace: '' }],
  },
  {
    id: 'H74',
    tier: 2,
    violates: ['LIN', 'SMS'],
    also: ['sessions'],
    note: 'sessions that come out of a snapshot count their uses from the beginning',
    edits: [
      {
        file: 'src/core/store/snapshot-reader.ts',
        find: '      this.sessions.useCount = head.useCount;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'H75',
    tier: 2,
    violates: ['SMS', 'LIN'],
    also: ['monotonic'],
    note: 'a log that was compacted to its end has no time of its own',
    edits: [
      {
        file: SNAPSHOT,
        find: '  state.baseStamp = entryStamp(entryAt(state.log, base));\n',
        replace: '',
      },
    ],
  },
  {
    id: 'H76',
    tier: 2,
    violates: ['DUR'],
    note: 'a received snapshot is acknowledged before its mark is durable',
    edits: [
      {
        file: SNAPSHOT,
        find: '  send(state, out, reply, state.lastTicket);\n',
        replace: '  send(state, out, reply);\n',
      },
    ],
  },
  {
    id: 'H77',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'a snapshot is removed while it is being sent',
    edits: [
      {
        file: 'src/core/snapshots/files.ts',
        find: '  return state.transfers.some((transfer) => transfer.file === file);\n',
        replace: '  return state.transfers.length < 0;\n',
      },
    ],
  },
  {
    id: 'H78',
    tier: 2,
    violates: ['AVAIL'],
    also: ['memory-bound'],
    note: 'a snapshot does not shorten the log in memory',
    edits: [
      {
        file: SNAPSHOT,
        find: '  forgetThrough(state, trailingBase(state, index));\n',
        replace: '  if (index < 0) forgetThrough(state, trailingBase(state, index));\n',
      },
    ],
  },
  {
    id: 'H79',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'a member that waits for a snapshot is not told that others are committing',
    edits: [
      {
        file: 'src/core/raft/progress.ts',
        find: "  if (progress.mode === 'snapshot' && !hasSnapshot) return;\n",
        replace:
          "  if (progress.mode === 'snapshot' && !hasSnapshot) return;\n  if (progress.mode === 'snapshot') return;\n",
      },
    ],
  },
  {
    id: 'H80',
    tier: 2,
    violates: ['SMS', 'LC', 'LIVE'],
    also: ['index-order', 'log-matching', 'durable-quorum'],
    note: 'a received snapshot keeps the entries behind it, though they belong to another history',
    edits: [
      {
        file: SNAPSHOT,
        find: 'if (termAt(state.log, meta.index) === meta.term) {',
        replace: 'if ((termAt(state.log, meta.index) ?? 0) >= meta.term) {',
      },
    ],
  },
  {
    id: 'H81',
    tier: 2,
    violates: ['DUR', 'SMS', 'AVAIL'],
    note: 'pieces of two snapshots of one index make one file',
    edits: [
      {
        file: RECEIVE,
        find: 'return sameFile(receipt.identity, chunk.identity) ? receipt : null;',
        replace: 'return receipt.identity.index <= chunk.identity.index ? receipt : null;',
      },
    ],
  },
  {
    id: 'H82',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'what an earlier attempt left under the temporary name is written over, not removed',
    edits: [
      {
        file: 'src/core/snapshots/landing.ts',
        find: '      if (lane.isLittered) return clear(lane);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'H83',
    tier: 2,
    violates: ['LIN', 'SMS', 'DUR'],
    note: 'a snapshot misses the old form of what changed while it was written',
    edits: [
      {
        file: 'src/core/store/snapshot-writer.ts',
        find: '    return low < this.#nextLow;\n',
        replace: '    return low <= this.#nextLow;\n',
      },
    ],
  },
  {
    id: 'H84',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a member whose next entry is in the log is sent the snapshot all the same',
    edits: [
      {
        file: 'src/core/raft/replicate.ts',
        find: `  if (termAt(state.log, previousIndex) === null) {
    wantSnapshot(state, out, progress);
    return false;`,
        replace: `  if (previousIndex < state.snapshotIndex) {
    wantSnapshot(state, out, progress);
    return false;`,
      },
    ],
  },
  {
    id: 'H85',
    tier: 2,
    violates: ['DUR', 'LC'],
    note: 'a received snapshot drops the entries behind it, though they go on from it',
    edits: [
      {
        file: SNAPSHOT,
        find: 'if (termAt(state.log, meta.index) === meta.term) {',
        replace: 'if (meta.index === lastIndex(state.log) && state.snapshotTerm === meta.term) {',
      },
    ],
  },
  {
    id: 'H86',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'a transfer of a snapshot that failed leaves its member waiting for it',
    edits: [
      {
        file: SNAPSHOT,
        find: '  probeFrom(progress, sent.isInstalled ? sent.index + 1 : progress.matchIndex + 1);\n',
        replace: `  if (!sent.isInstalled) return;
  probeFrom(progress, sent.index + 1);
`,
      },
    ],
  },
];

export const HOLDOUT_MEMBER_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
