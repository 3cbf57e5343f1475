/**
 * Bugs of what this project does on its own account, part three: what commands do to the state,
 * sessions, expiry, and snapshots that are written while entries go on being applied.
 */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const APPLY = 'src/core/store/apply.ts';
const EXPIRY = 'src/core/store/expiry.ts';
const READER = 'src/core/store/snapshot-reader.ts';
const WRITER = 'src/core/store/snapshot-writer.ts';
const CHANGES = 'src/core/store/changes.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'R38',
    tier: 2,
    violates: ['LIN'],
    also: ['sessions'],
    note: "a late repetition is executed again, for its result is gone below the session's floor",
    edits: [
      {
        file: APPLY,
        find: '  if (sequence < session.floor) {\n    refuse(lane, STATUS.SEQUENCE_BELOW_FLOOR);\n  } else if',
        replace:
          '  if (sequence < session.floor) {\n    execute(state, bytes, view, lane);\n  } else if',
      },
    ],
  },
  {
    id: 'R39',
    tier: 2,
    violates: ['LIN'],
    also: ['sessions'],
    note: 'of a session only what changed something is remembered: a refused swap is tried again',
    edits: [
      {
        file: APPLY,
        find: '  const row = lane.count - 1;\n',
        replace:
          '  const row = lane.count - 1;\n  if (lane.status[row] === STATUS.CONDITION_FAILED) return;\n',
      },
    ],
  },
  {
    id: 'R40',
    tier: 2,
    violates: ['LIN'],
    also: ['sessions'],
    note: 'a command of a session that is over is executed as if it had named none',
    edits: [
      {
        file: APPLY,
        find: '    refuse(lane, STATUS.SESSION_EXPIRED);\n',
        replace: '    execute(state, bytes, view, lane);\n',
      },
    ],
  },
  {
    id: 'R41',
    tier: 2,
    violates: ['SMS'],
    also: ['sessions'],
    note: 'sessions that came with a snapshot end in the order of their ids, not of their last use',
    edits: [{ file: READER, find: '    else this.sessions.sortByUse();\n', replace: '' }],
  },
  {
    id: 'R42',
    tier: 2,
    violates: ['SMS'],
    note: 'a session that is used again hands nothing to the snapshot under way',
    edits: [
      {
        file: CHANGES,
        find: 'floor: number): void {\n  state.snapshot?.saveSession(session);\n',
        replace: 'floor: number): void {\n',
      },
    ],
  },
  {
    id: 'R43',
    tier: 2,
    violates: ['SMS'],
    note: 'while a snapshot is under way an entry removes all keys that are due, however many',
    edits: [
      {
        file: APPLY,
        find: 'for (let removed = 0; removed < config.expiredPerEntryMax; removed++) {',
        replace: `const removedMax = state.snapshot === null ? config.expiredPerEntryMax : 1_000;
  for (let removed = 0; removed < removedMax; removed++) {`,
      },
    ],
  },
  {
    id: 'R44',
    tier: 2,
    violates: ['SMS'],
    note: 'what fills a hole in the heap of deadlines only ever sinks',
    edits: [
      {
        file: EXPIRY,
        find: 'if (place > 0 && this.#isBefore(moved, deadline, (place - 1) >>> 1)) {',
        replace: 'if (place < 0 && this.#isBefore(moved, deadline, (place - 1) >>> 1)) {',
      },
    ],
  },
  {
    id: 'R45',
    tier: 2,
    violates: ['SMS'],
    note: 'keys of one deadline go in the order in which they stand in the heap',
    edits: [
      {
        file: EXPIRY,
        find: '    return this.#order(address, this.#addresses[place]!) < 0;\n',
        replace: '    return address < 0;\n',
      },
    ],
  },
  {
    id: 'R46',
    tier: 2,
    violates: ['LIN', 'SMS'],
    note: 'a key whose deadline has passed is shown until it is removed',
    edits: [
      {
        file: 'src/core/store/reads.ts',
        find: '  return !hasPassed(scratch.record.deadline, logTime);\n',
        replace: '  return logTime >= 0;\n',
      },
    ],
  },
  {
    id: 'R47',
    tier: 2,
    violates: ['LIN', 'SMS'],
    note: 'a write to a key that is due but still there counts as a write to what it held',
    edits: [
      {
        file: 'src/core/store/commands.ts',
        find: '  if (!hasPassed(record.deadline, state.logTime)) return true;\n',
        replace: '  if (record.keyBytes > 0) return true;\n',
      },
    ],
  },
  {
    id: 'R48',
    tier: 2,
    violates: ['SMS'],
    note: 'a removed record hands no old form to the snapshot under way',
    edits: [
      {
        file: CHANGES,
        find: '  saveRecord(state);\n  state.table.remove();\n',
        replace: '  state.table.remove();\n',
      },
    ],
  },
  {
    id: 'R49',
    tier: 2,
    violates: ['SMS'],
    note: 'the record at which the next slice begins counts as written already',
    edits: [
      {
        file: WRITER,
        find: '    return low < this.#nextLow;\n',
        replace: '    return low <= this.#nextLow;\n',
      },
    ],
  },
  {
    id: 'R50',
    tier: 2,
    violates: ['SMS'],
    note: 'a record as old as the snapshot is taken for newer, and its old form let go',
    edits: [
      {
        file: WRITER,
        find: '    if (record.revision > this.head.revision) return;\n    if (this.#hasPassedHash(',
        replace:
          '    if (record.revision >= this.head.revision) return;\n    if (this.#hasPassedHash(',
      },
    ],
  },
  {
    id: 'R51',
    tier: 2,
    violates: ['SMS'],
    note: 'a session is written twice: when it changes, and again when its turn comes',
    edits: [
      {
        file: WRITER,
        find: '    this.#writeSession(session);\n    session.handedTo = this.#serial;\n',
        replace: '    this.#writeSession(session);\n',
      },
    ],
  },
  {
    id: 'R52',
    tier: 2,
    violates: ['SMS'],
    also: ['leader-completeness'],
    note: 'a snapshot names the newest configuration, not the one that was in force at its index',
    edits: [
      {
        file: 'src/node/snapshots.ts',
        find: 'const configuration = configurationAt(group.raft, index);',
        replace:
          'const configuration = configurationAt(group.raft, group.raft.log.baseIndex + group.raft.log.entries.length);',
      },
    ],
  },
  {
    id: 'R53',
    tier: 2,
    violates: ['SMS'],
    note: 'a loaded snapshot leaves the revision counter where it was',
    edits: [
      {
        file: 'src/core/store/snapshot.ts',
        find: '  state.revision = head.revision;\n',
        replace: '  state.revision = Math.max(state.revision, head.revision - 1);\n',
      },
    ],
  },
  {
    id: 'R54',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'flushing all frees the old table though a snapshot still reads it',
    edits: [
      {
        file: 'src/core/store/reclaim.ts',
        find: '  for (const retired of state.retired) if (retired.table !== kept) return retired;\n',
        replace: '  for (const retired of state.retired) if (kept !== undefined) return retired;\n',
      },
    ],
  },
  {
    id: 'R55',
    tier: 2,
    violates: ['LIN'],
    note: 'the answer to an append of an earlier term echoes its round',
    edits: [
      {
        file: 'src/core/raft/follower.ts',
        find: '  append.term === state.currentTerm ? append.round : 0;',
        replace: '  append.round;',
      },
    ],
  },
  {
    id: 'R56',
    tier: 2,
    violates: ['LIN'],
    note: 'a read overtakes an earlier one of its connection that goes with an entry',
    edits: [
      {
        file: 'src/node/propose.ts',
        find: '  if (reads !== null) noteEntry(node, reads.rows, group, index);\n',
        replace: '',
      },
    ],
  },
];

export const STATE_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
