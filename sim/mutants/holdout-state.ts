/** Bugs of sessions, deadlines and conditional writes that the catalogue does not list. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const APPLY = 'src/core/store/apply.ts';
const COMMANDS = 'src/core/store/commands.ts';
const SESSIONS = 'src/core/store/sessions.ts';
const READS = 'src/core/store/reads.ts';
const ITEMS = 'src/core/store/snapshot-items.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'K20',
    tier: 2,
    violates: ['LIN', 'SMS'],
    also: ['sessions'],
    note: "a session's floor follows the newest command, and so may fall",
    edits: [
      {
        file: SESSIONS,
        find: '    if (floor > session.floor) {\n',
        replace: '    if (floor !== session.floor) {\n',
      },
    ],
  },
  {
    id: 'K21',
    tier: 2,
    violates: ['LIN', 'SMS'],
    also: ['sessions'],
    note: 'the lowest sequence without an answer is taken for the highest with one',
    edits: [
      {
        file: SESSIONS,
        find: '      this.#dropBelow(session, floor);\n',
        replace: '      this.#dropBelow(session, floor + 1);\n',
      },
    ],
  },
  {
    id: 'K22',
    tier: 2,
    violates: ['SMS'],
    also: ['sessions'],
    note: "a session's window is one sequence too wide",
    edits: [
      {
        file: APPLY,
        find: 'sequence >= session.floor + SESSION_WINDOW',
        replace: 'sequence > session.floor + SESSION_WINDOW',
      },
    ],
  },
  {
    id: 'K23',
    tier: 2,
    violates: ['SMS'],
    also: ['sessions'],
    note: 'when all places are taken the oldest session goes, not the one used longest ago',
    edits: [
      {
        file: COMMANDS,
        find: '  const oldest = sessions.count >= settings!.sessionsMax ? sessions.oldest() : null;\n',
        replace: `  const first = sessions.sortedIds()[0];
  const isFull = sessions.count >= settings!.sessionsMax && first !== undefined;
  const oldest = isFull ? sessions.find(first) : null;
`,
      },
    ],
  },
  {
    id: 'K24',
    tier: 2,
    violates: ['SMS'],
    also: ['sessions'],
    note: 'a session ages from the last command that moved its floor',
    edits: [
      {
        file: SESSIONS,
        find: '    session.lastUsedTime = time;\n    this.#unlink',
        replace: '    if (floor === session.floor) session.lastUsedTime = time;\n    this.#unlink',
      },
    ],
  },
  {
    id: 'K25',
    tier: 2,
    violates: ['SMS', 'LIN'],
    also: ['sessions'],
    note: 'a session whose time is over is used again if it is asked before it is swept',
    edits: [
      {
        file: APPLY,
        find: '  if (session === null || !isIdle(state, session)) return session;\n  endSession(state, session);\n  return null;\n',
        replace: '  return session;\n',
      },
    ],
  },
  {
    id: 'K26',
    tier: 2,
    violates: ['SMS', 'LIN'],
    also: ['sessions'],
    note: 'a retry whose result was too large to keep is executed again',
    edits: [
      {
        file: APPLY,
        find: '  } else if (session.results.has(sequence)) {\n',
        replace:
          '  } else if (session.results.has(sequence) && session.results.valueOf(sequence) !== null) {\n',
      },
      {
        file: 'src/core/store/window.ts',
        find: "    assert(this.#sequences[slot] === EMPTY, 'sessions', 'a result was kept twice');\n",
        replace: '    if (this.#sequences[slot] === sequence) this.count--;\n',
      },
    ],
  },
  {
    id: 'K27',
    tier: 2,
    violates: ['SMS', 'LIN'],
    also: ['sessions'],
    note: 'a retry is answered with a success that carries no value',
    edits: [
      {
        file: APPLY,
        find: 'lane.push(results.statusOf(sequence), revision, value, 0, value.length);',
        replace: 'lane.push(STATUS.OK, revision, NO_VALUE, 0, 0);',
      },
    ],
  },
  {
    id: 'K28',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'a swap goes by the beginning of the value that it expects',
    edits: [
      {
        file: COMMANDS,
        find: '  if (record.valueBytes !== count) return false;\n',
        replace: '  if (record.valueBytes < count) return false;\n',
      },
    ],
  },
  {
    id: 'K29',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'a number that grows too large begins again at the other end',
    edits: [
      {
        file: COMMANDS,
        find: '  const sum = current + delta;\n',
        replace: '  const sum = BigInt.asIntN(64, current + delta);\n',
      },
    ],
  },
  {
    id: 'K30',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'a put leaves the deadline of what it overwrites',
    edits: [
      {
        file: COMMANDS,
        find: '  const keeps = exists && (view.flags & KEEP_DEADLINE) !== 0;\n',
        replace: '  const keeps = exists && (view.flags & DEADLINE) === 0;\n',
      },
    ],
  },
  {
    id: 'K31',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'adding to a value takes its deadline away',
    edits: [
      {
        file: COMMANDS,
        find: '  write.deadline = exists ? record.deadline : NO_DEADLINE;\n',
        replace: '  write.deadline = NO_DEADLINE;\n',
      },
    ],
  },
  {
    id: 'K32',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: "keys expire for readers by the leader's clock, for writers by log time",
    edits: [
      {
        file: READS,
        find: '      for (let row = 0; row < found; row++) {\n',
        replace: `      const logTime = state.logTime;
      state.logTime = time;
      for (let row = 0; row < found; row++) {
`,
      },
      {
        file: READS,
        find: '      // Nobody knows what comes behind',
        replace: '      state.logTime = logTime;\n      // Nobody knows what comes behind',
      },
    ],
  },
  {
    id: 'K33',
    tier: 2,
    violates: ['LIVE', 'SMS'],
    note: 'keys expire only when something else is written',
    edits: [
      {
        file: 'src/node/tick.ts',
        find: '  return Number.isFinite(due) && due < stampOf(node, group);\n',
        replace: '  return Number.isFinite(due) && due < stampOf(node, group) - 600_000;\n',
      },
      {
        file: 'src/node/tick.ts',
        find: 'return Math.max(node.now + 1, node.now + due - stampOf(node, group) + 1);',
        replace: 'return Math.max(node.now + 1, node.now + due - stampOf(node, group) + 600_001);',
      },
    ],
  },
  {
    id: 'K34',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'a deadline that has passed already leaves the old value of a put in place',
    edits: [
      {
        file: COMMANDS,
        find: `    if (exists) {
      pushChanged(state, view, lane);
      removeRecord(state);
    } else {`,
        replace: `    if (exists) {
      pushChanged(state, view, lane);
    } else {`,
      },
    ],
  },
  {
    id: 'K35',
    tier: 2,
    violates: ['SMS'],
    note: 'at the quota nothing may be written, not even what makes room',
    edits: [
      {
        file: COMMANDS,
        find: '  return raised > 0 && isOver ? STATUS.QUOTA_EXCEEDED : STATUS.OK;\n',
        replace: '  return isOver ? STATUS.QUOTA_EXCEEDED : STATUS.OK;\n',
      },
    ],
  },
  {
    id: 'K37',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'a condition on absence holds for an empty value too',
    edits: [
      {
        file: COMMANDS,
        find: '  const exists = meet(state, bytes, view);\n  if ((view.flags & (exists ? IF_ABSENT',
        replace:
          '  const exists = meet(state, bytes, view) && state.scratch.record.valueBytes > 0;\n  if ((view.flags & (exists ? IF_ABSENT',
      },
    ],
  },
  {
    id: 'K38',
    tier: 2,
    violates: ['SMS'],
    also: ['sessions'],
    note: 'results of sessions count against the bound for ever',
    edits: [
      {
        file: SESSIONS,
        find: '      this.resultBytes -= session.results.valueOf(at)?.length ?? 0;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K36',
    tier: 2,
    violates: ['SMS', 'LIN'],
    also: ['sessions'],
    note: 'a snapshot names the sessions, but not what they were answered',
    edits: [
      {
        file: SESSIONS,
        find: '    this.digest.add(this.#elementOfResult(session, sequence));\n',
        replace: '',
      },
      {
        file: SESSIONS,
        find: '      this.digest.subtract(this.#elementOfResult(session, at));\n',
        replace: '',
      },
      {
        file: SESSIONS,
        find: '      sum.add(this.#elementOfResult(session, sequence));\n',
        replace: '',
      },
      {
        file: ITEMS,
        find: '  putU32(sink.bytes, at + 32, results.count);\n',
        replace: '  putU32(sink.bytes, at + 32, 0);\n',
      },
      {
        file: ITEMS,
        find: '  for (const sequence of results.sequences(session.floor)) putResult(sink, session, sequence);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K39',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'a snapshot holds values, but not their deadlines',
    edits: [
      {
        file: ITEMS,
        find: '  const hasDeadline = record.deadline !== NO_DEADLINE;\n',
        replace: '  const hasDeadline = false;\n',
      },
      {
        file: 'src/core/store/table.ts',
        find: '    if (record.deadline !== NO_DEADLINE) element.number(record.deadline);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K77',
    tier: 2,
    violates: ['SMS'],
    note: 'our own snapshot and that of the leader, of the same index, may be named at once',
    edits: [
      {
        file: 'src/core/snapshots/landing.ts',
        find: '  if (other.landing?.index === landing.index && isNaming(other)) return null;\n',
        replace: '  void other;\n',
      },
      {
        file: 'src/node/snapshots.ts',
        find: '    if (group.rebuild !== null) stopSaving(node, group);\n',
        replace: '    void stopSaving;\n',
      },
    ],
  },
  {
    id: 'K79',
    tier: 2,
    violates: ['DUR'],
    note: 'a snapshot that nobody wants is removed by its name, which another one is about to take',
    edits: [
      {
        file: 'src/core/snapshots/files.ts',
        find: '  if (!isBeingNamed(state, file.index)) remove(state, out, file.name);\n',
        replace: '  void isBeingNamed;\n  remove(state, out, file.name);\n',
      },
    ],
  },
];

export const HOLDOUT_STATE_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
