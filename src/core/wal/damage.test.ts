/** Damage is told from a torn tail and named; it is never cut off in silence. */
import { describe, expect, test } from 'vitest';
import type { StoreId } from '../../base/units.ts';
import { segmentFile } from './state.ts';
import {
  Bench,
  describe as describeGroups,
  entry,
  hardState,
  replayModel,
  snapshot,
  tinyConfig,
  truncate,
} from './testing/bench.ts';
import { DROP_ALL, KEEP_ALL, SECTOR_BYTES } from './testing/crash-disk.ts';
import { BLOCK, FIRST, model, oneEntryABlock, zero } from './testing/damage.ts';

describe('a tail that was never synced', () => {
  test('four bytes cut off the file: all but the last flush come back', () => {
    const bench = oneEntryABlock(3);
    bench.disk.cut(FIRST, 3 * BLOCK - 4);
    bench.disk.crash(DROP_ALL);
    bench.restart();
    expect(bench.recovered!.verdict).toBe('torn');
    expect(bench.recovered!.groups[0]!.entries).toHaveLength(2);
    bench.nextTicket = 1;
    bench.append(entry(0, 3, 2));
    bench.rest();
    expect(bench.durable).toBe(1);
  });

  test('a last flush whose sectors are missing is cut off, and the log goes on', () => {
    const bench = oneEntryABlock(3);
    bench.append(entry(0, 4, 1, 1200));
    bench.reopen({ sector: () => (bench.disk.writes++ % 2 === 0 ? 1 : 0), name: () => true });
    expect(bench.recovered!.verdict).toBe('torn');
    bench.append(entry(0, 4, 2));
    bench.rest();
    bench.reopen(DROP_ALL);
    expect(bench.recovered!.verdict).toBe('clean');
  });

  test('good flushes behind a torn one are cut off with it, and stay dead', () => {
    const bench = new Bench(tinyConfig({ flushesInFlightMax: 3 })).open().rest();
    for (const index of [1, 2, 3]) bench.append(entry(0, index, 1));
    let write = 0;
    bench.reopen({ sector: () => (write++ === 0 ? 0 : 1), name: () => true });
    expect(bench.recovered!.verdict).toBe('torn');
    expect(bench.appended).toHaveLength(0);
    bench.append(entry(0, 1, 9));
    bench.reopen(KEEP_ALL);
    expect(describeGroups(bench.recovered!.groups)).toBe(
      describeGroups(replayModel([entry(0, 1, 9)])),
    );
  });

  test('an empty, blank, cut or unknown file behind the tail is no reason to stop', () => {
    for (const bytes of [0, 100, BLOCK, 4 * BLOCK]) {
      const bench = oneEntryABlock(3).rest();
      bench.disk.submit({
        ticket: 0,
        operation: { kind: 'create', file: segmentFile(9), bytes },
      });
      bench.disk.submit({ ticket: 0, operation: { kind: 'create', file: 'wal-next.tmp', bytes } });
      bench.disk.submit({ ticket: 0, operation: { kind: 'create', file: 'notes.txt', bytes } });
      bench.reopen(KEEP_ALL);
      expect(bench.recovered!.verdict).toBe('clean');
      bench.append(entry(0, 4, 1, 200_000));
      bench.append(entry(0, 5, 1));
      bench.rest();
      bench.reopen(DROP_ALL);
    }
  });

  test('bytes read from the cache are synced before they are reported', () => {
    const bench = oneEntryABlock(2);
    bench.append(entry(0, 3, 1));
    bench.disk.dieProcess();
    bench.restart();
    bench.judge();
    expect(bench.appended).toHaveLength(3);
    bench.reopen(DROP_ALL);
    expect(bench.appended).toHaveLength(3);
  });
});

describe('damage', () => {
  test('512 zeros in the middle of an earlier flush are reported, and nothing is cut', () => {
    const bench = oneEntryABlock(5);
    bench.disk.rot(FIRST, zero(2 * BLOCK + SECTOR_BYTES));
    const before = bench.disk.bytes(FIRST).slice();
    bench.disk.crash(DROP_ALL);
    bench.restart();
    const { verdict, groups, damage } = bench.recovered!;
    expect([verdict, groups]).toEqual(['damaged', []]);
    expect(damage).toMatchObject({
      isRepairable: true,
      missing: [{ group: 0, index: 3, term: 1 }],
      lostHardStates: [],
      lostLogs: [],
      positions: [{ sequence: 1, offset: 2 * BLOCK }],
    });
    expect(bench.disk.bytes(FIRST)).toEqual(before);
  });

  test('record 20 of 40 zeroed, header and all: damaged, not repairable, appends refused', () => {
    const bench = oneEntryABlock(40);
    bench.disk.rot(FIRST, zero(19 * BLOCK, BLOCK));
    bench.disk.crash(DROP_ALL);
    bench.restart();
    expect(bench.recovered!.damage).toMatchObject({
      isRepairable: false,
      missing: [],
      lostHardStates: [0],
      lostLogs: [0],
    });
    expect(() => bench.append(entry(0, 41, 1))).toThrow(/effect-order/);
    bench.step({ kind: 'repair', entries: [] });
    expect(bench.repaired).toBe(null);
  });

  test('the last acknowledged flush is covered once a mark is written, and not before', () => {
    const early = oneEntryABlock(3);
    early.disk.rot(FIRST, zero(2 * BLOCK));
    early.disk.crash(DROP_ALL);
    early.restart();
    expect(early.recovered!.verdict).toBe('torn');
    const late = oneEntryABlock(3).rest();
    late.disk.rot(FIRST, zero(2 * BLOCK));
    late.disk.crash(DROP_ALL);
    late.restart();
    expect(late.recovered!.verdict).toBe('damaged');
  });

  test('a flush longer than its file is torn, or damage where a later one vouches for it', () => {
    const torn = oneEntryABlock(2);
    torn.append(entry(0, 3, 1, 2 * BLOCK));
    torn.settle();
    torn.disk.cut(FIRST, 4 * BLOCK);
    torn.disk.crash(DROP_ALL);
    torn.restart();
    expect(torn.recovered!.verdict).toBe('torn');
    expect(torn.recovered!.groups[0]!.entries).toHaveLength(2);

    const damaged = new Bench(tinyConfig({ segmentBytes: 4 * BLOCK })).open();
    for (const index of [1, 2]) {
      damaged.append(entry(0, index, 1, 2 * BLOCK));
      damaged.settle();
    }
    damaged.rest();
    damaged.disk.cut(FIRST, 2 * BLOCK);
    damaged.disk.crash(DROP_ALL);
    damaged.restart();
    expect(damaged.recovered!.damage!.missing).toMatchObject([{ index: 1 }]);
  });

  test('a segment that vanished is damage', () => {
    for (const gone of [1, 2]) {
      const bench = new Bench(tinyConfig({ segmentBytes: 2 * BLOCK })).open();
      for (const index of [1, 2, 3, 4]) {
        bench.append(entry(0, index, 1, 3200));
        bench.settle();
      }
      bench.rest();
      bench.disk.durableNames.delete(segmentFile(gone));
      bench.disk.crash(DROP_ALL);
      bench.restart();
      expect(bench.recovered!.verdict).toBe('damaged');
    }
  });

  test('a flush at another position, of another segment or another store is not accepted', () => {
    const flush = (bench: Bench, block: number): Uint8Array =>
      bench.disk.bytes(FIRST).slice(block * BLOCK, (block + 1) * BLOCK);
    const misdirected = oneEntryABlock(5);
    misdirected.disk.rot(FIRST, (file) => file.set(flush(misdirected, 1), 2 * BLOCK));
    misdirected.disk.crash(DROP_ALL);
    misdirected.restart();
    expect(misdirected.recovered!.verdict).toBe('damaged');

    const foreign = oneEntryABlock(3);
    foreign.config = { ...foreign.config, storeId: 'f'.repeat(32) as StoreId };
    foreign.disk.crash(DROP_ALL);
    foreign.restart();
    expect(foreign.recovered!.groups).toEqual([]);
  });

  test('what a snapshot or a later record supersedes is not missing', () => {
    const bench = oneEntryABlock(3);
    bench.append(hardState(0, 2));
    bench.settle();
    bench.append(hardState(0, 3), snapshot(0, 3, 1));
    bench.rest();
    bench.disk.rot(FIRST, zero(1 * BLOCK, BLOCK));
    bench.disk.rot(FIRST, zero(3 * BLOCK, BLOCK));
    bench.disk.crash(DROP_ALL);
    bench.restart();
    expect(bench.recovered!.damage).toMatchObject({ isRepairable: true, missing: [] });
    bench.step({ kind: 'repair', entries: [] });
    bench.rest();
    expect(describeGroups(bench.repaired!)).toBe(model(bench));
    bench.reopen(DROP_ALL);
  });
});

describe('what cannot be named', () => {
  test('a hard state lost behind one that survived leaves the group in doubt', () => {
    const bench = oneEntryABlock(1);
    bench.append(hardState(0, 2), entry(0, 2, 2, 1200), hardState(0, 3, 2));
    bench.rest();
    bench.disk.rot(FIRST, zero(BLOCK + 2 * SECTOR_BYTES));
    bench.disk.crash(DROP_ALL);
    bench.restart();
    expect(bench.recovered!.damage).toMatchObject({ isRepairable: false, lostHardStates: [0] });
  });

  test('a group whose only record is lost is not forgotten', () => {
    const bench = oneEntryABlock(3);
    bench.append(hardState(7, 5, 2));
    bench.settle();
    bench.append(hardState(0, 3), snapshot(0, 3, 1));
    bench.rest();
    bench.disk.rot(FIRST, zero(3 * BLOCK, BLOCK));
    bench.disk.crash(DROP_ALL);
    bench.restart();
    expect(bench.recovered!.damage).toMatchObject({ isRepairable: false, lostHardStates: [] });
  });

  test('a first segment that vanished took hard states with it', () => {
    const bench = new Bench(tinyConfig({ segmentBytes: 3 * BLOCK })).open();
    bench.append(hardState(7, 5, 2), entry(0, 1, 1, 6000));
    bench.settle();
    bench.append(entry(0, 2, 1), snapshot(0, 1, 1), hardState(0, 2));
    bench.rest();
    bench.disk.durableNames.delete(FIRST);
    bench.disk.crash(DROP_ALL);
    bench.restart();
    expect(bench.recovered!.damage).toMatchObject({ isRepairable: false });
  });
});

describe('reading', () => {
  test('nothing is believed of the page cache: a failed sync leaves what no disk holds there', () => {
    const bench = oneEntryABlock(5);
    bench.disk.crash(DROP_ALL);
    bench.disk.corruptRead = (_offset, bytes, fresh) => {
      if (!fresh) bytes.fill(0);
    };
    bench.restart();
    bench.judge();
    expect(bench.recovered!.verdict).toBe('clean');
  });

  test('a bad flush is read again before it is judged', () => {
    const bench = oneEntryABlock(5);
    bench.disk.crash(DROP_ALL);
    let misread = 0;
    bench.disk.corruptRead = (offset, bytes) => {
      if (offset === 2 * BLOCK && misread++ === 0) bytes.fill(0);
    };
    bench.restart();
    bench.judge();
    expect(bench.recovered!.verdict).toBe('clean');
    expect(misread).toBeGreaterThan(1);
  });

  test('each of two readings may find another flush bad: neither is judged', () => {
    const bench = oneEntryABlock(5);
    bench.disk.crash(DROP_ALL);
    const seen = [0, 0, 0, 0, 0];
    bench.disk.corruptRead = (offset, bytes) => {
      const block = offset / BLOCK;
      const reading = seen[block]!++;
      if ((block === 2 && reading === 0) || (block === 4 && reading === 1)) bytes.fill(0);
    };
    bench.restart();
    bench.judge();
    expect(bench.recovered).toMatchObject({ verdict: 'clean', damage: null });
    expect(bench.recovered!.groups[0]!.entries).toHaveLength(5);
  });

  test('a disk that answers each reading with something else stops the log', () => {
    const bench = oneEntryABlock(5);
    bench.disk.crash(DROP_ALL);
    let readings = 0;
    bench.disk.corruptRead = (offset, bytes) => {
      if (offset === 2 * BLOCK) bytes.fill(++readings);
    };
    bench.restart();
    expect(bench.failed).toBe(true);
    expect(bench.recovered).toBe(null);
  });

  test('short reads are gone on with', () => {
    const bench = oneEntryABlock(5);
    bench.disk.crash(DROP_ALL);
    bench.disk.readBytesMax = 1000;
    bench.restart();
    bench.judge();
    expect(bench.recovered!.verdict).toBe('clean');
  });

  test('a read error stops the log: it is never taken for a torn tail', () => {
    const bench = oneEntryABlock(5);
    bench.disk.crash(DROP_ALL);
    bench.disk.failNext = { kind: 'read', code: 'EIO' };
    bench.restart();
    expect(bench.failed).toBe(true);
    expect(bench.recovered).toBe(null);
  });
});

test('a truncation that is lost with its flush is never read as an older log', () => {
  const bench = oneEntryABlock(3);
  bench.append(truncate(0, 2, 2), entry(0, 2, 2));
  bench.settle();
  bench.append(entry(0, 3, 2));
  bench.rest();
  bench.disk.rot(FIRST, zero(3 * BLOCK, BLOCK));
  bench.disk.crash(DROP_ALL);
  bench.restart();
  expect(bench.recovered!.damage).toMatchObject({ isRepairable: false, lostLogs: [0] });
});
