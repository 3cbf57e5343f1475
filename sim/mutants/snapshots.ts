/** Bugs of snapshots and compaction. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const SNAPSHOT = 'src/core/raft/snapshot.ts';
const LANDING = 'src/core/snapshots/landing.ts';
const RECEIVE = 'src/core/snapshots/receive.ts';
const NODE = 'src/node/snapshots.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'S01',
    tier: 1,
    violates: ['SMS', 'DUR'],
    also: ['monotonic'],
    note: 'a snapshot is installed though all of it is committed here already',
    edits: [
      {
        file: SNAPSHOT,
        find: 'return index > state.commitIndex;',
        replace: 'return index > 0;',
      },
      {
        file: RECEIVE,
        find: 'if (chunk.identity.index <= arrival.commitIndex) {',
        replace: 'if (chunk.identity.index === 0) {',
      },
    ],
  },
  {
    id: 'S03',
    tier: 2,
    violates: ['LM'],
    note: 'entries that conflict with an installed snapshot stay behind it',
    edits: [
      {
        file: SNAPSHOT,
        find: 'if (termAt(state.log, meta.index) === meta.term) {',
        replace: 'if (termAt(state.log, meta.index) !== null) {',
      },
    ],
  },
  {
    id: 'S07',
    tier: 1,
    violates: ['DUR'],
    note: 'a snapshot gets its name without having been synced',
    // Something harmless in place of the sync: its completion is taken for the sync's.
    edits: [
      {
        file: LANDING,
        find: "return { kind: 'sync', file };",
        replace: "return { kind: 'list' };",
      },
    ],
  },
  {
    id: 'S08',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    note: "the directory is not synced after a snapshot's rename",
    edits: [
      {
        file: LANDING,
        find: "return { kind: 'sync-directory' };",
        replace: "return { kind: 'list' };",
      },
    ],
  },
  {
    id: 'S11',
    tier: 2,
    violates: ['LM', 'LIVE'],
    note: 'a received snapshot leaves no term for the last entry that it stands for',
    edits: [
      {
        file: SNAPSHOT,
        find: '  resetLog(state.log, meta, state.lastTicket);\n',
        replace: '  resetLog(state.log, { index: meta.index, term: 0 }, state.lastTicket);\n',
      },
    ],
  },
  {
    id: 'S12',
    tier: 2,
    violates: ['DUR'],
    // The checksum of the whole keeps the short file from being taken: nothing ever arrives.
    also: ['liveness'],
    note: 'a short piece of a snapshot counts as a full one',
    edits: [
      {
        file: RECEIVE,
        find: '  receipt.acceptedBytes += data.length;\n',
        replace: `  const leftBytes = receipt.identity.fileBytes - receipt.acceptedBytes;
  receipt.acceptedBytes += Math.min(leftBytes, Math.max(data.length, 4096));
`,
      },
    ],
  },
  {
    id: 'S13',
    tier: 2,
    violates: ['AVAIL', 'LIVE'],
    note: 'after a restart of its receiver a transfer goes on where its sender remembers to be',
    edits: [
      {
        file: RECEIVE,
        find: "    answer(out, arrival, 'wanted', 0);\n    return null;\n",
        replace: '    return null;\n',
      },
      {
        file: 'src/core/snapshots/send.ts',
        find: '  goBack(state, transfer, 0, now);\n',
        replace:
          '  goBack(state, transfer, Math.min(transfer.ackedBytes, file.header!.fileBytes), now);\n',
      },
    ],
  },
  {
    id: 'S15',
    tier: 1,
    violates: ['DUR'],
    also: ['state-hash'],
    note: 'the index of a snapshot is stored before the state that it stands for',
    edits: [
      {
        file: NODE,
        find: "  stepFiles(node, group, { kind: 'save-begin', meta });\n",
        replace: `  stepFiles(node, group, { kind: 'save-begin', meta });
  stepRaft(node, group, { kind: 'snapshot-taken', index });
`,
      },
    ],
  },
  {
    id: 'S18',
    tier: 2,
    violates: ['LIVE'],
    note: 'whoever waits for an entry that a snapshot has swallowed waits for ever',
    edits: [
      { file: NODE, find: '  endWaiting(node, group, meta);\n', replace: '' },
      // Without this they are told after the timeout of requests, like everybody.
      {
        file: 'src/node/patience.ts',
        find: 'while (group.waiting.length > 0 && group.waiting[0]!.since < before) {',
        replace:
          'while (group.waiting.length > 0 && group.waiting[0]!.since < before && group.waiting[0]!.index > group.installedIndex) {',
      },
    ],
  },
  {
    id: 'S20',
    tier: 2,
    violates: ['DUR'],
    note: 'a segment of the log is used again before a durable header calls it dead',
    edits: [
      {
        file: 'src/core/wal/segments.ts',
        find: 'if (oldest.sequence >= state.claimedFirstLive) return;',
        replace: 'if (oldest.liveCount > 0 || oldest.flushesInFlight > 0) return;',
      },
    ],
  },
];

export const SNAPSHOT_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
