/** Not a bug that anybody had: it fails every run, and so proves that failures are reported. */
import { type Mutant, newMutant } from './mutant.ts';

export const CANARY: Mutant = newMutant(
  {
    id: 'canary',
    tier: 2,
    violates: ['ES'],
    note: 'whoever takes office finds that it must not',
    edits: [
      {
        file: 'src/core/raft/leader.ts',
        find: "  changeRole(state, 'leader');\n",
        replace: `  changeRole(state, 'leader');
  assert(false, 'election-safety', 'the canary sings');
`,
      },
    ],
  },
  'cluster',
);
