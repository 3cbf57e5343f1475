import { defineConfig } from 'vitest/config';

import { mutantPlugin } from './sim/cli/mutant-plugin.ts';

// Worker threads start faster than processes and the machines share nothing, so threads it is.
// Two workers: the budget of the test suite is stated for two cores (docs/hacking.md).
const { MUTANT } = process.env;

export default defineConfig({
  // MUTANT=id: the tests meet a known bug (docs/simulator.md, "Scenarios").
  plugins: [mutantPlugin(MUTANT)],
  test: {
    include: ['src/**/*.test.ts', 'sim/**/*.test.ts', 'bench/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'threads',
    maxWorkers: 2,
    // A hang, no measure: a machine that others use as well may be ten times slower.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    passWithNoTests: false,
    cache: false,
  },
});
