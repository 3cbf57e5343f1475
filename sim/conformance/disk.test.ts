/** The rules of src/core/disk.ts, and of the disk port, held by the fake, the plain and the native disk. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskCompletion, DiskOperation } from '../../src/core/disk.ts';
import { type DiskUnderTest, diskWorlds, noNativeDisk } from './disk-worlds.ts';

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

const create = (file: string, bytes: number): DiskOperation => ({ kind: 'create', file, bytes });
const write = (file: string, offset: number, ...parts: Uint8Array[]): DiskOperation => ({
  kind: 'write',
  file,
  offset,
  parts,
  sync: false,
});
const read = (file: string, offset: number, length: number, fresh = false): DiskOperation => ({
  kind: 'read',
  file,
  offset,
  length,
  fresh,
});
const list: DiskOperation = { kind: 'list' };

describe.each(diskWorlds)('$name', ({ open }) => {
  let disk: DiskUnderTest;
  beforeEach(async () => {
    disk = await open();
  });
  afterEach(() => disk.close());

  const run = async (operation: DiskOperation): Promise<DiskCompletion> => {
    const completion = await disk.run(operation);
    expect(completion.code).toBe('OK');
    return completion;
  };
  const bytesOf = async (file: string, offset: number, length: number): Promise<Uint8Array> =>
    (await run(read(file, offset, length))).bytes;
  const names = async (): Promise<unknown[]> =>
    [...(await run(list)).files].sort((left, right) => (left.name < right.name ? -1 : 1));

  test('a created file is filled with zeros to its length', async () => {
    await run(create('a', 3_000_001));
    expect(await names()).toEqual([{ name: 'a', bytes: 3_000_001 }]);
    const bytes = await bytesOf('a', 0, 3_000_001);
    expect(bytes).toHaveLength(3_000_001);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  test('create opens an existing file, keeps its bytes, extends it and never shortens it', async () => {
    await run(create('a', 1_000));
    await run(write('a', 990, filled(10, 7)));
    await run(create('a', 10));
    expect(await names()).toEqual([{ name: 'a', bytes: 1_000 }]);
    await run(create('a', 1_010));
    expect(await bytesOf('a', 989, 21)).toEqual(
      Uint8Array.from({ length: 21 }, (_, at) => (at >= 1 && at <= 10 ? 7 : 0)),
    );
  });

  test('what was written can be read back, in whole or in pieces', async () => {
    await run(create('a', 10_000));
    const bytes = Uint8Array.from({ length: 5_000 }, (_, at) => at);
    await run(write('a', 1_234, bytes));
    expect(await bytesOf('a', 1_234, 5_000)).toEqual(bytes);
    expect(await bytesOf('a', 3_000, 10)).toEqual(bytes.subarray(1_766, 1_776));
  });

  test('a gathered write lies back to back, empty parts and all', async () => {
    await run(create('a', 0));
    const parts = [filled(3_000, 1), new Uint8Array(0), filled(5_000, 2), filled(1, 3)];
    await run(write('a', 700, ...parts));
    expect(await bytesOf('a', 0, 700)).toEqual(new Uint8Array(700));
    expect(await bytesOf('a', 3_699, 2)).toEqual(Uint8Array.of(1, 2));
    expect(await bytesOf('a', 8_699, 2)).toEqual(Uint8Array.of(2, 3));
  });

  test('a gathered write may have more parts than the kernel takes at once', async () => {
    await run(create('a', 0));
    const parts = Array.from({ length: 3_000 }, (_, at) => filled(3, at));
    await run(write('a', 0, ...parts));
    expect(await bytesOf('a', 0, 9_000)).toEqual(
      Uint8Array.from({ length: 9_000 }, (_, at) => at / 3),
    );
  });

  test('a part may be a view into a larger buffer', async () => {
    await run(create('a', 0));
    const buffer = Uint8Array.from({ length: 100 }, (_, at) => at);
    await run(write('a', 0, buffer.subarray(10, 20), buffer.subarray(50, 51)));
    expect(await bytesOf('a', 0, 100)).toEqual(Uint8Array.of(...buffer.subarray(10, 20), 50));
  });

  test('a read is short only at the end of the file', async () => {
    await run(create('a', 1_000));
    expect(await bytesOf('a', 900, 500)).toHaveLength(100);
    expect(await bytesOf('a', 1_000, 1)).toHaveLength(0);
    expect(await bytesOf('a', 5_000, 1)).toHaveLength(0);
    expect(await bytesOf('a', 10, 0)).toHaveLength(0);
  });

  test('a read past the page cache finds the same bytes at any offset', async () => {
    const bytes = Uint8Array.from({ length: 9_999 }, (_, at) => at * 7);
    await run(create('a', 0));
    await run({ kind: 'write', file: 'a', offset: 0, parts: [bytes], sync: true });
    for (const [offset, length] of [
      [0, 9_999],
      [0, 512],
      [4_095, 2],
      [5_000, 20_000],
      [9_999, 8],
    ]) {
      const found = (await run(read('a', offset!, length!, true))).bytes;
      expect(found).toEqual(bytes.subarray(offset, offset! + length!));
    }
  });

  test('syncs of files and of the directory complete', async () => {
    await run(create('a', 4_096));
    await run({ kind: 'sync', file: 'a' });
    await run({ kind: 'write', file: 'a', offset: 0, parts: [filled(512, 1)], sync: true });
    await run({ kind: 'sync-directory' });
  });

  test('a rename moves the file with its bytes and replaces what had the name', async () => {
    await run(create('a', 10));
    await run(write('a', 0, filled(4, 9)));
    await run(create('b', 20));
    await run({ kind: 'rename', source: 'a', target: 'b' });
    await run({ kind: 'sync-directory' });
    expect(await names()).toEqual([{ name: 'b', bytes: 10 }]);
    expect(await bytesOf('b', 0, 5)).toEqual(Uint8Array.of(9, 9, 9, 9, 0));
    await run(write('b', 4, filled(1, 8)));
    expect(await bytesOf('b', 3, 2)).toEqual(Uint8Array.of(9, 8));
  });

  test('a removed file is gone, and its name can be used anew', async () => {
    await run(create('a', 10));
    await run(write('a', 0, filled(10, 9)));
    await run({ kind: 'remove', file: 'a' });
    expect(await names()).toEqual([]);
    await run(create('a', 3));
    expect(await bytesOf('a', 0, 10)).toEqual(new Uint8Array(3));
  });

  test('what is missing answers ENOENT, with nothing found', async () => {
    const operations: DiskOperation[] = [
      read('a', 0, 1),
      read('a', 0, 1, true),
      write('a', 0, filled(1, 1)),
      { kind: 'sync', file: 'a' },
      { kind: 'remove', file: 'a' },
      { kind: 'rename', source: 'a', target: 'b' },
    ];
    for (const operation of operations) {
      const { code, bytes, files } = await disk.run(operation);
      expect({ kind: operation.kind, code }).toEqual({ kind: operation.kind, code: 'ENOENT' });
      expect([bytes.length, files.length]).toEqual([0, 0]);
    }
    expect(await names()).toEqual([]);
  });

  test('every submission completes exactly once, however many are in flight', async () => {
    for (const file of ['a', 'b', 'c']) await run(create(file, 64 * 512));
    const before = disk.completions.length;
    const tickets: number[] = [];
    for (let sector = 0; sector < 64; sector++) {
      for (const file of ['a', 'b', 'c']) {
        const parts = [filled(512, sector + 1)];
        const sync = sector % 16 === 0;
        tickets.push(disk.submit({ kind: 'write', file, offset: sector * 512, parts, sync }));
      }
      tickets.push(disk.submit(list));
    }
    await disk.settle();
    const completed = disk.completions.slice(before).map(({ ticket }) => ticket);
    expect(completed.sort((left, right) => left - right)).toEqual(tickets);
    for (const file of ['a', 'b', 'c']) {
      const bytes = await bytesOf(file, 0, 64 * 512);
      expect(bytes.every((byte, at) => byte === Math.floor(at / 512) + 1)).toBe(true);
    }
  });

  test('a failed operation does not hold up those after it', async () => {
    const missing = disk.submit(read('a', 0, 1));
    await disk.settle();
    expect(disk.completions.find(({ ticket }) => ticket === missing)!.code).toBe('ENOENT');
    await run(create('a', 1));
    expect(await bytesOf('a', 0, 1)).toEqual(Uint8Array.of(0));
  });

  test('there is room on the disk, and the port knows', () => {
    expect(disk.port.freeBytes()).toBeGreaterThan(0);
  });
});

test.skipIf(noNativeDisk !== null)(`the native disk is here (${noNativeDisk ?? 'it is'})`, () => {
  expect(diskWorlds.map(({ name }) => name)).toContain('the native disk');
});
