/** Bugs of the log and of its use that the catalogue does not list. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const WRITER = 'src/core/wal/writer.ts';
const JUDGEMENT = 'src/core/wal/judgement.ts';
const RECOVERY = 'src/core/wal/recovery.ts';
const RECOVERY_END = 'src/core/wal/recovery-end.ts';
const QUEUE = 'src/core/wal/queue.ts';
const LEDGER = 'src/core/wal/ledger.ts';
const PERSIST = 'src/node/persist.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'K50',
    tier: 2,
    violates: ['DUR'],
    note: 'a segment is used before the directory is durable that names it',
    edits: [
      {
        file: 'src/core/wal/segments.ts',
        find: "  if (step === 'sync-directory') {\n",
        replace: "  if (step === 'rename') {\n",
      },
    ],
  },
  {
    id: 'K51',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    note: "a flush's header is believed without its own CRC",
    edits: [
      {
        file: 'src/core/wal/flush.ts',
        find: '  if (getU32(bytes, at + HEADER_CRC_AT) !== crc32c(bytes, at, at + HEADER_CRC_AT)) return null;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K52',
    tier: 2,
    violates: ['DUR', 'SMS'],
    also: ['log-matching'],
    note: 'the body of an entry is not checked when it is read back',
    edits: [
      {
        file: 'src/core/wal/record.ts',
        find: '  const intact = isEntryBodyIntact(bytes, place.bodyAt, place.end, header);\n',
        replace: '  const intact = place.bodyAt + place.bodyBytes <= place.end;\n',
      },
    ],
  },
  {
    id: 'K53',
    tier: 2,
    violates: ['DUR'],
    note: 'whatever is bad in the log is cut off as torn, with all that follows',
    edits: [
      {
        file: JUDGEMENT,
        find: '      if (comparePositions(vouchedThrough[at]!, recovery.end) <= 0) break;\n',
        replace: '      break;\n',
      },
      {
        file: JUDGEMENT,
        find: '    if (comparePositions(vouchedThrough, header.position) <= 0) return false;\n',
        replace: '    return false;\n',
      },
    ],
  },
  {
    id: 'K54',
    tier: 2,
    violates: ['ES', 'DUR'],
    also: ['monotonic'],
    note: 'a lost record was an entry: the hard state before it is still believed',
    edits: [
      {
        file: LEDGER,
        find: '    row.isHardStateInDoubt = true;\n    row.isLogInDoubt = true;\n    row.lastIndex = null;\n',
        replace: '    row.isLogInDoubt = true;\n    row.lastIndex = null;\n',
      },
    ],
  },
  {
    id: 'K55',
    tier: 2,
    violates: ['LM', 'DUR', 'ES'],
    also: ['index-order'],
    note: 'records are copied forward though newer ones of their group are under way',
    edits: [
      {
        file: 'src/core/wal/copy-forward.ts',
        find: 'return row.unsettledCount === 0 ? recordBytes(record) : 0;',
        replace: 'return recordBytes(record);',
      },
    ],
  },
  {
    id: 'K56',
    tier: 2,
    violates: ['ES', 'DUR'],
    also: ['index-order', 'monotonic'],
    note: "a group's old hard state is copied forward behind the new one",
    edits: [
      {
        file: 'src/core/wal/copy-forward.ts',
        find: 'return row.unsettledCount === 0 ? recordBytes(record) : 0;',
        replace:
          "return row.unsettledCount === 0 || record.kind === 'hard-state' ? recordBytes(record) : 0;",
      },
    ],
  },
  {
    id: 'K57',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    note: 'a segment gets the number that follows from how many there are',
    edits: [
      {
        file: RECOVERY,
        find: 'state.nextSequence = (files.at(-1)?.sequence ?? 0) + 1;',
        replace: 'state.nextSequence = files.length + 1;',
      },
    ],
  },
  {
    id: 'K58',
    tier: 2,
    violates: ['DUR'],
    note: 'a read error while recovering ends the log',
    edits: [
      {
        file: RECOVERY,
        find: "  const isGone = operation.kind === 'remove' && completion.code === 'ENOENT';\n",
        replace:
          "  const isGone = (operation.kind === 'remove' && completion.code === 'ENOENT') || operation.kind === 'read';\n",
      },
    ],
  },
  {
    id: 'K59',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    note: 'a dead segment goes before the header is durable that calls it dead',
    edits: [
      {
        file: WRITER,
        find: '  state.flushes.push(flush);\n',
        replace: '  state.flushes.push(flush);\n  state.claimedFirstLive = firstLive;\n',
      },
    ],
  },
  {
    id: 'K60',
    tier: 2,
    violates: ['DUR'],
    note: 'a write for which there was no room counts as done',
    edits: [
      {
        file: WRITER,
        find: "  out: WalOut,\n): void {\n  if (completion.code !== 'OK') {\n    fail(state",
        replace:
          "  out: WalOut,\n): void {\n  if (completion.code !== 'OK' && completion.code !== 'ENOSPC') {\n    fail(state",
      },
    ],
  },
  {
    id: 'K61',
    tier: 2,
    violates: ['DUR', 'SMS'],
    note: 'the buffer of one flush is used for the next while the first is being written',
    edits: [
      {
        file: 'src/core/wal/payload.ts',
        find: "import type { LoggedRecord } from './record.ts';\n",
        replace:
          "import type { LoggedRecord } from './record.ts';\n\nconst encoded = new Uint8Array(4 * 1024 * 1024);\n",
      },
      {
        file: 'src/core/wal/payload.ts',
        find: '  const own = new Uint8Array(ownBytes);\n',
        replace: '  const own = encoded.subarray(0, ownBytes).fill(0);\n',
      },
    ],
  },
  {
    id: 'K62',
    tier: 2,
    violates: ['DUR'],
    note: 'what was read back from the cache of a dead process counts as durable',
    edits: [
      {
        file: RECOVERY_END,
        find: "    recovery.plan.push({ kind: 'sync', file: segment.file });\n",
        replace: '',
      },
    ],
  },
  {
    id: 'K63',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    note: 'a header vouches for flushes that are still under way',
    edits: [
      {
        file: WRITER,
        find: '    durableThrough: state.durableEnd,\n',
        replace: '    durableThrough: state.end,\n',
      },
    ],
  },
  {
    id: 'K64',
    tier: 2,
    violates: ['DUR', 'LC'],
    also: ['index-order'],
    note: 'a snapshot mark ends the log at its index, whatever the log holds behind it',
    edits: [
      {
        file: LEDGER,
        find: '  if (logged.lastIndex === record.index) {\n',
        replace: '  if (logged.lastIndex <= record.index + 1) {\n',
      },
    ],
  },
  {
    id: 'K65',
    tier: 2,
    violates: ['DUR'],
    note: 'a bad flush is judged by the first reading of it',
    edits: [
      {
        file: RECOVERY,
        find: '  readFrom(state, recovery, { target: head, at: recovery.end.offset }, out);\n',
        replace: '  readFrom(state, recovery, { target: head, at: head.bytes.length }, out);\n',
      },
    ],
  },
  {
    id: 'K101',
    tier: 2,
    violates: ['DUR'],
    note: 'a bad flush is judged by the second reading, though it is not what the first one was',
    edits: [
      {
        file: RECOVERY,
        find: '    if (crc === suspicion.crc) concludeReplay(state, recovery, out);\n    else suspect',
        replace: '    if (crc >= 0) concludeReplay(state, recovery, out);\n    else suspect',
      },
    ],
  },
  {
    id: 'K66',
    tier: 2,
    violates: ['DUR', 'LC'],
    note: "a sync makes all of a group's records durable, those written since as well",
    edits: [
      {
        file: PERSIST,
        find: 'while (group.tickets.length > 0 && group.tickets[0]!.node <= durable) {',
        replace: 'while (durable > 0 && group.tickets.length > 0) {',
      },
    ],
  },
  {
    id: 'K67',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    also: ['index-order'],
    note: 'the log forgets entries when their snapshot is marked, not when the mark is durable',
    edits: [
      {
        file: PERSIST,
        find: '    group.marks.push({ raftTicket, index: record.index });\n',
        replace:
          "    group.marks.push({ raftTicket, index: record.index });\n    stepWalLater(node, { kind: 'release', group: group.id, index: record.index });\n",
      },
      {
        file: WRITER,
        find: 'releaseEntries(row, logIndex(Math.min(row.releasedIndex, row.snapshotIndex)));',
        replace: 'releaseEntries(row, row.releasedIndex);',
      },
    ],
  },
  {
    id: 'K68',
    tier: 2,
    violates: ['LM', 'DUR'],
    also: ['index-order'],
    note: 'a truncation is not written when entries follow that take the place of what it cuts',
    edits: [
      {
        file: QUEUE,
        find: '  event.records.forEach((record, at) => {\n',
        replace: `  event.records.forEach((record, at) => {
    const next = event.records[at + 1];
    if (record.kind === 'truncate' && next?.kind === 'entry' && next.group === record.group) {
      noteAppended(groupOf(state.ledger, record.group), record);
      groupOf(state.ledger, record.group).unsettledCount--;
      return;
    }
`,
      },
      {
        file: LEDGER,
        find: '  if (row.lastIndex !== null && record.index !== row.lastIndex + 1) return false;\n  if (record.index <= row.highIndex) return false;\n',
        replace:
          '  if (row.lastIndex !== null && record.index > row.lastIndex + 1) return false;\n',
      },
    ],
  },
  {
    id: 'K69',
    tier: 2,
    violates: ['DUR', 'AVAIL'],
    note: 'mending takes any entry of the right index and term, whatever its content',
    edits: [
      {
        file: 'src/core/wal/repair.ts',
        find: '  if (header === null || !isEntryBodyIntact(bytes, 0, bytes.length, header)) return;\n',
        replace: '  if (header === null) return;\n',
      },
    ],
  },
  {
    id: 'K70',
    tier: 2,
    violates: ['DUR'],
    note: 'the tail that is cut off is zeroed up to the first blank block only',
    edits: [
      {
        file: RECOVERY_END,
        find: '    at = Math.max(end, at + BLOCK_BYTES);\n',
        replace: '    at = end > at ? bytes.length : at + BLOCK_BYTES;\n',
      },
    ],
  },
  {
    id: 'K71',
    tier: 2,
    violates: ['DUR'],
    note: 'segments behind the end of the log are left as they are',
    edits: [
      {
        file: RECOVERY_END,
        find: '  else recovery.deadFiles.push(segment.file);\n}\n\n/** The segments up to the end',
        replace: '}\n\n/** The segments up to the end',
      },
    ],
  },
  {
    id: 'K72',
    tier: 2,
    violates: ['DUR'],
    note: 'durability is what the disk said last: a flush that overtook an earlier one counts',
    edits: [
      {
        file: WRITER,
        find: '  while (state.flushes[0]?.isDone === true) settleFlush(state, state.flushes.shift()!, out);\n',
        replace: `  if (state.flushes.some(({ isDone }) => !isDone)) {
    const last = flush.records.findLast(({ ticket }) => ticket !== ZERO_TICKET);
    if (last !== undefined && last.ticket > state.durableTicket) out.durable = last.ticket;
  }
  while (state.flushes[0]?.isDone === true) settleFlush(state, state.flushes.shift()!, out);
`,
      },
    ],
  },
  {
    id: 'K98',
    tier: 2,
    violates: ['DUR', 'ES'],
    note: 'recovery believes the page cache, where a failed sync leaves pages that count as clean',
    edits: [
      {
        file: 'src/core/wal/recovery.ts',
        find: '    fresh: true,\n',
        replace: '    fresh: recovery.suspicion !== null,\n',
      },
    ],
  },
  {
    id: 'K40',
    tier: 2,
    violates: ['LIVE'],
    note: 'a founder writes the first entries of its groups in as many flushes as they fill',
    edits: [
      {
        file: 'src/core/wal/writer.ts',
        find: "    if (logged.record.kind === 'entry') least = bytes;\n",
        replace: '',
      },
    ],
  },
];

export const HOLDOUT_WAL_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
