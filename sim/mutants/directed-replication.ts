/** Bugs of the log, for directed scenarios that no row of the catalogue makes fail. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'X04',
    tier: 2,
    violates: ['LIVE'],
    note: `a new leader writes no entry of its own: what older terms left stays uncommitted`,
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: `  appendAsLeader(state, out, { entryKind: ENTRY_KIND.COMMANDS, count: 0, bytes, wall: 0 }, now);
}`,
        replace: '}',
      },
    ],
  },
  {
    id: 'X11',
    tier: 2,
    violates: ['LIVE'],
    note: 'a leader steps back one entry for each rejection, whatever the hint',
    edits: [
      {
        file: 'src/core/raft/replicate.ts',
        find: `  const agreed = findConflictByTerm(state.log, reply.hintIndex, reply.hintTerm);
`,
        replace: '  const agreed = reply.rejectedIndex - 1;\n',
      },
    ],
  },
  {
    id: 'X12',
    tier: 2,
    violates: ['AVAIL'],
    note: 'nothing bounds what is in flight to a follower',
    edits: [
      {
        file: 'src/core/raft/progress.ts',
        find: `        progress.inflightBytes >= config.inflightBytesMax ||
        progress.nextIndex - 1 - progress.matchIndex >= config.inflightEntriesMax
`,
        replace: '        progress.inflightBytes < 0\n',
      },
    ],
  },
  {
    id: 'X19',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a new member counts as silent since ever',
    edits: [
      {
        file: 'src/core/raft/progress.ts',
        find: '    lastContact: now,\n',
        replace: '    lastContact: 0 as Millis,\n',
      },
    ],
  },
  {
    id: 'X22',
    tier: 2,
    violates: ['DUR'],
    note: 'what was sent to a follower counts as held there',
    edits: [
      {
        file: 'src/core/raft/commit.ts',
        find: '  return findProgress(leading, member)?.matchIndex ?? (0 as LogIndex);\n',
        replace: '  return ((findProgress(leading, member)?.nextIndex ?? 1) - 1) as LogIndex;\n',
      },
    ],
  },
  {
    id: 'X23',
    tier: 2,
    violates: ['DUR'],
    note: 'a restarted node begins without the entries behind its snapshot',
    edits: [
      {
        file: 'src/core/raft/start.ts',
        find: '  for (const entry of config.entries) restoreEntry(state, entry);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'X24',
    tier: 2,
    violates: ['SMS'],
    note: 'a restarted node takes its whole log for committed',
    edits: [
      {
        file: 'src/core/raft/start.ts',
        find: '  state.durableIndex = lastIndex(log);\n',
        replace: `  state.durableIndex = lastIndex(log);
  state.commitIndex = lastIndex(log);
`,
      },
    ],
  },
  {
    id: 'X25',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a read waits for every voter, not for a quorum',
    edits: [
      {
        file: 'src/core/raft/reads.ts',
        find: `  return hasQuorum(
    currentConfiguration(state),
`,
        replace: '  return currentConfiguration(state).voters.every(\n',
      },
    ],
  },
  {
    id: 'X26',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a member that takes nothing holds up all the others',
    edits: [
      {
        file: 'src/core/raft/replicate.ts',
        find: `  for (const progress of leading.progress) {
    if (!sameMember(progress.member, state.config.self)) replicate(state, out, progress);
`,
        replace: `  const { self } = state.config;
  const others = leading.progress.filter(({ member }) => !sameMember(member, self));
  if (others.some((progress) => isWindowFull(progress, state.config))) return;
  for (const progress of others) {
    replicate(state, out, progress);
`,
      },
    ],
  },
  {
    id: 'X27',
    tier: 2,
    violates: ['LM'],
    note: 'an append without entries is acknowledged whatever it stands behind',
    edits: [
      {
        file: 'src/core/raft/follower.ts',
        find: '  if (!matchesLog(state, append)) {\n',
        replace: '  if (append.entries.length > 0 && !matchesLog(state, append)) {\n',
      },
    ],
  },
  {
    id: 'X28',
    tier: 2,
    violates: ['LIVE'],
    note: 'a snapshot is asked for once; if it is lost, nobody asks again',
    edits: [
      {
        file: 'src/core/raft/replicate.ts',
        find: '    out.snapshotsWanted.push(progress.member);\n    sendAppend(',
        replace: '    sendAppend(',
      },
    ],
  },
  {
    id: 'X29',
    tier: 2,
    violates: ['AVAIL'],
    note: 'every append leaves three times',
    edits: [
      {
        file: 'src/core/raft/replicate.ts',
        find: `  sendAppend(state, out, { progress, previousIndex, entries, clock: 0 });
  if (progress.mode`,
        replace: `  for (let n = 0; n < 3; n++) {
    sendAppend(state, out, { progress, previousIndex, entries, clock: 0 });
  }
  if (progress.mode`,
      },
    ],
  },
  {
    id: 'X30',
    tier: 2,
    violates: ['AVAIL'],
    note: 'an entry leaves with the next heartbeat',
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: `  replicateToAll(state, out, leading);
  advanceCommit(state, out);
  return index;
`,
        replace: `  advanceCommit(state, out);
  return index;
`,
      },
    ],
  },
  {
    id: 'X31',
    tier: 2,
    violates: ['LC'],
    note: 'an entry of an older term is committed by counting',
    edits: [
      {
        file: 'src/core/raft/commit.ts',
        find: '  if (termAt(state.log, index) !== state.currentTerm) return;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'X32',
    tier: 2,
    violates: ['AVAIL'],
    note: 'each heartbeat asks for an answer twice',
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: '    heartbeatToAll(state, out, leading, clusterTime(state, leading, wall, now));\n',
        replace: `    for (let n = 0; n < 8; n++) {
      heartbeatToAll(state, out, leading, clusterTime(state, leading, wall, now));
    }
`,
      },
    ],
  },
];

export const DIRECTED_REPLICATION_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
