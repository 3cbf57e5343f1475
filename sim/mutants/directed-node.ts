/** Bugs for directed scenes of whole nodes, and for tests of the log on disk. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'X40',
    tier: 2,
    violates: ['LIN'],
    note: 'a request that is asked again under its session is executed again',
    edits: [
      {
        file: 'src/core/store/apply.ts',
        find: '  } else if (session.results.has(sequence)) {\n',
        replace: '  } else if (sequence < 0) {\n',
      },
    ],
  },
  {
    id: 'X41',
    tier: 2,
    violates: ['SMS', 'DUR'],
    note: 'a state that was loaded goes on from the revision of its newest record',
    edits: [
      {
        file: 'src/core/store/snapshot.ts',
        find: '  state.revision = head.revision;\n',
        replace: '  state.revision = reader.newestRevision ?? 0;\n',
      },
      {
        file: 'src/core/store/snapshot-reader.ts',
        find: '    target.revision = revision;\n',
        replace: `    target.revision = revision;
    this.newestRevision = Math.max(this.newestRevision ?? 0, revision);
`,
      },
    ],
  },
  {
    id: 'X42',
    tier: 2,
    violates: ['DUR'],
    note: 'a second snapshot cleans up after the first, though that is being loaded',
    edits: [
      {
        file: 'src/core/snapshots/receive.ts',
        find: "  if (receipt?.phase === 'landed') return null;\n",
        replace: `  const landed = receipt?.phase === 'landed' ? findFile(state, receipt.identity.index) : null;
  if (landed !== null) dropFile(state, out, landed);
`,
      },
    ],
  },
  {
    id: 'X43',
    tier: 2,
    violates: ['SMS'],
    note: 'a deadline that is renewed still ends the key at the first one',
    edits: [
      {
        file: 'src/core/store/commands.ts',
        find: `  else rewriteDeadline(state, view.deadline);
}

function persist`,
        replace: `}

function persist`,
      },
    ],
  },
  {
    id: 'X50',
    tier: 2,
    violates: ['DUR'],
    note: 'what does not fit at the end of the replay is cut off, synced or not',
    edits: [
      {
        file: 'src/core/wal/judgement.ts',
        find: '      if (comparePositions(vouchedThrough[at]!, recovery.end) <= 0) break;\n',
        replace: '      break;\n',
      },
      {
        file: 'src/core/wal/judgement.ts',
        find: '    if (comparePositions(vouchedThrough, header.position) <= 0) return false;\n',
        replace: '    return false;\n',
      },
    ],
  },
  {
    id: 'X51',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a torn tail is taken for damage',
    edits: [
      {
        file: 'src/core/wal/judgement.ts',
        find: '    if (comparePositions(vouchedThrough, header.position) <= 0) return false;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'X52',
    tier: 2,
    violates: ['AVAIL'],
    note: 'a disk without room for the next segment is fatal',
    edits: [
      {
        file: 'src/core/wal/segments.ts',
        find: "  const isFull = completion.code === 'ENOSPC' && step === 'create';\n",
        replace: '  const isFull = false;\n',
      },
    ],
  },
  {
    id: 'X54',
    tier: 2,
    violates: ['DUR'],
    note: 'a read error ends the log like a torn tail',
    edits: [
      {
        file: 'src/core/wal/recovery.ts',
        find: "  const isGone = operation.kind === 'remove' && completion.code === 'ENOENT';\n",
        replace: "  const isGone = operation.kind !== 'list';\n",
      },
    ],
  },
  {
    id: 'X80',
    tier: 2,
    violates: ['LIVE'],
    note: 'whoever rebuilds its state asks for what its log joined when that began, and its log moves on',
    edits: [
      {
        file: 'src/node/rebuild.ts',
        find: '{ code, detail, askAt: node.now };',
        replace: '{ code, detail, askAt: node.now, ...{ joined: group.raft.snapshotIndex } };',
      },
      {
        file: 'src/node/rebuild.ts',
        find: 'neededIndex = ({ raft }: Group): LogIndex => raft.snapshotIndex;',
        replace:
          'neededIndex = ({ rebuild }: Group): LogIndex => (rebuild as unknown as { joined: LogIndex }).joined;',
      },
    ],
  },
];

export const DIRECTED_NODE_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
