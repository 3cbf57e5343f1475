/** Bugs of the write-ahead log and of the disk's use. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const WRITER = 'src/core/wal/writer.ts';
const FLUSH = 'src/core/wal/flush.ts';
const RECORD = 'src/core/wal/record.ts';
const REPLAY = 'src/core/wal/replay.ts';
const RECOVERY_END = 'src/core/wal/recovery-end.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'W01',
    tier: 1,
    violates: ['DUR'],
    note: 'a failed sync is tried again, and the next success believed',
    edits: [
      {
        file: WRITER,
        find: "  out: WalOut,\n): void {\n  if (completion.code !== 'OK') {\n",
        replace: `  out: WalOut,
): void {
  if (completion.code !== 'OK') {
    const { file } = flush.segment;
    submit(state, out, { kind: 'sync', file }, { kind: 'flush', flush });
    return;
`,
      },
    ],
  },
  {
    id: 'W08',
    tier: 2,
    violates: ['AVAIL'],
    // Recovery takes a segment without content for a blank one: only the order itself shows.
    also: ['effect-order'],
    note: 'a segment has its name before its content is durable',
    edits: [
      {
        file: 'src/core/wal/segments.ts',
        find: "  create: 'sync',\n",
        replace: "  create: 'rename',\n",
      },
    ],
  },
  {
    id: 'W11',
    tier: 1,
    violates: ['LM'],
    note: 'a torn tail is not wiped before it is written over, and nothing tells old from new',
    edits: [
      {
        file: RECOVERY_END,
        find: "      recovery.plan.push({ kind: 'write', file, offset: at, parts, sync: false });\n",
        replace: '',
      },
      {
        file: REPLAY,
        find: 'return recovery.ordinal < 0 || header.ordinal === recovery.ordinal;',
        replace: 'return true;',
      },
    ],
  },
  {
    id: 'W13',
    tier: 2,
    violates: ['AVAIL'],
    // What a running node's disk holds is recovered from a copy, now and then: without a crash.
    also: ['durable-quorum'],
    note: 'a blank segment at the end is fatal',
    edits: [
      {
        file: RECOVERY_END,
        find: '  const isUnused = isBlank(bytes, 0, bytes.length);\n',
        replace: `  const isUnused = isBlank(bytes, 0, bytes.length);
  if (isUnused) recovery.damagedAt.push(recovery.end);
`,
      },
    ],
  },
  {
    id: 'W15',
    tier: 1,
    violates: ['SMS'],
    note: 'the buffer that a frame was read into is used again while its entries are held',
    edits: [
      {
        file: 'src/node/inputs.ts',
        find: '  const view = node.frame;\n',
        replace: `  const view = node.frame;
  node.frameBuffer ??= new Uint8Array(65_536);
  if (bytes.length <= node.frameBuffer.length) {
    const frame = node.frameBuffer.subarray(0, bytes.length);
    frame.set(bytes);
    bytes = frame;
  }
`,
      },
    ],
  },
  {
    id: 'W18',
    tier: 1,
    violates: ['ES'],
    note: 'a change of term or vote alone is not synced',
    edits: [
      {
        file: WRITER,
        find: "  if (state.durability !== 'unsafe' || records.length === 0",
        replace: `  const isState = ({ record }: LoggedRecord): boolean => record.kind === 'hard-state';
  if (records.length > 0 && records.every(isState)) return false;
  if (state.durability !== 'unsafe' || records.length === 0`,
      },
    ],
  },
  {
    id: 'W19',
    tier: 2,
    violates: ['AVAIL', 'DUR'],
    note: 'a write that reached the disk before the one ahead of it is taken for damage',
    edits: [
      {
        file: 'src/core/wal/judgement.ts',
        find: '      if (comparePositions(vouchedThrough[at]!, recovery.end) <= 0) break;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'W21',
    tier: 1,
    violates: ['DUR', 'SMS'],
    note: 'a record does not know where it belongs: what was written or read elsewhere passes',
    edits: [
      {
        file: FLUSH,
        find: '  const position = readPosition(bytes, at + 32);\n  if (position.sequence !== sequence || position.offset !== at) return null;\n',
        replace: '  const position = { sequence, offset: at };\n',
      },
      {
        file: RECORD,
        find: 'recordCrc(bytes, at, end, salt ^ at);',
        replace: 'recordCrc(bytes, at, end, 0);',
      },
      {
        file: 'src/core/wal/payload.ts',
        find: 'writeRecord(own, at, logged, salt ^ position);',
        replace: 'writeRecord(own, at, logged, 0);',
      },
      {
        file: REPLAY,
        find: '  if (comparePositions(header.previousEnd, recovery.end) !== 0) return false;\n  return recovery.ordinal < 0 || header.ordinal === recovery.ordinal;',
        replace: '  return true;',
      },
    ],
  },
  {
    id: 'W23',
    tier: 1,
    violates: ['DUR'],
    note: 'a sync releases those who came while it was under way',
    edits: [
      {
        file: WRITER,
        find: '    if (logged.ticket !== ZERO_TICKET) reportDurable(state, logged.ticket, out);\n',
        replace: `    const isNews = logged.ticket !== ZERO_TICKET && state.lastTicket > state.durableTicket;
    if (isNews) reportDurable(state, state.lastTicket, out);
`,
      },
    ],
  },
  {
    id: 'W24',
    tier: 2,
    violates: ['DUR'],
    note: 'between a failed sync and the stop that it calls for appends are taken and vouched for',
    edits: [
      {
        file: WRITER,
        find: `    fail(state, out, \`\${completion.code} in a flush\`);
    return;
`,
        replace: `    state.failure ??= { code: 'DISK_FAILED', detail: completion.code };
    flush.isFailed = true;
`,
      },
      {
        file: WRITER,
        find: '    if (logged.ticket !== ZERO_TICKET) reportDurable(state, logged.ticket, out);\n',
        replace: `    const isVouched = logged.ticket !== ZERO_TICKET && flush.isFailed !== true;
    if (isVouched) reportDurable(state, logged.ticket, out);
`,
      },
      {
        file: 'src/core/wal/step.ts',
        find: "    case 'tick':\n      return;\n",
        replace:
          "    case 'tick':\n      if (state.failure !== null) fail(state, out, state.failure.detail);\n      return;\n",
      },
    ],
  },
];

export const WAL_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
