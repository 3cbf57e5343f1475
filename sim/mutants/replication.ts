/** Bugs of replication, acknowledgement and commit. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const FOLLOWER = 'src/core/raft/follower.ts';
const REPLIES = 'src/core/raft/replies.ts';
const REPLICATE = 'src/core/raft/replicate.ts';
const PROGRESS = 'src/core/raft/progress.ts';
const COMMIT = 'src/core/raft/commit.ts';
const QUORUM = 'src/core/raft/quorum.ts';
const STEP = 'src/core/raft/step.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'A02',
    tier: 1,
    violates: ['DUR'],
    note: 'the leader counts its own entries before its disk holds them',
    edits: [
      {
        file: COMMIT,
        find: 'if (sameMember(member, state.config.self)) return state.durableIndex;',
        replace: 'if (sameMember(member, state.config.self)) return lastIndex(state.log);',
      },
    ],
  },
  {
    id: 'A06',
    tier: 1,
    violates: ['ES', 'LC'],
    also: ['durable-quorum'],
    note: 'of an even number, half is taken for a majority',
    edits: [
      {
        file: QUORUM,
        find: 'Math.floor(count / 2) + 1;',
        replace: 'Math.floor(count / 2) + (count % 2);',
      },
    ],
  },
  {
    id: 'A09',
    tier: 1,
    violates: ['LC', 'DUR'],
    note: "learners' acknowledgements count towards commitment",
    edits: [
      {
        file: QUORUM,
        find: 'const incoming = majorityIndex(configuration.voters, indexOf);',
        replace: `const all = [...configuration.voters, ...configuration.learners].map(indexOf);
  all.sort((left, right) => right - left);
  const incoming = all[majorityOf(configuration.voters.length) - 1] ?? (0 as LogIndex);`,
      },
    ],
  },
  {
    id: 'A10',
    tier: 1,
    violates: ['SMS'],
    note: 'a follower commits its own tail on the word of an append that matched less',
    edits: [
      {
        file: FOLLOWER,
        find: 'Math.min(append.commitIndex, matchIndex) as LogIndex);',
        replace: 'Math.min(append.commitIndex, lastIndex(state.log)) as LogIndex);',
      },
    ],
  },
  {
    id: 'A12',
    tier: 2,
    violates: ['LM'],
    note: 'an entry that is there already is kept, whatever its term',
    edits: [
      {
        file: FOLLOWER,
        find: 'if (held === entryTerm(entry)) continue;',
        replace: 'if (held !== null) continue;',
      },
    ],
  },
  {
    id: 'A13',
    tier: 2,
    violates: ['DUR'],
    also: ['committed-immutable'],
    note: 'what does not match is cut off, even below the commit index',
    edits: [
      {
        file: FOLLOWER,
        find: '  if (append.previousIndex <= state.commitIndex) return true;\n',
        replace: '',
      },
      {
        file: FOLLOWER,
        find: '  if (!matchesLog(state, append)) {\n    reject(',
        replace: `  if (!matchesLog(state, append)) {
    const { previousIndex } = append;
    const isHeld = previousIndex > 0 && previousIndex <= lastIndex(state.log);
    if (isHeld) persistTruncation(state, out, previousIndex);
    reject(`,
      },
    ],
  },
  {
    id: 'A15',
    tier: 2,
    violates: ['LM', 'SMS'],
    note: 'an append from the very beginning is stored again, even behind a compaction',
    edits: [
      {
        file: FOLLOWER,
        find: 'if (index <= state.commitIndex) continue;',
        replace: 'if (index <= state.commitIndex && append.previousIndex > 0) continue;',
      },
    ],
  },
  {
    id: 'A17',
    tier: 1,
    violates: ['LC', 'DUR'],
    note: "an acknowledgement names the end of the follower's log, not what the append matched",
    edits: [
      {
        file: FOLLOWER,
        find: 'accept(state, out, { append, matchIndex, wall });',
        replace: 'accept(state, out, { append, matchIndex: lastIndex(state.log), wall });',
      },
    ],
  },
  {
    id: 'A18',
    tier: 1,
    violates: ['LIVE'],
    also: ['monotonic'],
    note: 'a late acknowledgement takes the match index back',
    edits: [
      {
        file: PROGRESS,
        find: 'if (index > progress.matchIndex) matchThrough(progress, log, index);',
        replace: 'matchThrough(progress, log, index);',
      },
    ],
  },
  {
    id: 'A19',
    tier: 1,
    violates: ['LC', 'DUR'],
    note: 'a rejection raises the match index to where the logs may agree',
    edits: [
      {
        file: REPLIES,
        find: '    receiveRejection(state, progress, reply);\n',
        replace: `    acceptThrough(progress, state.log, reply.hintIndex);
    advanceCommit(state, out);
    receiveRejection(state, progress, reply);
`,
      },
    ],
  },
  {
    id: 'A20',
    tier: 2,
    violates: ['SMS'],
    // A follower that is told of a commit and forgets it is seen by the watch over heartbeats, too.
    also: ['monotonic', 'liveness'],
    note: 'a follower may lower its commit index',
    edits: [
      {
        file: COMMIT,
        find: 'if (index > state.commitIndex) state.commitIndex = index;',
        replace: 'state.commitIndex = index;',
      },
    ],
  },
  {
    id: 'A21',
    tier: 1,
    violates: ['DUR'],
    note: 'an acknowledgement of the store that a node had before it lost its disk still counts',
    edits: [
      {
        file: REPLIES,
        find: 'const progress = findProgress(state.leading, reply.from);',
        replace: `const { id } = reply.from;
  const progress = state.leading.progress.find(({ member }) => member.id === id) ?? null;`,
      },
    ],
  },
  {
    id: 'A22',
    tier: 2,
    violates: ['LIVE'],
    also: ['monotonic'],
    note: 'an old rejection takes the next index below what is known to match',
    edits: [
      {
        file: REPLICATE,
        find: '  if (reply.rejectedIndex <= progress.matchIndex) return;\n',
        replace: '',
      },
      {
        file: PROGRESS,
        find: 'progress.nextIndex = Math.max(nextIndex, progress.matchIndex + 1) as LogIndex;',
        replace: 'progress.nextIndex = Math.max(nextIndex, 1) as LogIndex;',
      },
    ],
  },
  {
    id: 'A29',
    tier: 1,
    violates: ['DUR'],
    also: ['monotonic'],
    note: 'whatever write the disk finished last is taken for the end of what is durable',
    edits: [
      {
        file: 'src/core/wal/writer.ts',
        find: '    if (logged.ticket !== ZERO_TICKET) reportDurable(state, logged.ticket, out);\n',
        replace: '',
      },
      {
        file: 'src/core/wal/writer.ts',
        find: '  flush.isDone = true;\n',
        replace: `  flush.isDone = true;
  for (const logged of flush.records) {
    if (logged.ticket !== ZERO_TICKET) reportDurable(state, logged.ticket, out);
  }
`,
      },
    ],
  },
  {
    id: 'A30',
    tier: 1,
    violates: ['DUR'],
    note: 'a write that was finished makes durable what has been written anew at its index',
    edits: [
      {
        file: 'src/node/persist.ts',
        find: 'group.tickets.push({ node: node.lastTicket, raft: group.turnTicket });',
        replace: `const last = lastIndex(group.raft.log);
    group.tickets.push({ node: node.lastTicket, raft: group.turnTicket, last });`,
      },
      {
        file: 'src/node/persist.ts',
        find: '      raftTicket = group.tickets.shift()!.raft;\n',
        replace: `      group.durableLast = group.tickets[0].last;
      raftTicket = group.tickets.shift()!.raft;
`,
      },
      {
        file: 'src/node/persist.ts',
        find: 'index: logIndex(lastIndex(log)),',
        replace: 'index: group.durableLast,',
      },
      {
        file: STEP,
        find: '      synced(state, out, event.ticket, now);\n',
        replace: `      markDurable(state, event.ticket);
      if (event.index > state.durableIndex) {
        const last = state.log.baseIndex + state.log.entries.length;
        state.durableIndex = Math.min(event.index, last);
      }
      synced(state, out, event.ticket, now);
`,
      },
    ],
  },
  {
    id: 'A34',
    tier: 2,
    violates: ['LIVE'],
    // The count itself is checked, long before anybody waits for it.
    also: ['queue-bound'],
    note: 'what was rejected still counts as in flight',
    edits: [
      {
        file: PROGRESS,
        find: `  progress.inflightBytes = 0;
  progress.nextIndex = Math.max(`,
        replace: '  progress.nextIndex = Math.max(',
      },
      {
        file: PROGRESS,
        find: `as LogIndex;
    progress.inflightBytes = 0;
  }`,
        replace: `as LogIndex;
  }`,
      },
    ],
  },
  {
    id: 'A35',
    tier: 2,
    violates: ['LIVE'],
    note: 'the loss of an append in a pipeline shows only at the next write',
    edits: [
      {
        file: REPLICATE,
        find: `  const previousIndex = (progress.nextIndex - 1) as LogIndex;
  if (termAt(state.log, previousIndex) === null) {
    wantSnapshot(state, out, progress);
    sendAppend(`,
        replace: `  const sentIndex = (progress.nextIndex - 1) as LogIndex;
  const previousIndex = progress.mode === 'replicate' ? progress.matchIndex : sentIndex;
  if (termAt(state.log, previousIndex) === null) {
    wantSnapshot(state, out, progress);
    sendAppend(`,
      },
      {
        file: STEP,
        find: "if (progress === null || progress.mode === 'snapshot') return;",
        replace: "if (progress === null || progress.mode !== 'probe') return;",
      },
    ],
  },
  {
    id: 'A36',
    tier: 2,
    violates: ['LIVE'],
    note: 'the size of what is not committed yet only grows',
    edits: [
      {
        file: COMMIT,
        find: '  leading.uncommittedBytes -= bytesBetween(state.log, state.commitIndex, index);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'A38',
    tier: 2,
    violates: ['LIVE'],
    note: 'a leader with an empty log never sends its snapshot',
    edits: [
      {
        file: REPLICATE,
        find: '  awaitSnapshot(progress, state.snapshotIndex);\n',
        replace: `  if (state.log.entries.length === 0) return;
  awaitSnapshot(progress, state.snapshotIndex);
`,
      },
    ],
  },
  {
    id: 'A40',
    tier: 2,
    violates: ['SMS'],
    note: "a heartbeat commits a follower's tail beyond what the heartbeat matched",
    edits: [
      {
        file: FOLLOWER,
        find: 'Math.min(append.commitIndex, matchIndex) as LogIndex);',
        replace: `Math.min(
    append.commitIndex,
    append.entries.length === 0 ? lastIndex(state.log) : matchIndex,
  ) as LogIndex);`,
      },
    ],
  },
  {
    id: 'A45',
    tier: 2,
    violates: ['LM'],
    note: 'an entry that overwrites another is stored at the end of the log instead',
    edits: [
      {
        file: FOLLOWER,
        find: '    if (held !== null) persistTruncation(state, out, index);\n',
        replace: '',
      },
    ],
  },
];

export const REPLICATION_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
