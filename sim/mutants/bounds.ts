/** Bugs of bounds and of time: whoever is forgotten, what has no limit, what one clock decides. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'K104',
    tier: 2,
    violates: ['LIVE'],
    note: 'whoever waited for a leader in vain is forgotten, and not told',
    edits: [
      {
        file: 'src/node/patience.ts',
        find: "    refuseOne(node, owner, slot, 'UNAVAILABLE');\n",
        replace: '    refuseOne(node, owner, -1 - slot, "UNAVAILABLE");\n',
      },
    ],
  },
  {
    id: 'K105',
    tier: 2,
    violates: ['AVAIL'],
    also: ['queue-bound'],
    note: 'what is owed to all readers together has no bound',
    edits: [
      {
        file: 'src/node/connections.ts',
        find: '      if (this.#unsent > this.#limits.unsentTotalBytesMax) this.#evict();\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K106',
    tier: 2,
    violates: ['SMS'],
    note: 'what a session keeps of a result depends on how much room the turn had for results',
    edits: [
      {
        file: 'src/core/results.ts',
        find: '      this.valueBytes[row] = bytes;\n      if (bytes',
        replace: '      this.valueBytes[row] = 0;\n      if (bytes',
      },
    ],
  },
  {
    id: 'K107',
    tier: 2,
    violates: ['LIN'],
    note: 'a value for which a turn had no room is told as an empty one',
    edits: [
      {
        file: 'src/node/owners.ts',
        find: '  if (lane === storeOut.reads || lane.status[row] === STATUS.CONDITION_FAILED) return false;\n  lane.drop(row, STATUS.APPLIED_RESULT_DROPPED);\n',
        replace: '  if (storeOut === null) return false;\n',
      },
    ],
  },
  {
    id: 'K108',
    tier: 2,
    violates: ['AVAIL'],
    also: ['queue-bound'],
    note: 'what one turn answers has no bound: a few small requests ask for all memory',
    edits: [
      {
        file: 'src/core/results.ts',
        find: '    if (bytes > 0 && used > 0 && used + room + bytes > this.bytesMax) return false;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K109',
    tier: 2,
    violates: ['AVAIL'],
    also: ['queue-bound'],
    note: 'the answers to what was passed on are remembered for ever',
    edits: [
      {
        file: 'src/core/forward/codec.ts',
        find: '  putU64(head, 24, request.lowestUnanswered);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'K110',
    tier: 2,
    violates: ['SMS'],
    note: 'what is known of the clocks of others moves with our own when it is set',
    edits: [
      {
        file: 'src/core/raft/time.ts',
        find: 'offsets.push(sameMember(member, state.config.self) ? wall - now : clockOffset);',
        replace: `const own = findProgress(leading, state.config.self) as unknown as { first?: number };
    own.first ??= wall - now;
    const isOurs = sameMember(member, state.config.self);
    offsets.push(isOurs ? wall - now : clockOffset + wall - now - own.first);`,
      },
    ],
  },
  {
    id: 'K111',
    tier: 2,
    violates: ['SMS'],
    note: "the founder's clock says what time it is in entry 1",
    edits: [
      {
        file: 'src/node/forming.ts',
        find: "{ kind: 'form', configuration, bytes }",
        replace: "{ kind: 'form', configuration, bytes, ...{ stamp: node.wall } }",
      },
      {
        file: 'src/core/raft/start.ts',
        find: '    stamp: 0,\n',
        replace: '    stamp: (form as unknown as { stamp: number }).stamp,\n',
      },
    ],
  },
  {
    id: 'K112',
    tier: 2,
    violates: ['SMS'],
    note: 'the median of clocks that are in no order',
    edits: [
      {
        file: 'src/core/raft/time.ts',
        find: '  offsets.sort((left, right) => left - right);\n',
        replace: '',
      },
    ],
  },
];

export const BOUNDS_MUTANTS: readonly Mutant[] = rows.map((row) => newMutant(row, 'cluster'));
