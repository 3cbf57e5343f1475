/** Bugs of reads and of what clients see. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const READS = 'src/core/raft/reads.ts';
const STEP_DOWN = 'src/core/raft/step-down.ts';
const PINNED =
  'const index = Math.max(state.commitIndex, leading.noopIndex, read.minIndex) as LogIndex;';

const rows: readonly MutantRow[] = [
  {
    id: 'C02',
    tier: 1,
    violates: ['LIN'],
    note: 'a new leader answers reads before it knows what is committed',
    edits: [
      {
        file: READS,
        find: PINNED,
        replace: 'const index = Math.max(state.commitIndex, read.minIndex) as LogIndex;',
      },
    ],
  },
  {
    id: 'C03',
    tier: 1,
    violates: ['LIN'],
    note: 'any acknowledgement confirms a read, even of what was sent before the read came',
    edits: [
      {
        file: 'src/core/raft/replies.ts',
        find: 'progress.ackedRound = Math.max(progress.ackedRound, reply.round);',
        replace: 'progress.ackedRound = state.leading.round;',
      },
    ],
  },
  {
    id: 'C04',
    tier: 2,
    violates: ['LIN'],
    note: 'a leader that loses its office answers the reads that it could not confirm',
    edits: [
      {
        file: STEP_DOWN,
        find: 'for (const read of state.leading.reads) out.readsRefused.push(read.id);',
        replace: `for (const { id, index } of state.leading.reads) {
      if (index <= state.appliedIndex) out.readsSafe.push({ id, index });
      else out.readsRefused.push(id);
    }`,
      },
    ],
  },
  {
    id: 'C05',
    tier: 1,
    violates: ['LIN'],
    note: 'a confirmed read does not wait until what it must see is applied',
    edits: [
      {
        file: 'src/node/reads.ts',
        find: 'while (group.safe.length > 0 && group.safe[0]!.index <= group.store.appliedIndex) {',
        replace: 'while (group.safe.length > 0) {',
      },
    ],
  },
  {
    id: 'C06',
    tier: 2,
    violates: ['LIN'],
    note: 'a restarted node serves reads before it has applied its log again',
    edits: [
      {
        file: READS,
        find: PINNED,
        replace: 'const index = state.snapshotIndex;',
      },
    ],
  },
  {
    id: 'C17',
    tier: 2,
    violates: ['LIN', 'DUR'],
    // Who applies is asked what the disk holds, before anybody reads it.
    also: ['index-order'],
    note: 'a write is visible to readers before the disk of the node that shows it holds it',
    edits: [
      {
        file: 'src/core/raft/commit.ts',
        find: 'const through = Math.min(state.commitIndex, state.durableIndex) as LogIndex;',
        replace:
          'const through = state.leading === null ? state.commitIndex : lastIndex(state.log);',
      },
    ],
  },
  {
    id: 'C18',
    tier: 2,
    violates: ['LIN'],
    note: 'a page of a scan ends before the key that the next page begins behind',
    edits: [
      {
        file: 'src/core/store/reads.ts',
        find: '  const isOver = walk.address === 0;\n  if (!isOver) table',
        replace:
          '  if (walk.address !== 0) walk.next();\n  const isOver = walk.address === 0;\n  if (!isOver) table',
      },
    ],
  },
  {
    id: 'C19',
    tier: 2,
    violates: ['LIVE'],
    // A redirect in a circle is seen before anybody waits for its end.
    also: ['program-order'],
    note: 'a leader that stepped down still names itself as the leader',
    edits: [
      {
        file: STEP_DOWN,
        find: 'out.readsRefused.push(read.id);\n    forgetLeader(state);\n',
        replace: 'out.readsRefused.push(read.id);\n',
      },
    ],
  },
];

export const CLIENT_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
