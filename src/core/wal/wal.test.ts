/** What the log promises its caller while it runs. */
import { describe, expect, test } from 'vitest';
import { groupId, millis, NEVER, ticket } from '../../base/units.ts';
import { footprintBytes, isWalReady, liveBytes, newWalOut, queueRoomBytes } from './state.ts';
import { wal } from './step.ts';
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
import { DROP_ALL, KEEP_ALL } from './testing/crash-disk.ts';

describe('durable', () => {
  test('an append is released by the flush that contains it, not by one already in flight', () => {
    const bench = new Bench(tinyConfig()).open();
    bench.append(entry(0, 1, 1));
    bench.append(entry(0, 2, 1));
    bench.completeWrite();
    expect(bench.out.durable).toBe(1);
    bench.settle();
    expect(bench.durable).toBe(2);
  });

  test('what gathers during a flush leaves in one flush', () => {
    const bench = new Bench(tinyConfig()).open().rest();
    const before = bench.state.stats.flushes;
    for (let index = 1; index <= 9; index++) bench.append(entry(0, index, 1));
    bench.settle();
    expect(bench.state.stats.flushes - before).toBe(2);
  });

  test('a flush that completes before an earlier one waits for it', () => {
    const bench = new Bench(tinyConfig({ flushesInFlightMax: 3 })).open().rest();
    for (let index = 1; index <= 3; index++) bench.append(entry(0, index, 1));
    bench.completeWrite(2);
    expect(bench.out.durable).toBe(0);
    bench.completeWrite(1);
    expect(bench.out.durable).toBe(0);
    bench.completeWrite(0);
    expect(bench.out.durable).toBe(3);
  });

  test('a ticket of many records is durable with its last one', () => {
    const bench = new Bench(tinyConfig({ flushBytesMax: 200 })).open().rest();
    bench.append(entry(0, 1, 1, 160), entry(0, 2, 1, 160), entry(0, 3, 1, 160));
    bench.completeWrite();
    expect(bench.durable).toBe(0);
    bench.completeWrite();
    expect(bench.durable).toBe(0);
    bench.completeWrite();
    expect(bench.durable).toBe(1);
  });

  test('strict: one entry a flush', () => {
    const bench = new Bench(tinyConfig({ durability: 'strict' })).open().rest();
    const before = bench.state.stats.flushes;
    bench.append(hardState(0, 1), entry(0, 1, 1), entry(0, 2, 1), entry(0, 3, 1));
    bench.settle();
    expect(bench.state.stats.flushes - before).toBe(3);
  });

  test.each([
    ['strict', tinyConfig({ durability: 'strict' })],
    ['whatever its size', tinyConfig({ flushBytesMax: 100 })],
  ])('%s: a founder writes the first entries of all its groups in one flush', (_, config) => {
    const bench = new Bench(config).open().rest();
    const before = bench.state.stats.flushes;
    bench.append(hardState(0, 1), entry(0, 1, 1), hardState(1, 1), entry(1, 1, 1));
    bench.append(entry(1, 2, 1));
    bench.settle();
    expect(bench.state.stats.flushes - before).toBe(2);
  });

  test('unsafe skips the sync of entries, and of nothing else', () => {
    const bench = new Bench(tinyConfig({ durability: 'unsafe' })).open().rest();
    const syncs = (): number => bench.state.stats.syncs;
    const before = syncs();
    bench.append(entry(0, 1, 1));
    bench.settle();
    expect([bench.durable, syncs() - before]).toEqual([1, 0]);
    bench.append(hardState(0, 2));
    bench.settle();
    expect([bench.durable, syncs() - before]).toEqual([2, 1]);
    bench.append(truncate(0, 1, 2));
    bench.settle();
    expect(syncs() - before).toBe(2);
  });

  test('unsafe: a vote survives although entries of older segments were never synced', () => {
    const config = tinyConfig({ durability: 'unsafe', segmentBytes: 8192 });
    const bench = new Bench(config).open().rest();
    for (let index = 1; index <= 5; index++) {
      bench.append(entry(0, index, 1));
      bench.settle();
    }
    bench.append(hardState(0, 7, 2));
    bench.settle();
    bench.reopen(DROP_ALL);
    expect(bench.recovered!.groups[0]).toMatchObject({ hardState: { term: 7 } });
    expect(bench.recovered!.groups[0]!.entries).toHaveLength(5);
  });

  test('a durability changed by an event holds from the next flush on', () => {
    const bench = new Bench(tinyConfig({ durability: 'unsafe' })).open().rest();
    bench.append(entry(0, 1, 1));
    bench.settle();
    bench.step({ kind: 'durability', durability: 'durable' });
    const before = bench.state.stats.syncs;
    bench.append(entry(0, 2, 1));
    bench.settle();
    expect(bench.state.stats.syncs - before).toBe(1);
  });
});

describe('failure', () => {
  test('after a failed sync nothing is ever durable, and every append is refused', () => {
    const bench = new Bench(tinyConfig({ flushesInFlightMax: 2 })).open().rest();
    bench.disk.failNext = { kind: 'write', code: 'EIO' };
    bench.append(entry(0, 1, 1));
    bench.append(entry(0, 2, 1));
    bench.completeWrite();
    expect(bench.out.failed).toMatchObject({ code: 'DISK_FAILED' });
    bench.settle();
    expect(bench.durable).toBe(0);
    const { writes } = bench.disk;
    bench.append(entry(0, 3, 1));
    expect(bench.out.failed).toMatchObject({ code: 'DISK_FAILED' });
    expect(bench.disk.writes).toBe(writes);
    expect(wal.deadline(bench.state)).toBe(NEVER);
  });

  test('a failed write is not retried', () => {
    const bench = new Bench(tinyConfig()).open().rest();
    bench.disk.failNext = { kind: 'write', code: 'ENOSPC' };
    bench.append(entry(0, 1, 1));
    bench.settle();
    expect(bench.failed).toBe(true);
    expect(bench.disk.inFlight).toHaveLength(0);
  });

  test('a disk too full for a segment is asked again later; the log waits', () => {
    const bench = new Bench(tinyConfig());
    bench.disk.failNext = { kind: 'create', code: 'ENOSPC' };
    bench.open();
    bench.append(entry(0, 1, 1));
    bench.settle();
    expect([bench.durable, bench.failed]).toEqual([0, false]);
    expect(wal.deadline(bench.state)).toBe(1000);
    bench.rest();
    expect(bench.durable).toBe(1);
    bench.reopen(DROP_ALL);
  });

  test('an error in making a segment stops the log', () => {
    const bench = new Bench(tinyConfig());
    bench.disk.failNext = { kind: 'sync', code: 'EIO' };
    bench.open();
    expect(bench.out.failed ?? bench.state.failure).toMatchObject({ code: 'DISK_FAILED' });
  });
});

describe('idle', () => {
  test('a silent log writes one mark within a second and then nothing', () => {
    const bench = new Bench(tinyConfig()).open().rest();
    expect(wal.deadline(bench.state)).toBe(NEVER);
    bench.now = 5000;
    bench.append(entry(0, 1, 1));
    expect(wal.deadline(bench.state)).toBe(NEVER);
    bench.settle();
    expect(wal.deadline(bench.state)).toBe(6000);
    bench.now = 6000;
    bench.step({ kind: 'tick' });
    expect(bench.state.stats.marks).toBe(1);
    bench.settle();
    expect(wal.deadline(bench.state)).toBe(NEVER);
  });

  test('a mark that waits for a segment wants no tick', () => {
    const bench = new Bench(tinyConfig({ segmentBytes: 8192, zeroedAheadMax: 0 })).open();
    bench.append(entry(0, 1, 1));
    bench.rest();
    bench.append(snapshot(0, 1, 1));
    bench.rest();
    bench.append(snapshot(0, 1, 1));
    bench.rest();
    bench.release(0, 1);
    bench.now += 1000;
    bench.step({ kind: 'tick' });
    expect(bench.disk.inFlight.length > 0 || wal.deadline(bench.state) > bench.now).toBe(true);
    bench.rest();
  });

  test('a log that has no room for what waits vouches for what it holds, all the same', () => {
    const bench = new Bench(tinyConfig({ segmentBytes: 8192, zeroedAheadMax: 0 })).open();
    bench.append(entry(0, 1, 1));
    bench.settle();
    bench.disk.failNext = { kind: 'create', code: 'ENOSPC' };
    bench.append(entry(0, 2, 1));
    bench.settle();
    expect(bench.state.queue).toHaveLength(1);
    expect(bench.state.stats.marks).toBe(0);
    bench.now += 1000;
    bench.disk.failNext = { kind: 'create', code: 'ENOSPC' };
    bench.step({ kind: 'tick' });
    expect(bench.state.stats.marks).toBe(1);
    expect(bench.state.queue).toHaveLength(1);
    bench.settle();
    expect(wal.deadline(bench.state)).toBeGreaterThan(bench.now);
    bench.rest();
    expect(bench.durable).toBe(2);
    bench.reopen(DROP_ALL);
    expect(bench.recovered!.groups[0]!.entries).toHaveLength(2);
  });

  test('a mark has room in a segment that is full', () => {
    const bench = new Bench(tinyConfig({ segmentBytes: 8192, zeroedAheadMax: 0 })).open();
    bench.append(entry(0, 1, 1));
    bench.rest();
    expect(bench.state.segments.map((segment) => segment.usedBytes)).toEqual([8192]);
  });
});

describe('segments', () => {
  test('a record larger than a segment gets a segment of its own size', () => {
    const bench = new Bench(tinyConfig({ segmentBytes: 8192 })).open().rest();
    bench.append(entry(0, 1, 1, 30_000));
    bench.append(entry(0, 2, 1, 8));
    bench.rest();
    expect(bench.durable).toBe(2);
    bench.reopen(DROP_ALL);
    expect(bench.recovered!.groups[0]!.entries.map((bytes) => bytes.length)).toEqual([30_048, 56]);
  });

  test('at most one segment is zeroed ahead', () => {
    const bench = new Bench(tinyConfig()).open().rest();
    expect(bench.disk.list()).toHaveLength(1);
    bench.append(entry(0, 1, 1));
    bench.rest();
    expect(bench.disk.list()).toHaveLength(2);
  });

  test('no file gets its name before its zeros are synced, nor a write before its name is', () => {
    const bench = new Bench(tinyConfig({ zeroedAheadMax: 0 })).open();
    bench.append(entry(0, 1, 1));
    const seen: string[] = [];
    while (bench.disk.inFlight.length > 0) {
      seen.push(bench.disk.inFlight[0]!.submission.operation.kind);
      bench.complete();
    }
    expect(seen).toEqual(['create', 'sync', 'rename', 'sync-directory', 'write']);
  });

  test('a segment is not called dead while a flush in it is under way', () => {
    const bench = new Bench(tinyConfig({ segmentBytes: 8192, flushesInFlightMax: 2 })).open();
    bench.append(entry(0, 1, 1));
    while (bench.state.spare === null) bench.complete(1);
    bench.append(entry(0, 2, 1));
    bench.completeWrite();
    bench.rest();
    bench.reopen(DROP_ALL);
    expect(bench.recovered!.groups[0]!.entries).toHaveLength(2);
  });

  test('snapshots and releases bound the footprint', () => {
    const bench = new Bench(tinyConfig()).open();
    bench.append(hardState(1, 5, 3));
    let footprintMax = 0;
    for (let index = 1; index <= 400; index++) {
      bench.append(entry(0, index, 1, 1000));
      if (index % 10 === 0) {
        bench.append(snapshot(0, index - 3, 1));
        bench.settle();
        bench.release(0, index - 3);
      }
      bench.settle();
      footprintMax = Math.max(footprintMax, footprintBytes(bench.state));
    }
    expect(footprintMax).toBeLessThanOrEqual(10 * 16384);
    bench.rest();
    expect(liveBytes(bench.state)).toBeLessThan(16384);
    bench.reopen(DROP_ALL);
  });

  test("an idle group's hard state is carried along, as it is in memory", () => {
    const bench = new Bench(tinyConfig()).open();
    bench.append(hardState(7, 5, 3));
    for (let index = 1; index <= 60; index++) {
      bench.append(entry(0, index, 1, 1000));
      bench.settle();
      bench.append(snapshot(0, index, 1));
      bench.settle();
      bench.release(0, index);
    }
    bench.rest();
    expect(bench.state.segments[0]!.sequence).toBeGreaterThan(3);
    expect(bench.state.stats.copiedRecords).toBeGreaterThan(0);
    bench.reopen(DROP_ALL);
    const group = bench.recovered!.groups.find((it) => it.group === 7)!;
    expect(group.hardState).toMatchObject({ term: 5, votedFor: { id: 3 } });
  });

  test('entries wait for the durable mark before a release takes effect', () => {
    const bench = new Bench(tinyConfig()).open();
    bench.append(entry(0, 1, 1), entry(0, 2, 1));
    bench.settle();
    bench.append(snapshot(0, 2, 1));
    bench.release(0, 2);
    expect(bench.state.ledger.groups.get(groupId(0))!.entries.size).toBe(2);
    bench.settle();
    expect(bench.state.ledger.groups.get(groupId(0))!.entries.size).toBe(0);
  });

  test('with a full disk the log goes on in the segments that die', () => {
    const bench = new Bench(tinyConfig({ segmentBytes: 8192, zeroedAheadMax: 0 })).open();
    bench.append(entry(0, 1, 1));
    bench.settle();
    bench.append(entry(0, 2, 1));
    bench.settle();
    bench.append(snapshot(0, 2, 1));
    bench.settle();
    bench.disk.failNext = { kind: 'create', code: 'ENOSPC' };
    bench.append(hardState(0, 1));
    bench.settle();
    expect(bench.durable).toBe(3);
    bench.release(0, 2);
    bench.rest();
    expect(bench.durable).toBe(4);
  });
});

describe('the caller', () => {
  const append =
    (bench: Bench, ...records: Parameters<Bench['append']>) =>
    () =>
      bench.append(...records);

  test('may not leave a gap, change its vote, or go back in term', () => {
    const bench = new Bench(tinyConfig()).open();
    bench.append(entry(0, 1, 1), hardState(0, 4, 2));
    expect(append(bench, entry(0, 3, 1))).toThrow(/index-order/);
    expect(append(bench, hardState(0, 3))).toThrow(/monotonic/);
    expect(append(bench, hardState(0, 4, 3))).toThrow(/one-vote/);
    expect(append(bench, truncate(0, 3, 4))).toThrow(/index-order/);
  });

  test('may not append before recovery is over', () => {
    const state = wal.init(tinyConfig());
    const event = { kind: 'append', ticket: ticket(1), records: [entry(0, 1, 1)] } as const;
    expect(isWalReady(state)).toBe(false);
    expect(() => wal.step(state, event, millis(0), newWalOut())).toThrow(/effect-order/);
  });

  test('may not overrun the queue', () => {
    const bench = new Bench(tinyConfig({ queueBytesMax: 1000, queueHeadroomBytes: 200 })).open();
    bench.append(entry(0, 1, 1, 400));
    expect(queueRoomBytes(bench.state)).toBe(1000 - 464);
    expect(append(bench, entry(0, 2, 1, 800))).toThrow(/queue-bound/);
  });
});

describe('what a record means', () => {
  test('a snapshot mark past the last index voids the log; the next entry follows it', () => {
    const bench = new Bench(tinyConfig()).open();
    bench.append(entry(0, 1, 1), entry(0, 2, 1), snapshot(0, 50, 3), entry(0, 51, 3));
    bench.settle();
    bench.reopen(KEEP_ALL);
    expect(bench.recovered!.groups[0]).toMatchObject({ snapshotIndex: 50, snapshotTerm: 3 });
    expect(bench.recovered!.groups[0]!.entries).toHaveLength(1);
  });

  test('a truncation is a record: a rewritten index comes back in its new term', () => {
    const bench = new Bench(tinyConfig()).open();
    bench.append(entry(0, 1, 1), entry(0, 2, 1), entry(0, 3, 1));
    bench.append(truncate(0, 2, 4), entry(0, 2, 4));
    bench.settle();
    bench.reopen(DROP_ALL);
    const expected = replayModel([entry(0, 1, 1), entry(0, 2, 4)]);
    expect(describeGroups(bench.recovered!.groups)).toBe(describeGroups(expected));
  });

  test('the same events give the same log, byte for byte', () => {
    const run = (): string => {
      const bench = new Bench(tinyConfig()).open();
      bench.append(hardState(2, 1), entry(2, 1, 1), entry(0, 1, 1));
      bench.rest();
      return bench.disk
        .list()
        .map(({ name }) => `${name} ${bench.disk.bytes(name).join()}`)
        .join();
    };
    expect(run()).toBe(run());
  });
});
