/** Bugs of look-ups that go ahead, and of memory that is used again, that the catalogue does not list. */
import { type Mutant, type MutantRow, newMutant } from './mutant.ts';

const rows: readonly MutantRow[] = [
  {
    id: 'K113',
    tier: 2,
    violates: ['SMS'],
    note: 'keys that were looked ahead for by a scout are looked up under another seed',
    edits: [
      {
        file: 'src/core/store/table.ts',
        find: 'scout.find(bytes, count, from, to, seedHigh, seedLow, this.#map, ahead);',
        replace: 'scout.find(bytes, count, from, to, seedLow, seedHigh, this.#map, ahead);',
      },
    ],
  },
  {
    id: 'K114',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'replies are written over by those of the next turn before they have left',
    edits: [
      {
        file: 'src/node/reply-writer.ts',
        find: 'this.#lane.show(this.#from, this.#to, this.#net.keepsBytes)',
        replace: 'this.#lane.show(this.#from, this.#to, false)',
      },
    ],
  },
  {
    id: 'K115',
    tier: 2,
    violates: ['SMS', 'LIN'],
    note: 'keys that a scout has found are taken to be there still, though their slots have shifted',
    edits: [
      {
        file: 'src/core/store/table-map.ts',
        find: '    return this.#shards[shard]!.shifts === this.#shifts[shard];\n',
        replace: '    return this.#shards[shard]!.shifts >= this.#shifts[shard]!;\n',
      },
    ],
  },
];

export const HOLDOUT_MEMORY_MUTANTS: readonly Mutant[] = rows.map((row) =>
  newMutant(row, 'cluster'),
);
