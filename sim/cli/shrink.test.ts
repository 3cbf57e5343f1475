import { expect, test } from 'vitest';
import { type Schedule, type Strike, type StrikeKind, WHOLE_SCHEDULE } from '../run/schedule.ts';
import { reportWithoutRun, type SeedReport } from './report.ts';
import { Shrinker } from './shrink.ts';

const strike = (kind: StrikeKind, ordinal: number): Strike => ({
  name: `${kind} ${ordinal}`,
  kind,
  timeMs: ordinal * 10,
});

const STRIKES: readonly Strike[] = [
  ...Array.from({ length: 20 }, (_, at) => strike('crash', at + 1)),
  ...Array.from({ length: 9 }, (_, at) => strike('pause', at + 1)),
];

/** A make-believe run: what happens in it, and which checker fails. */
function run(schedule: Schedule, failing: (names: readonly string[]) => string | null): SeedReport {
  const strikes = STRIKES.filter(({ name, kind }) => {
    if (schedule.off.includes(kind)) return false;
    return schedule.strikes === null || schedule.strikes.includes(name);
  });
  const checker = failing(strikes.map(({ name }) => name));
  const shape = { nodes: 3, clients: 6, keys: 10, safetyMs: 900 };
  const report = { ...reportWithoutRun('1', 'violation', 'x'), strikes, shape, simulatedMs: 900 };
  return checker === null ? { ...report, verdict: 'pass', checker } : { ...report, checker };
}

async function shrunk(failing: (schedule: Schedule, names: readonly string[]) => string | null) {
  const tryOne = async (schedule: Schedule): Promise<SeedReport> =>
    run(schedule, (names) => failing(schedule, names));
  return new Shrinker(await tryOne(WHOLE_SCHEDULE), tryOne, () => {}).shrink();
}

test('what a failure does not need is taken away, and nothing else', async () => {
  const needed = ['crash 7', 'crash 13', 'pause 2'];
  const { schedule } = await shrunk(({ off, clients }, names) => {
    const isEnough = needed.every((name) => names.includes(name)) && !off.includes('loss');
    return isEnough && (clients ?? 6) >= 2 ? 'liveness' : null;
  });
  expect(schedule.strikes).toEqual(needed);
  expect(schedule.off).not.toContain('loss');
  expect(schedule.off).toContain('duplicate');
  expect(schedule.off).not.toContain('crash');
  expect(schedule).toMatchObject({ clients: 2, keys: 1 });
});

test('another failure is not the one that is shrunk', async () => {
  const { schedule, report } = await shrunk((_, names) => {
    if (names.includes('crash 3') && names.includes('pause 1')) return 'liveness';
    return names.includes('crash 3') ? 'linearizable' : null;
  });
  expect(report.checker).toBe('liveness');
  expect(schedule.strikes).toEqual(['crash 3', 'pause 1']);
});

test('a failure that needs no strike is left without any', async () => {
  const { schedule } = await shrunk(() => 'liveness');
  expect(schedule.off).toContain('crash');
  expect(schedule.strikes ?? []).toEqual([]);
});
