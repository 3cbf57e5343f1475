import { describe, expect, test } from 'vitest';
import { InvariantViolation } from '../../base/assert.ts';
import { groupId, logIndex } from '../../base/units.ts';
import type { DiskCode, DiskOperation } from '../disk.ts';
import { snapshotFile } from './names.ts';
import type { SnapshotsOut } from './out.ts';
import { isSaving, wantsBytes } from './state.ts';
import { contentOf, member, metaAt, SMALL, straysOf, TestNode } from './test-node.ts';

const G = groupId(1);
const nameOf = (index: number): string => snapshotFile(G, logIndex(index));

function nodeWith(...indices: number[]): TestNode {
  const node = new TestNode(1);
  node.open(0);
  for (const index of indices) node.save(index, contentOf(index, 3_000));
  return node;
}

function failOnce(
  kind: DiskOperation['kind'],
  code: DiskCode,
  match = '',
): TestNode['disk']['fault'] {
  let isDone = false;
  return (operation) => {
    const file = 'file' in operation ? operation.file : '';
    if (isDone || operation.kind !== kind || !file.includes(match)) return null;
    isDone = true;
    return code;
  };
}

describe('saving', () => {
  test.each([0, 1, 99, 128, 4_999, 20_000])('%i bytes come back as they were', (bytes) => {
    const node = nodeWith();
    const content = contentOf(7, bytes);
    expect(node.save(7, content)).toBe(true);
    const { end, content: found } = node.load(7);
    expect(end).toEqual({ index: 7, meta: metaAt(7), failure: null });
    expect(found).toEqual(content);
  });

  test('a file gets its name after its sync, and is reported after the directory’s (S07, S08)', () => {
    const node = nodeWith();
    const seen: string[] = [];
    node.observe = (out) => {
      if (out.saved !== null) seen.push(...node.disk.journal);
    };
    node.save(7, contentOf(7, 300));
    const steps = seen.map((line) => line.split(' ')[0]);
    const making = ['create', 'write', 'write', 'write', 'sync', 'read-fresh'];
    expect(steps).toEqual(['list', ...making, 'rename', 'sync-directory']);
  });

  test('a long file is synced now and then, so that its last sync is short', () => {
    const node = nodeWith();
    node.save(7, contentOf(7, 10_000));
    const early = node.disk.journal.filter((line) => line.startsWith('write-sync')).length;
    expect(early).toBeGreaterThanOrEqual(7);
    expect(early).toBeLessThanOrEqual(10);
  });

  test('wants no more bytes while the disk is behind', () => {
    const node = nodeWith();
    node.step({ kind: 'save-begin', meta: metaAt(9) });
    while (wantsBytes(node.state)) node.step({ kind: 'save', bytes: new Uint8Array(200) });
    expect(node.state.own.landing!.queuedBytes).toBe(600);
    const more = (): void => node.step({ kind: 'save', bytes: new Uint8Array(1) });
    expect(more).toThrow(InvariantViolation);
    node.settle();
    expect(wantsBytes(node.state)).toBe(true);
  });

  test('an aborted save leaves nothing behind and the next one is whole', () => {
    const node = nodeWith(5);
    node.step({ kind: 'save-begin', meta: metaAt(9) });
    node.step({ kind: 'save', bytes: contentOf(1, 500) });
    node.settle(2);
    node.step({ kind: 'save-abort' });
    expect(isSaving(node.state)).toBe(false);
    node.settle();
    expect(node.names()).toEqual([nameOf(5)]);
    expect(node.save(9, contentOf(9, 120))).toBe(true);
    expect(node.load(9).content).toEqual(contentOf(9, 120));
  });

  test('nothing of an aborted save is left in the next file', () => {
    const node = nodeWith();
    node.step({ kind: 'save-begin', meta: metaAt(8) });
    node.step({ kind: 'save', bytes: contentOf(8, 500) });
    node.settle();
    expect(node.save(9, contentOf(9, 10))).toBe(true);
    const { fileBytes } = node.state.files[0]!.header!;
    expect(node.disk.files().get(nameOf(9))!.length).toBe(fileBytes);
  });

  test('a new save takes the place of one under way, at any of its steps', () => {
    for (let steps = 0; steps < 24; steps++) {
      const node = nodeWith(5);
      node.step({ kind: 'save-begin', meta: metaAt(8) });
      node.step({ kind: 'save', bytes: contentOf(8, 600) });
      node.step({ kind: 'save-end' });
      node.settle(steps);
      let isRefused = false;
      node.observe = (out) => {
        if (out.saveFailed?.failure.code === 'OVERLOADED') isRefused = true;
      };
      node.step({ kind: 'save-begin', meta: metaAt(9) });
      if (isRefused) {
        node.settle();
        expect(straysOf(node)).toEqual([]);
        expect(node.load(8).content).toEqual(contentOf(8, 600));
        continue;
      }
      node.step({ kind: 'save', bytes: contentOf(9, 100) });
      node.step({ kind: 'save-end' });
      node.settle();
      expect(node.load(9).content).toEqual(contentOf(9, 100));
      expect(straysOf(node)).toEqual([]);
    }
  });

  test('too little room gives the save up and keeps what was', () => {
    for (const kind of ['create', 'write', 'rename'] as const) {
      const node = nodeWith(5);
      node.disk.fault = failOnce(kind, 'ENOSPC');
      const failures: SnapshotsOut['saveFailed'][] = [];
      node.observe = (out) => {
        if (out.saveFailed !== null) failures.push(out.saveFailed);
      };
      expect(node.save(9, contentOf(9, 3_000))).toBe(false);
      expect(failures.map((row) => row!.failure.code)).toEqual(['DISK_FULL']);
      expect(node.state.failure).toBe(null);
      expect(node.names()).toEqual([nameOf(5)]);
      expect(node.save(10, contentOf(10, 3_000))).toBe(true);
    }
  });

  test.each([
    ['write', 'EIO'],
    ['create', 'EIO'],
    ['sync', 'EIO'],
    ['sync', 'ENOSPC'],
    ['sync-directory', 'EIO'],
    ['rename', 'EIO'],
  ] as const)('a failed %s (%s) stops the node and nothing is tried again', (kind, code) => {
    const node = nodeWith(5);
    node.disk.fault = failOnce(kind, code);
    expect(node.save(9, contentOf(9, 900))).toBe(false);
    expect(node.out.failed?.code).toBe('DISK_FAILED');
    node.step({ kind: 'save-begin', meta: metaAt(10) });
    expect(node.out.submissions).toEqual([]);
    expect(node.out.failed?.code).toBe('DISK_FAILED');
  });

  test('a write that went astray shows before the file has its name (W21)', () => {
    const node = nodeWith(5);
    const codes: string[] = [];
    node.observe = (out) => {
      if (out.saveFailed !== null) codes.push(out.saveFailed.failure.code);
      const isSyncing = out.submissions.some(({ operation }) => operation.kind === 'sync');
      if (isSyncing) node.disk.damage('snapshot-1.tmp', flip(700));
    };
    expect(node.save(9, contentOf(9, 900))).toBe(false);
    expect(codes).toEqual(['SNAPSHOT_DAMAGED']);
    expect(node.names()).toEqual([nameOf(5)]);
  });
});

const flip =
  (at: number) =>
  (bytes: Uint8Array): Uint8Array => {
    bytes[at]! ^= 1;
    return bytes;
  };

const readsFresh = (out: SnapshotsOut): boolean =>
  out.submissions.some(({ operation }) => operation.kind === 'read' && operation.fresh);

describe('loading', () => {
  test('a bit wrong anywhere is damage, and so is an end that is missing', () => {
    const whole = nodeWith(5).disk.files().get(nameOf(5))!;
    for (let at = 0; at < whole.length; at += 41) {
      const node = nodeWith(5);
      node.disk.damage(nameOf(5), flip(at));
      expect(node.load(5).end.failure?.code).toBe('SNAPSHOT_DAMAGED');
      node.disk.damage(nameOf(5), (bytes) => flip(at)(bytes).slice(0, at));
      expect(node.load(5).end.failure?.code).toBe('SNAPSHOT_DAMAGED');
    }
  });

  test('a file that reads wrong once is read again, past the cache', () => {
    const node = nodeWith();
    node.save(5, contentOf(5, 9_000));
    const good = node.disk.files().get(nameOf(5))!.slice();
    node.disk.damage(nameOf(5), flip(8_500));
    let begun = 0;
    node.observe = (out) => {
      if (out.loadBegun) begun++;
      if (readsFresh(out)) node.disk.damage(nameOf(5), () => good.slice());
    };
    const { end, content } = node.load(5);
    expect(end.failure).toBe(null);
    expect(content).toEqual(contentOf(5, 9_000));
    expect(begun).toBe(2);
  });

  test('what is not there, cannot be read or is under a wrong name says so', () => {
    const node = nodeWith(5);
    expect(node.load(6).end.failure?.code).toBe('SNAPSHOT_DAMAGED');
    node.disk.fault = failOnce('read', 'EIO');
    expect(node.load(5).end.failure?.code).toBe('DISK_FAILED');
    const other = nodeWith(4).disk.files().get(nameOf(4))!;
    node.disk.damage(nameOf(5), () => other.slice());
    expect(node.load(5).end.failure?.detail).toContain('another snapshot');
  });

  test('a second load takes the place of the first', () => {
    const node = nodeWith(6);
    node.save(5, contentOf(5, 9_000));
    const ends: number[] = [];
    node.observe = (out) => {
      if (out.loadDone !== null) ends.push(out.loadDone.index);
    };
    node.step({ kind: 'load', index: logIndex(5) });
    node.settle(2);
    expect(node.load(6).content).toEqual(contentOf(6, 3_000));
    expect(ends).toEqual([6]);
  });
});

describe('keeping and letting go', () => {
  test('older files go only when a newer mark is durable', () => {
    const node = nodeWith(5, 6, 7);
    expect(node.names()).toEqual([nameOf(5), nameOf(6), nameOf(7)]);
    node.release(6);
    node.settle();
    expect(node.names()).toEqual([nameOf(6), nameOf(7)]);
  });

  test('a file that is being loaded or sent goes afterwards', () => {
    const node = nodeWith(5);
    node.send(member(2));
    node.settle();
    node.save(6, contentOf(6, 100));
    node.release(6);
    node.settle();
    expect(node.names()).toEqual([nameOf(5), nameOf(6)]);
    node.step({ kind: 'load', index: logIndex(5) });
    node.step({ kind: 'cancel-sends' });
    expect(node.state.files.map(({ index }) => index)).toEqual([5, 6]);
    node.settle();
    expect(node.loaded.length).toBeGreaterThan(0);
    expect(node.names()).toEqual([nameOf(6)]);
  });

  test('nobody releases behind a snapshot that is not there', () => {
    expect(() => nodeWith(5).release(6)).toThrow('durable-quorum');
  });

  test('a release behind a damaged file changes nothing', () => {
    const node = nodeWith(5, 6);
    node.disk.damage(nameOf(6), flip(100));
    expect(node.load(6).end.failure?.code).toBe('SNAPSHOT_DAMAGED');
    node.release(6);
    node.settle();
    expect(node.names()).toEqual([nameOf(5), nameOf(6)]);
  });

  test('at the start temporary files and files above the mark go, others’ stay', () => {
    const node = nodeWith(5, 6);
    node.step({ kind: 'save-begin', meta: metaAt(9) });
    node.settle();
    const other = new TestNode(2, { ...SMALL, group: groupId(11) });
    node.disk.submit([
      { ticket: 900, operation: { kind: 'create', file: 'snapshot-11.tmp', bytes: 0 } },
      {
        ticket: 901,
        operation: { kind: 'create', file: snapshotFile(groupId(11), logIndex(9)), bytes: 0 },
      },
      { ticket: 902, operation: { kind: 'create', file: 'snapshot-1-zz.snapshot', bytes: 0 } },
    ]);
    for (let done = 0; done < 3; done++) node.disk.complete();
    node.restart(5);
    expect(node.state.phase).toBe('open');
    expect(node.names()).toEqual(
      [
        nameOf(5),
        'snapshot-1-zz.snapshot',
        'snapshot-11.tmp',
        snapshotFile(groupId(11), logIndex(9)),
      ].sort(),
    );
    expect(other.state.config.group).toBe(11);
    expect(node.load(5).content).toEqual(contentOf(5, 3_000));
  });

  test('is not used before it is open', () => {
    const node = new TestNode(1);
    const save = (): void => node.step({ kind: 'save-begin', meta: metaAt(4) });
    expect(save).toThrow('before they are open');
    node.send(member(2));
    node.step({ kind: 'tick' });
    expect(node.state.transfers).toEqual([]);
  });
});
