/** Bugs of the log that other systems had, kept apart to test the tester. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const FOLLOWER = 'src/core/raft/follower.ts';
const REPLIES = 'src/core/raft/replies.ts';
const REPLICATE = 'src/core/raft/replicate.ts';
const PROGRESS = 'src/core/raft/progress.ts';
const COMMIT = 'src/core/raft/commit.ts';
const PERSIST = 'src/core/raft/persist.ts';
const LOG = 'src/core/raft/log.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'H30',
    tier: 2,
    violates: ['LC', 'DUR'],
    note: 'a shorter append that matches cuts off what stands behind it',
    edits: [
      {
        file: FOLLOWER,
        find: '    if (held === entryTerm(entry)) continue;\n',
        replace: `    if (held === entryTerm(entry)) {
      const isLast = entry === append.entries[append.entries.length - 1];
      if (isLast && index < lastIndex(state.log)) {
        persistTruncation(state, out, (index + 1) as LogIndex);
      }
      continue;
    }
`,
      },
    ],
  },
  {
    id: 'H31',
    tier: 2,
    violates: ['LM', 'DUR', 'SMS'],
    note: 'an append fits wherever there is an entry, whatever its term',
    edits: [
      {
        file: FOLLOWER,
        find: 'return termAt(state.log, append.previousIndex) === append.previousTerm;',
        replace: 'return termAt(state.log, append.previousIndex) !== null;',
      },
    ],
  },
  {
    id: 'H32',
    tier: 2,
    violates: ['DUR', 'LC'],
    note: 'whoever accepts anything is taken to hold all that was sent',
    edits: [
      {
        file: REPLIES,
        find: 'acceptThrough(progress, state.log, reply.matchIndex);',
        replace:
          'acceptThrough(progress, state.log, (progress.nextIndex - 1) as typeof reply.matchIndex);',
      },
    ],
  },
  {
    id: 'H33',
    tier: 2,
    violates: ['DUR'],
    note: 'an acknowledgement does not wait for the disk',
    edits: [
      {
        file: FOLLOWER,
        find: '  send(state, out, reply, ticketAt(state.log, matchIndex));\n',
        replace: '  send(state, out, reply);\n',
      },
    ],
  },
  {
    id: 'H34',
    tier: 2,
    violates: ['DUR'],
    note: 'an append that brings nothing new is acknowledged at once, synced or not',
    edits: [
      {
        file: FOLLOWER,
        find: '  send(state, out, reply, ticketAt(state.log, matchIndex));\n',
        replace: `  const isNews = append.entries.length > 0 && out.records.length > 0;
  send(state, out, reply, isNews ? ticketAt(state.log, matchIndex) : 0);
`,
      },
    ],
  },
  {
    id: 'H35',
    tier: 2,
    violates: ['DUR'],
    note: 'a sync makes the whole log durable, what came while it was under way too',
    edits: [
      {
        file: PERSIST,
        find: '  while (index < last && ticketAt(state.log, (index + 1) as LogIndex) <= ticket) index++;\n',
        replace: '  if (ticket > 0) index = last;\n',
      },
    ],
  },
  {
    id: 'H36',
    tier: 2,
    violates: ['DUR', 'SMS'],
    also: ['index-order'],
    note: 'what was cut off and written anew counts as durable still',
    edits: [
      {
        file: PERSIST,
        find: '  state.durableIndex = Math.min(state.durableIndex, from - 1) as LogIndex;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'H37',
    tier: 2,
    violates: ['DUR', 'LC', 'SMS'],
    note: 'a leader that leads again remembers what its followers held in its last office',
    edits: [
      {
        file: 'src/core/raft/roles.ts',
        find: "  if (role !== 'leader') state.leading = null;\n",
        replace: `  if (state.leading !== null) state.formerProgress = state.leading.progress;
  if (role !== 'leader') state.leading = null;
`,
      },
      {
        file: 'src/core/raft/leader.ts',
        find: '    progress: [],\n',
        replace: '    progress: state.formerProgress ?? [],\n',
      },
      {
        file: 'src/core/raft/leader.ts',
        find: '  for (const clock of clocks) {\n',
        replace: `  for (const row of state.leading.progress) {
    row.mode = 'probe';
    row.isProbeOut = false;
    row.lastContact = now;
    row.matchIndex = Math.min(row.matchIndex, lastIndex(state.log));
    row.nextIndex = lastIndex(state.log) + 1;
    row.ackedRound = 0;
  }
  for (const clock of clocks) {
`,
      },
    ],
  },
  {
    id: 'H38',
    tier: 2,
    violates: ['DUR', 'LC', 'SMS'],
    note: "an answer to the leader's former self, of an older term, counts",
    edits: [
      {
        file: REPLIES,
        find: '  if (state.leading === null || reply.term !== state.currentTerm) return;\n',
        replace: '  if (state.leading === null) return;\n',
      },
      {
        file: PROGRESS,
        find: "  assert(index <= lastIndex(log), 'durable-quorum', 'a follower matched beyond the log');\n",
        replace: '  if (index > lastIndex(log)) return;\n',
      },
    ],
  },
  {
    id: 'H39',
    tier: 2,
    violates: ['LIVE'],
    note: 'an append names its own term as that of the entry before it',
    edits: [
      {
        file: REPLICATE,
        find: 'const previousTerm = previousIndex === 0 ? 0 : termAt(state.log, previousIndex);',
        replace: `const isNew = previousIndex > state.snapshotIndex;
  const previousTerm = isNew ? state.currentTerm : termAt(state.log, previousIndex);`,
      },
    ],
  },
  {
    id: 'H40',
    tier: 2,
    violates: ['LC', 'SMS'],
    also: ['durable-quorum'],
    note: 'a leader commits what was in its log when it was elected',
    edits: [
      {
        file: COMMIT,
        find: '  if (index <= state.commitIndex) return;\n',
        replace: `  if (index <= state.commitIndex) return;
  if (index < leading.noopIndex) {
    commitThrough(state, out, index);
    return;
  }
`,
      },
    ],
  },
  {
    id: 'H41',
    tier: 2,
    violates: ['LM', 'SMS', 'LC'],
    note: 'the term of the entry at which the log was compacted is not remembered',
    edits: [
      {
        file: LOG,
        find: `  log.baseTerm = term;
  log.baseTicket = ticket;
}`,
        replace: `  log.baseTicket = ticket;
}`,
      },
    ],
  },
  {
    id: 'H42',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'a rejected probe is not followed by another one',
    edits: [
      {
        file: REPLICATE,
        find: '  probeFrom(progress, Math.min(reply.rejectedIndex, agreed + 1));\n',
        replace: '  progress.nextIndex = Math.max(progress.matchIndex + 1, agreed) as LogIndex;\n',
      },
    ],
  },
  {
    id: 'H43',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'the search for the match point never goes below the first index of the office',
    edits: [
      {
        file: REPLICATE,
        find: '  probeFrom(progress, Math.min(reply.rejectedIndex, agreed + 1));\n',
        replace: `  const floor = state.leading!.noopIndex - 8;
  probeFrom(progress, Math.max(floor, Math.min(reply.rejectedIndex, agreed + 1)));
`,
      },
    ],
  },
  {
    id: 'H44',
    tier: 2,
    violates: ['LIVE', 'AVAIL'],
    note: 'a follower that lacks entries says that it rejects its own last one',
    edits: [
      {
        file: FOLLOWER,
        find: '    rejectedIndex: append.previousIndex,\n',
        replace: '    rejectedIndex: hintIndex,\n',
      },
    ],
  },
  {
    id: 'H46',
    tier: 2,
    violates: ['SMS', 'LIN'],
    also: ['monotonic', 'index-order'],
    note: 'a leader tells each follower that all it was sent is committed',
    edits: [
      {
        file: REPLICATE,
        find: '    commitIndex: state.commitIndex,\n',
        replace: '    commitIndex: Math.max(state.commitIndex, progress.matchIndex) as LogIndex,\n',
      },
    ],
  },
  {
    id: 'H47',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'what was committed is told with the next write only, never by a heartbeat',
    edits: [
      {
        file: FOLLOWER,
        find: '  commitThrough(state, out, Math.min(append.commitIndex, matchIndex) as LogIndex);\n',
        replace: `  if (append.entries.length > 0) {
    commitThrough(state, out, Math.min(append.commitIndex, matchIndex) as LogIndex);
  }
`,
      },
    ],
  },
  {
    id: 'H48',
    tier: 2,
    violates: ['AVAIL'],
    also: ['queue-bound'],
    note: 'an append whose answer is late is sent again with every answer',
    edits: [
      {
        file: REPLIES,
        find: '  replicate(state, out, progress);\n',
        replace: `  if (progress.mode === 'replicate' && progress.matchIndex + 1 < progress.nextIndex) {
    progress.nextIndex = (progress.matchIndex + 1) as typeof progress.nextIndex;
    progress.inflightBytes = 0;
  }
  replicate(state, out, progress);
`,
      },
    ],
  },
];

export const HOLDOUT_REPLICATION_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
