/** What only the native disk has: threads that end, and a border that is crossed at once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeId } from '../../base/units.ts';
import type { DiskCompletion, DiskOperation } from '../../core/disk.ts';
import { SYSTEM_CLOCK } from '../clock.ts';
import {
  bootCluster,
  closeCluster,
  isSettled,
  removeDirectory,
  temporaryDirectory,
  until,
} from '../testing/cluster.ts';
import type { Addon } from './addon.ts';
import { NativeDisk } from './disk.ts';
import { loadAddon } from './load.ts';

const { addon, reason } = loadAddon();

const create = (file: string, bytes: number): DiskOperation => ({ kind: 'create', file, bytes });
const write = (file: string, sync: boolean): DiskOperation => ({
  kind: 'write',
  file,
  offset: 0,
  parts: [new Uint8Array(4096).fill(7)],
  sync,
});

describe.skipIf(addon === null)(`the native disk (skipped without it: ${reason})`, () => {
  let directory: string;
  let completions: DiskCompletion[] = [];
  const reports: string[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'apex-kv-native-'));
    completions = [];
    reports.length = 0;
  });
  afterEach(() => rm(directory, { recursive: true }));

  const open = (over: Addon = addon!): NativeDisk =>
    new NativeDisk(over, {
      directory,
      deliver: (completion) => completions.push(completion),
      report: (_, error) => reports.push(String(error)),
    });

  test('the disk has an operation when `submit` returns, not when the turn is over', async () => {
    const tickets: unknown[] = [];
    const counting: Addon = {
      ...addon!,
      diskSubmit: (handle, operations) => {
        tickets.push(operations[1]);
        addon!.diskSubmit(handle, operations);
      },
    };
    const disk = open(counting);
    disk.submit(1, create('a', 1));
    disk.submit(2, create('b', 1));
    expect(tickets).toEqual([1, 2]);
    await until(() => completions.length === 2);
    await disk.close();
  });

  test('a sync is timed and remembered; a write without one is not', async () => {
    const disk = open();
    const seconds: number[] = [];
    disk.onSynced = (each) => seconds.push(each);
    disk.submit(1, create('a', 4096));
    disk.submit(2, write('a', false));
    await until(() => completions.length === 2);
    expect([seconds, disk.lastSyncedAt]).toEqual([[], null]);
    disk.submit(3, write('a', true));
    await until(() => completions.length === 3);
    expect(seconds).toHaveLength(1);
    expect(seconds[0]).toBeGreaterThan(0);
    expect(disk.lastSyncedAt).not.toBe(null);
    await disk.close();
  });

  test('a closed disk has finished what it was given, and completes nothing more', async () => {
    const disk = open();
    disk.submit(1, create('a', 4096));
    disk.submit(2, write('a', true));
    await disk.close();
    expect(completions).toEqual([]);
    const later = open();
    later.submit(1, { kind: 'read', file: 'a', offset: 4095, length: 2, fresh: false });
    await until(() => completions.length === 1);
    expect(completions[0]!.bytes).toEqual(Uint8Array.of(7));
    await later.close();
  });

  test('a failure is reported in the machine’s own words', async () => {
    const disk = open();
    disk.submit(1, write('a', true));
    await until(() => completions.length === 1);
    expect(completions[0]!.code).toBe('ENOENT');
    expect(reports).toEqual(['Error: ENOENT in open']);
    await disk.close();
  });

  test('a directory that is not there cannot be opened', () => {
    const nowhere = { directory: join(directory, 'none'), deliver: () => {}, report: () => {} };
    expect(() => new NativeDisk(addon!, nowhere)).toThrow('ENOENT in start');
  });

  test('when its threads are gone everything answers EIO, once, then and later', async () => {
    let isUp = 1;
    const mortal: Addon = { ...addon!, diskIsUp: () => isUp, diskSubmit: () => {} };
    const disk = open(mortal);
    disk.submit(1, create('a', 1));
    await Promise.resolve();
    expect([disk.isUp(), completions.length]).toEqual([true, 0]);
    isUp = 0;
    expect(disk.isUp()).toBe(false);
    disk.submit(2, create('a', 1));
    await Promise.resolve();
    expect(completions.map(({ ticket, code }) => [ticket, code])).toEqual([
      [1, 'EIO'],
      [2, 'EIO'],
    ]);
    await disk.close();
  });

  test('a node whose disk threads are gone stops, with a code', async () => {
    const walDirectory = await temporaryDirectory();
    let isUp = 1;
    const mortal: Addon = { ...addon!, diskIsUp: () => isUp };
    const choice = { implementation: 'native', addon: mortal, reason: null } as const;
    const members = await bootCluster(walDirectory, 1, { clock: SYSTEM_CLOCK, disk: choice });
    await until(() => isSettled(members));
    isUp = 0;
    const end = await members[0]!.daemon.ended;
    expect(end.kind).toBe('failed');
    if (end.kind === 'failed') expect(['HELPER_DOWN', 'DISK_FAILED']).toContain(end.failure.code);
    expect(members[0]!.id).toBe(nodeId(1));
    const disk = members[0]!.daemon.helpers().find(({ name }) => name === 'disk');
    expect(disk).toMatchObject({ state: 'down', lastFailure: 'found closed' });
    await closeCluster(members);
    await removeDirectory(walDirectory);
  });
});
