/**
 * The index of directed scenarios tells the truth: its tests are there, its bugs are known, and a
 * sample of them does fail under its bug. `npm run scenarios:mutants` tries them all.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { literalOf, ROOT, readIndex } from '../scripts/scenarios/index.ts';
import { runScenarios } from '../scripts/scenarios/run.ts';
import { findMutant } from '../sim/mutants/catalogue.ts';

/** Rows that the index must have, whatever else it has. */
const IDS = `
  E01 E02 E03 E04 E05 E06 E07 E08 E09 E12 E13 E17 E18 E20 E22 I23 I24 E25 E26 E29 I31 I32 I33 E34 E35
  E36 I37 E38 E39 E40 E41 E42 E43 I45 I46 M47 M48 M49 M50 M51 M52 M53 M54 M56 M60 M61 M62 H63 H64 H65
  H66 H67 O72 O74 O75 O76 O77 O78 N80
  S01 S02 S03 S04 S05 S06 S07 S08 S09 S10 S11 S12 S13 S15 S16 S17 S18 S19 S21 S22 S23 S25 S27
  etcd#13766 etcd#14370 etcd#14571 etcd#14685 etcd#15220 etcd#15247 etcd#15271 etcd#17247 etcd#17529
  etcd#17780 etcd#18055 etcd#18089 etcd#18667 etcd#19179 etcd#20221 etcd#20271 etcd#20418`
  .trim()
  .split(/\s+/);

/** Cheap ones, one of each machine. */
const SAMPLE = ['E18', 'S05', 'WAL-no-space'];

const { scenarios, absences } = readIndex();
const sourceOf = (file: string): string => readFileSync(new URL(file, ROOT), 'utf8');

test('every row has a test or a reason, and none has both', () => {
  const told = new Set(scenarios.map(({ id }) => id));
  const absent = absences.map(({ id }) => id);
  expect(absent.filter((id) => told.has(id))).toEqual([]);
  expect(IDS.filter((id) => !told.has(id) && !absent.includes(id))).toEqual([]);
  for (const { reason } of absences) expect(reason.length).toBeGreaterThan(20);
});

describe.each(scenarios)('$id: $title', ({ file, title, mutant }) => {
  test('is a title in its file, and its bug is known', () => {
    const literal = literalOf(title);
    expect(literal.length).toBeGreaterThan(4);
    expect(sourceOf(file)).toContain(literal);
    expect(findMutant(mutant)).not.toBe(null);
  });
});

test.each(SAMPLE)(
  '%s passes, and fails under its bug',
  (id) => {
    const rows = scenarios.filter((row) => row.id === id).slice(0, 1);
    expect(runScenarios(rows, null)).toEqual(['passes']);
    expect(runScenarios(rows, rows[0]!.mutant)).toEqual(['fails']);
  },
  120_000,
);
