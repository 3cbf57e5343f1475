/** The memory bench on a store that is too small to say anything, but takes every step of it. */
import { expect, test } from 'vitest';
import { isPassed, runMemory } from './memory.ts';
import { memoryJson, memoryTable } from './memory-report.ts';

test('a node is loaded, overwritten, killed, recovered with the same content, and loaded again', {
  timeout: 60_000,
}, async () => {
  const finding = await runMemory({ keys: 2_000, valueBytes: 100, churnBytes: 64 * 4096 });
  const { afterLoad, afterOverwrites, churn, recovery, diskMost } = finding;
  expect(afterLoad.figures.store).toMatchObject({ keys: 2_000, contentBytes: 2_000 * 120 });
  expect(afterOverwrites.figures.store.keys).toBe(2_000);
  expect(afterOverwrites.figures.store.contentBytes).not.toBe(2_000 * 120);
  expect(churn.figures.store.keys).toBe(2_000 + 64);
  expect(recovery.isSame).toBe(true);
  expect(diskMost.logBytes).toBeGreaterThan(0);
  expect(JSON.parse(memoryJson(finding))).toMatchObject({ keys: 2_000, passed: isPassed(finding) });
  expect(memoryTable(finding)).toContain('the same content');
});
