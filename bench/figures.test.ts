/** What benches compute from what they see. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diskUsage } from './disk-usage.ts';
import { selfTimes } from './profile.ts';
import { median, tableOf } from './table.ts';

test('self times are summed by function, without the idle loop, the greatest first', () => {
  const frame = (functionName: string, url: string, lineNumber: number) => ({
    functionName,
    url,
    lineNumber,
  });
  const times = selfTimes({
    nodes: [
      { id: 1, callFrame: frame('(idle)', '', -1) },
      { id: 2, callFrame: frame('locate', 'file:///there/src/core/store/table.ts', 59) },
      { id: 3, callFrame: frame('write', '', -1) },
      { id: 4, callFrame: frame('locate', 'file:///there/src/core/store/table.ts', 59) },
    ],
    samples: [1, 2, 3, 4, 1],
    timeDeltas: [900, 20, 10, 10, 900],
  });
  expect(times).toEqual([
    { name: 'locate', where: 'src/core/store/table.ts:60', share: 0.75 },
    { name: 'write', where: '', share: 0.25 },
  ]);
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[], 0],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test('a table has its first column to the left and the others to the right', () => {
  expect(
    tableOf([
      ['', 'A'],
      ['keys', '1'],
      ['k', '100'],
    ]),
  ).toBe('        A\nkeys    1\nk     100\n');
});

test('log and snapshots are told apart, other files are not counted', () => {
  const directory = mkdtempSync(join(tmpdir(), 'apex-kv-bench-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, bytes] of [
    ['wal-0000000000000001.segment', 10],
    ['wal-next.tmp', 5],
    ['snapshot-0-7', 3],
    ['identity', 100],
  ] as const) {
    writeFileSync(join(directory, name), new Uint8Array(bytes));
  }
  expect(diskUsage(directory)).toEqual({ logBytes: 15, snapshotBytes: 3 });
});
