import { describe, expect, test } from 'vitest';
import type { DiskCode, DiskOperation } from '../../../src/core/disk.ts';
import type { NodeEvent } from '../../../src/node/contract.ts';
import type { Node } from '../../../src/node/node.ts';
import type { SimulatedDisk } from '../../world/disk.ts';
import type { SimulatedProcess } from '../../world/process.ts';
import { DiskLife } from './disk-life.ts';

const SYNC: DiskOperation = { kind: 'sync', file: 'a' };
const READ: DiskOperation = { kind: 'read', file: 'a', offset: 0, length: 1, fresh: false };
const FAILED = { code: 'DISK_FAILED', detail: 'EIO in a sync' } as const;

/** A node of which no more is real than the judge looks at. */
function bench() {
  let incarnation = 1;
  const file = { isSettled: () => true };
  const find = () => file;
  const disk = { onOperation: null, find } as unknown as SimulatedDisk;
  const process = { incarnation: () => incarnation } as unknown as SimulatedProcess;
  const life = new DiskLife(process, disk);
  const completion = { ticket: 1, code: 'OK' as DiskCode, bytes: new Uint8Array(0), files: [] };
  return {
    file,
    submit: (operation: DiskOperation) => disk.onOperation!('submitted', operation, null),
    complete: (operation: DiskOperation, code: DiskCode) =>
      disk.onOperation!('completed', operation, code),
    hear: () => life.heard({ kind: 'disk', completion } satisfies NodeEvent),
    turn: (failure: Node['failure'], phase = 'serving') =>
      life.afterTurn({ failure, state: { phase } } as unknown as Node),
    restart: () => {
      incarnation++;
    },
  };
}

describe('a sync that failed', () => {
  test('ends the node in the turn that hears of it, and not before', () => {
    const { complete, hear, turn } = bench();
    complete(READ, 'EIO');
    complete(SYNC, 'EIO');
    turn(null);
    hear();
    turn(null);
    hear();
    expect(() => turn(null)).toThrow('goes on after a sync that failed');
    expect(() => turn(FAILED)).not.toThrow();
  });

  test('may have been a write that syncs, or the directory', () => {
    const write = { kind: 'write', file: 'a', offset: 0, parts: [], sync: true } as const;
    for (const operation of [write, { kind: 'sync-directory' } as const]) {
      const { complete, hear, turn } = bench();
      complete(operation, 'ENOSPC');
      hear();
      expect(() => turn(null)).toThrow('goes on');
    }
  });

  test('is none where a file in the making finds no room, and is given up', () => {
    const write = { kind: 'write', file: 'x.tmp', offset: 0, parts: [], sync: true } as const;
    const { complete, hear, turn } = bench();
    complete(write, 'ENOSPC');
    hear();
    expect(() => turn(null)).not.toThrow();
    complete(write, 'EIO');
    hear();
    expect(() => turn(null)).toThrow('goes on');
  });

  test('concerns no node that has stopped, and no later process', () => {
    const { complete, hear, turn, restart } = bench();
    complete(SYNC, 'EIO');
    hear();
    expect(() => turn(null, 'stopped')).not.toThrow();
    restart();
    expect(() => turn(null)).not.toThrow();
  });
});

describe('a disk that is down', () => {
  test('is asked for no write and no sync; a read does no harm', () => {
    const { submit, turn } = bench();
    submit(SYNC);
    turn(FAILED);
    expect(() => submit(READ)).not.toThrow();
    expect(() => submit(SYNC)).toThrow('a sync for a disk that is down');
  });

  test('is another disk to the next process', () => {
    const { submit, turn, restart } = bench();
    submit(READ);
    turn(FAILED);
    restart();
    expect(() => submit(SYNC)).not.toThrow();
  });
});

test('a file gets no other name while something of it waits for a sync', () => {
  const { file, submit } = bench();
  const rename = { kind: 'rename', source: 'a.tmp', target: 'a' } as const;
  expect(() => submit(rename)).not.toThrow();
  file.isSettled = () => false;
  expect(() => submit(rename)).toThrow('a.tmp gets a name before its content is synced');
});
