/** The path bench on a store that is too small to say anything, but with every step of it. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { pathJson, pathTable } from './path-report.ts';
import { runPath } from './path-run.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOAD = { connections: 2, pipeline: 8, keys: 64, valueBytes: 10, isSequential: false };

/** Every batch is one turn's, and no turn is spent on waiting: these are counts, not times. */
test.each([
  ['get', 1, 1],
  ['stale', 1, 1],
  ['put', 1, 2],
  ['get', 3, 2],
  ['put', 3, 3],
] as const)(
  'a batch of %s on %i nodes takes its leader %i turns',
  {
    timeout: 60_000,
  },
  async (kind, nodes, turns) => {
    const shape = { ...LOAD, kind };
    const trees = nodes === 1 ? [ROOT, ROOT] : [ROOT];
    const finding = await runPath({ trees, nodes, shape, rounds: 2, operations: 320 });
    expect(finding.turnsPerBatch).toBe(turns);
    expect(finding.ratios.length).toBe(trees.length === 2 ? 2 : 0);
    expect(JSON.parse(pathJson([finding])).rows[0]).toMatchObject({ nodes, shape: { kind } });
    expect(pathTable([finding])).toContain(kind.toUpperCase());
  },
);
