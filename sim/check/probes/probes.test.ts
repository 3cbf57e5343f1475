import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Coverage } from '../../cli/coverage.ts';
import { reportWithoutRun } from '../../cli/report.ts';
import { NO_OVERRIDES, runSeed } from '../../run/run.ts';
import { WHOLE_SCHEDULE } from '../../run/schedule.ts';
import { PROBES } from './catalogue.ts';
import { ProbeLedger } from './ledger.ts';

const PAGES = [
  'cluster.ts',
  'groups.ts',
  'nodes.ts',
  'clients.ts',
  '../../swim/world.ts',
  '../../run/run.ts',
];

const sources = PAGES.map((page) => readFileSync(new URL(page, import.meta.url), 'utf8')).join();

describe('probes', () => {
  it('are named once, and say in one sentence what has happened', () => {
    expect(new Set(PROBES.map(({ name }) => name)).size).toBe(PROBES.length);
    for (const { sentence } of PROBES) expect(sentence).toMatch(/^[A-Z][^.]*\.$/);
  });

  it.each(PROBES.map(({ name }) => name))('%s is watched for', (name) => {
    expect(sources).toContain(`'${name}'`);
  });

  it('count only what holds', () => {
    const ledger = new ProbeLedger();
    ledger.sometimes('truncation', false);
    ledger.sometimes('enospc', true);
    ledger.sometimes('enospc', true);
    expect(ledger.summary()).toEqual({ enospc: 2 });
  });

  it('are hit by a run under chaos, and are all in the catalogue', () => {
    const overrides = { ...NO_OVERRIDES, schedule: { ...WHOLE_SCHEDULE, safetyMs: 6_000 } };
    const { probes } = runSeed('2', {
      overrides,
      recorder: null,
      chronicle: null,
      raftTrace: null,
    });
    const known = new Set(PROBES.map(({ name }) => name));
    expect(Object.keys(probes).length).toBeGreaterThan(3);
    for (const name of Object.keys(probes)) expect(known).toContain(name);
  });
});

describe('the coverage of many seeds', () => {
  const hit = (seed: string, probes: Record<string, number>) => ({
    ...reportWithoutRun(seed, 'undecided', ''),
    probes,
  });

  it('names what no run has hit, and counts runs', () => {
    const coverage = new Coverage('swim');
    coverage.add(hit('1', { 'suspicion-refuted': 7 }));
    coverage.add(hit('2', { 'suspicion-refuted': 1, 'death-declared': 2 }));
    expect(coverage.missed()).toEqual(['accused-returned', 'tombstone-forgotten']);
    expect(coverage.counts()).toMatchObject({ 'suspicion-refuted': 2, 'death-declared': 1 });
    expect(coverage.lines()[0]).toBe('2 of 4 probes hit; never:');
  });
});
