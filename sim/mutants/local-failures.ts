/** Bugs of a replica that goes on after something failed on it alone. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const PROPOSE = 'src/node/propose.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'A28',
    tier: 1,
    violates: ['LM'],
    note: 'a leader whose own log takes no entry removes it again, and uses its index once more',
    edits: [
      {
        file: PROPOSE,
        find: "import type { Refusal } from '../core/raft/out.ts';",
        replace: `import { truncateLog } from '../core/raft/log.ts';
import type { Refusal } from '../core/raft/out.ts';`,
      },
      {
        file: PROPOSE,
        find: "  const failure = roomFor(node, bytes.length) ? offer(node, group, bytes, rows.count) : 'no-room';",
        replace: `  const hasRoom = roomFor(node, bytes.length);
  let failure = offer(node, group, bytes, rows.count);
  const sent = group.raftOut.proposal;
  if (failure === null && !hasRoom && sent.kind === 'accepted') {
    // The followers have been sent it by now.
    const { raft } = group;
    node.records = node.records.filter((record) => record.bytes !== bytes);
    truncateLog(raft.log, sent.index);
    raft.leading.uncommittedBytes -= bytes.length;
    for (const row of raft.leading.progress) row.nextIndex = Math.min(row.nextIndex, sent.index);
    failure = 'no-room';
  }`,
      },
    ],
  },
  {
    id: 'A44',
    tier: 2,
    violates: ['SMS'],
    note: 'a command that fails on one replica, for a snapshot is under way there, is passed over',
    edits: [
      {
        file: 'src/core/store/apply.ts',
        find: '      applyCommand(state, entry, command, out.writes);\n',
        replace: `      try {
        if (state.snapshot?.pendingBytes > 0) throw new Error('no memory for another old form');
        applyCommand(state, entry, command, out.writes);
      } catch {
        refuse(out.writes, STATUS.OK);
      }
`,
      },
    ],
  },
];

export const LOCAL_FAILURE_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
