import { describe, expect, test } from 'vitest';
import { DiskFixture, filled } from './disk-fixture.ts';

describe('what programs see', () => {
  test('a created file reads as zeros up to its length and no further', () => {
    const fixture = new DiskFixture('1', {});
    expect(fixture.run({ kind: 'create', file: 'a', bytes: 1_000 }).code).toBe('OK');
    expect(fixture.read('a', 900, 500)).toEqual(new Uint8Array(100));
    expect(fixture.read('a', 2_000, 500)).toHaveLength(0);
  });

  test('create opens an existing file, keeps its bytes and never shortens it', () => {
    const fixture = new DiskFixture('1', {});
    fixture.run({ kind: 'create', file: 'a', bytes: 1_024 });
    fixture.write('a', 0, filled(10, 7), false);
    fixture.run({ kind: 'create', file: 'a', bytes: 512 });
    expect(fixture.disk.files()).toEqual([{ name: 'a', bytes: 1_024 }]);
    expect(fixture.read('a', 0, 10)).toEqual(filled(10, 7));
  });

  test('a gathered write lies back to back, across pages, and can be read in pieces', () => {
    const fixture = new DiskFixture('1', {});
    fixture.run({ kind: 'create', file: 'a', bytes: 0 });
    const parts = [filled(3_000, 1), filled(5_000, 2), filled(1, 3)];
    fixture.run({ kind: 'write', file: 'a', offset: 700, parts, sync: false });
    expect(fixture.read('a', 0, 700)).toEqual(new Uint8Array(700));
    expect(fixture.read('a', 3_699, 2)).toEqual(Uint8Array.of(1, 2));
    expect(fixture.read('a', 8_699, 100)).toEqual(Uint8Array.of(2, 3));
  });

  test('what is missing answers ENOENT', () => {
    const fixture = new DiskFixture('1', {});
    expect(fixture.write('a', 0, filled(1, 1), true).code).toBe('ENOENT');
    expect(fixture.run({ kind: 'sync', file: 'a' }).code).toBe('ENOENT');
    expect(fixture.run({ kind: 'remove', file: 'a' }).code).toBe('ENOENT');
    expect(fixture.run({ kind: 'rename', source: 'a', target: 'b' }).code).toBe('ENOENT');
  });

  test('a rename replaces its target, and list names what there is', () => {
    const fixture = new DiskFixture('1', {});
    fixture.run({ kind: 'create', file: 'a', bytes: 1 });
    fixture.run({ kind: 'create', file: 'b', bytes: 2 });
    fixture.run({ kind: 'rename', source: 'a', target: 'b' });
    expect(fixture.run({ kind: 'list' }).files).toEqual([{ name: 'b', bytes: 1 }]);
  });

  test('a file opened by an operation in flight survives its renaming', () => {
    const fixture = new DiskFixture('1', { lanes: 8 });
    fixture.run({ kind: 'create', file: 'a', bytes: 512 });
    fixture.knobs.latency = { min: 500, spread: 0, max: 500 };
    fixture.submit({ kind: 'write', file: 'a', offset: 0, parts: [filled(4, 9)], sync: false });
    fixture.knobs.latency = { min: 1, spread: 0, max: 1 };
    fixture.run({ kind: 'rename', source: 'a', target: 'b' });
    fixture.scheduler.runUntil(10_000);
    expect(fixture.read('b', 0, 4)).toEqual(filled(4, 9));
  });
});

test('a file is settled when its content and its length are synced', () => {
  const fixture = new DiskFixture('1', {});
  const isSettled = (): boolean => fixture.disk.find('a')!.isSettled();
  fixture.run({ kind: 'create', file: 'a', bytes: 4_096 });
  expect(isSettled()).toBe(false);
  fixture.run({ kind: 'sync', file: 'a' });
  expect(isSettled()).toBe(true);
  fixture.write('a', 0, filled(10, 1), false);
  expect(isSettled()).toBe(false);
  fixture.write('a', 512, filled(10, 1), true);
  expect(isSettled()).toBe(true);
});

describe('time', () => {
  const overtakings = (lanes: number): number => {
    const latency = { min: 5, spread: 500, max: 50_000 };
    const fixture = new DiskFixture('3', { lanes, latency });
    fixture.run({ kind: 'create', file: 'a', bytes: 65_536 });
    for (let sector = 0; sector < 100; sector++) {
      const parts = [filled(512, sector)];
      fixture.submit({ kind: 'write', file: 'a', offset: sector * 512, parts, sync: false });
    }
    fixture.scheduler.runUntil(10_000_000);
    const tickets = fixture.completions.map(({ ticket }) => ticket);
    expect(tickets).toHaveLength(101);
    return tickets.filter((ticket, at) => at > 0 && ticket < tickets[at - 1]!).length;
  };

  test('one lane completes in order; several overtake one another on one file', () => {
    expect(overtakings(1)).toBe(0);
    expect(overtakings(8)).toBeGreaterThan(10);
  });

  test('a slow disk takes longer, a stalled one completes nothing until it wakes', () => {
    const fixture = new DiskFixture('1', {});
    fixture.disk.slow(10_000);
    fixture.run({ kind: 'create', file: 'a', bytes: 512 });
    expect(fixture.scheduler.nowUs()).toBe(200);
    fixture.disk.slow(1_000);
    fixture.disk.stall(9_000);
    fixture.run({ kind: 'list' });
    expect(fixture.scheduler.nowUs()).toBe(9_000);
    expect(fixture.faults.summary()).toEqual({ 'disk-slow': 1, 'disk-stall': 1 });
  });

  test('an operation has no effect before it completes', () => {
    const fixture = new DiskFixture('1', { lanes: 4 });
    fixture.prepare('a', 512);
    fixture.submit({ kind: 'write', file: 'a', offset: 0, parts: [filled(4, 9)], sync: true });
    expect(fixture.disk.busy()).toBe(1);
    expect(fixture.read('a', 0, 4)).toEqual(new Uint8Array(4));
    fixture.scheduler.runUntil(10_000);
    expect(fixture.disk.busy()).toBe(0);
    expect(fixture.read('a', 0, 4)).toEqual(filled(4, 9));
  });
});

describe('errors', () => {
  test('a read error is transient and loses nothing', () => {
    const fixture = new DiskFixture('1', {});
    fixture.prepare('a', 512);
    fixture.write('a', 0, filled(4, 9), true);
    fixture.knobs.readErrorPpm = 1_000_000;
    const failed = fixture.run({ kind: 'read', file: 'a', offset: 0, length: 4, fresh: false });
    expect(failed).toMatchObject({ code: 'EIO', bytes: new Uint8Array(0) });
    fixture.knobs.readErrorPpm = 0;
    expect(fixture.read('a', 0, 4)).toEqual(filled(4, 9));
  });

  test('a failed write leaves some prefix behind', () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const fixture = new DiskFixture(String(seed), {});
      fixture.prepare('a', 2_048);
      fixture.knobs.writeErrorPpm = 1_000_000;
      expect(fixture.write('a', 0, filled(2_048, 9), true).code).toBe('EIO');
      const bytes = fixture.read('a', 0, 2_048);
      const written = bytes.lastIndexOf(9) + 1;
      expect(bytes.subarray(0, written)).toEqual(filled(written, 9));
      lengths.add(written);
    }
    expect(lengths.size).toBeGreaterThan(10);
  });

  test('a full disk answers ENOSPC to what grows, writes what fits, and recovers', () => {
    const fixture = new DiskFixture('1', { capacityBytes: 10_000, freeRefreshUs: 0 });
    expect(fixture.run({ kind: 'create', file: 'a', bytes: 10_001 }).code).toBe('ENOSPC');
    expect(fixture.run({ kind: 'create', file: 'a', bytes: 9_000 }).code).toBe('OK');
    expect(fixture.disk.freeBytes()).toBe(1_000);
    expect(fixture.write('a', 8_000, filled(1_000, 1), false).code).toBe('OK');
    expect(fixture.write('a', 8_500, filled(2_000, 2), false).code).toBe('ENOSPC');
    expect(fixture.disk.files()[0]!.bytes).toBeLessThanOrEqual(10_000);
    fixture.disk.occupy(10_000);
    expect(fixture.disk.freeBytes()).toBe(0);
    fixture.disk.occupy(0);
    fixture.run({ kind: 'remove', file: 'a' });
    expect(fixture.disk.freeBytes()).toBe(10_000);
  });

  test('free bytes may be as stale as the port allows', () => {
    const fixture = new DiskFixture('1', { capacityBytes: 10_000, freeRefreshUs: 1_000_000 });
    expect(fixture.disk.freeBytes()).toBe(10_000);
    fixture.run({ kind: 'create', file: 'a', bytes: 4_000 });
    expect(fixture.disk.freeBytes()).toBe(10_000);
    fixture.scheduler.runUntil(1_000_000);
    expect(fixture.disk.freeBytes()).toBe(6_000);
  });

  test('a buffer that changes before the completion is a violation', () => {
    const fixture = new DiskFixture('1', {});
    fixture.prepare('a', 512);
    const buffer = filled(4, 9);
    fixture.submit({ kind: 'write', file: 'a', offset: 0, parts: [buffer], sync: false });
    buffer[0] = 1;
    fixture.scheduler.runUntil(10_000);
    expect(String(fixture.reported[0])).toContain('buffer was changed');
  });
});
