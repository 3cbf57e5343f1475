import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { putU32 } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { ClusterId, NodeId } from '../../base/units.ts';
import { millis } from '../../base/units.ts';
import { encodeIdentity } from './format.ts';
import type { IdentityEvent, IdentityState } from './state.ts';
import { IDENTITY_FILE, newIdentityOut } from './state.ts';
import { identity } from './step.ts';
import { SmallDisk } from './testing/small-disk.ts';

const DROP_ALL = { garbled: false, namesKept: false };
const KEEP_ALL = { garbled: false, namesKept: true };
const GARBLE = { garbled: true, namesKept: true };

const CLUSTER = 'c'.repeat(32) as ClusterId;
const OTHER = 'd'.repeat(32) as ClusterId;

class Bench {
  readonly disk: SmallDisk;
  readonly state: IdentityState;
  out = newIdentityOut();

  constructor(disk = new SmallDisk(), nodeId = 3) {
    this.disk = disk;
    this.state = identity.init({ nodeId: nodeId as NodeId, dataPrefixes: ['wal-', 'snapshot-'] });
  }

  step(event: IdentityEvent): void {
    this.out = newIdentityOut();
    identity.step(this.state, event, millis(0), this.out);
    identity.check(this.state);
    for (const submission of this.out.submissions) this.disk.submit(submission);
  }

  /** Completes up to `limit` operations; then whoever crashes the disk may. */
  run(limit = 100): this {
    for (let left = limit; left > 0 && this.disk.inFlight.length > 0; left--) {
      this.step({ kind: 'disk', completion: this.disk.complete() });
    }
    return this;
  }

  open(word = 1): this {
    this.step({ kind: 'open', storeWords: [word, 2, 3, 0xffff_ffff] });
    return this.run();
  }

  adopt(clusterId: ClusterId): this {
    this.step({ kind: 'adopt', clusterId });
    return this;
  }
}

const STORE_ID = '000000010000000200000003ffffffff';

describe('formatting', () => {
  test('an empty directory gets an identity, once', () => {
    const first = new Bench().open(1);
    expect(first.out.identity).toEqual({ nodeId: 3, storeId: STORE_ID, clusterId: null });
    first.disk.crash(DROP_ALL);
    const again = new Bench(first.disk).open(99);
    expect(again.out.identity).toEqual(first.out.identity);
  });

  test('a directory with data but no identity is never formatted', () => {
    for (const file of ['wal-0000000000000001.segment', 'snapshot-1']) {
      const bench = new Bench();
      bench.disk.put(file, new Uint8Array(8));
      bench.open();
      expect(bench.out.failed).toMatchObject({ code: 'DATA_DIR_FOREIGN' });
      expect(bench.disk.list().map(({ name }) => name)).toEqual([file]);
    }
  });

  test('files that are no data do not matter', () => {
    const bench = new Bench();
    bench.disk.put('lock', new Uint8Array(0));
    expect(bench.open().out.identity).not.toBe(null);
  });

  test('a crash at any point leaves no identity or a whole one', () => {
    for (const crash of [DROP_ALL, KEEP_ALL, GARBLE]) {
      for (let steps = 0; steps <= 5; steps++) {
        const bench = new Bench();
        bench.step({ kind: 'open', storeWords: [1, 2, 3, 4] });
        bench.run(steps);
        const reported = bench.out.identity;
        bench.disk.crash(crash);
        const again = new Bench(bench.disk).open(9);
        expect(again.out.identity).not.toBe(null);
        if (reported !== null) expect(again.out.identity).toEqual(reported);
      }
    }
  });

  test('an identity read from the cache of a dead process is made durable first', () => {
    const bench = new Bench();
    bench.step({ kind: 'open', storeWords: [1, 2, 3, 4] });
    bench.run(4);
    bench.disk.inFlight = [];
    const again = new Bench(bench.disk).open(9);
    again.disk.crash(DROP_ALL);
    expect(new Bench(again.disk).open(10).out.identity).toEqual(again.out.identity);
  });
});

describe('opening', () => {
  const withFile = (bytes: Uint8Array): SmallDisk => {
    const disk = new SmallDisk();
    disk.put(IDENTITY_FILE, bytes);
    return disk;
  };
  const whole = encodeIdentity({
    nodeId: 3 as NodeId,
    storeId: STORE_ID as never,
    clusterId: CLUSTER,
  });

  test('the data of another node is refused', () => {
    const bench = new Bench(withFile(whole), 4).open();
    expect(bench.out.failed).toMatchObject({ code: 'DATA_DIR_FOREIGN' });
  });

  test('any flipped bit is found, and the directory is not formatted', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 512 * 8 - 1 }), (bit) => {
        const bytes = whole.slice();
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const bench = new Bench(withFile(bytes)).open();
        expect(bench.out.failed?.code).toBe('DATA_DIR_FOREIGN');
        expect(bench.disk.names.get(IDENTITY_FILE)!.cache).toEqual(bytes);
      }),
      { seed: 20261122, numRuns: 200 },
    );
  });

  test('a file of another length is not ours', () => {
    for (const bytes of [new Uint8Array(0), whole.slice(0, 511), new Uint8Array(513)]) {
      const bench = new Bench(withFile(bytes)).open();
      expect(bench.out.failed?.code).toBe('DATA_DIR_FOREIGN');
    }
  });

  test('a bad read is repeated past the cache', () => {
    const bench = new Bench(withFile(whole));
    bench.disk.corruptRead = (bytes) => bytes.fill(0);
    expect(bench.open().out.identity?.clusterId).toBe(CLUSTER);
  });

  test('a newer version is left alone', () => {
    const bytes = whole.slice();
    putU32(bytes, 8, 2);
    putU32(bytes, 508, crc32c(bytes, 0, 508));
    expect(new Bench(withFile(bytes)).open().out.failed?.code).toBe('DATA_DIR_TOO_NEW');
  });

  test('an error of the disk stops the node', () => {
    const bench = new Bench(withFile(whole));
    bench.disk.failNext = { kind: 'read', code: 'EIO' };
    expect(bench.open().out.failed?.code).toBe('DISK_FAILED');
    expect(bench.adopt(CLUSTER).out.failed?.code).toBe('DISK_FAILED');
  });
});

describe('adopting a cluster', () => {
  test('is for life: the same id is fine, another one is refused', () => {
    const bench = new Bench().open().adopt(CLUSTER);
    expect(bench.out.identity).toBe(null);
    bench.adopt(OTHER);
    expect(bench.out.refused).toMatchObject({ code: 'WRONG_CLUSTER' });
    bench.run();
    expect(bench.out.identity).toMatchObject({ clusterId: CLUSTER, storeId: STORE_ID });
    expect(bench.adopt(CLUSTER).out.identity).toMatchObject({ clusterId: CLUSTER });
    expect(bench.adopt(OTHER).out.refused).toMatchObject({ code: 'WRONG_CLUSTER' });
    bench.disk.crash(DROP_ALL);
    const again = new Bench(bench.disk).open(7);
    expect(again.out.identity).toMatchObject({ clusterId: CLUSTER, storeId: STORE_ID });
    expect(again.adopt(OTHER).out.refused).toMatchObject({ code: 'WRONG_CLUSTER' });
  });

  test('a crash at any point leaves the store with its id, in the cluster or in none', () => {
    for (const crash of [DROP_ALL, KEEP_ALL, GARBLE]) {
      for (let steps = 0; steps <= 4; steps++) {
        const bench = new Bench().open().adopt(CLUSTER).run(steps);
        const isReported = bench.out.identity !== null;
        bench.disk.crash(crash);
        const { identity: found } = new Bench(bench.disk).open(9).out;
        expect(found?.storeId).toBe(STORE_ID);
        expect([null, CLUSTER]).toContain(found?.clusterId);
        if (isReported) expect(found?.clusterId).toBe(CLUSTER);
      }
    }
  });
});

describe('giving a store up', () => {
  const reformat = (bench: Bench): Bench => {
    bench.step({ kind: 'reformat', storeWords: [9, 9, 9, 9] });
    return bench;
  };

  test('gives the directory another store, in no cluster, whatever files lie in it', () => {
    const bench = new Bench().open().adopt(CLUSTER).run();
    bench.disk.put('wal-0000000000000001.segment', new Uint8Array(8));
    reformat(bench).run();
    expect(bench.out.identity).toMatchObject({ clusterId: null, storeId: '00000009'.repeat(4) });
    bench.disk.crash(DROP_ALL);
    expect(new Bench(bench.disk).open(7).out.identity).toEqual(bench.out.identity);
  });

  test('cut short at any point leaves the old store or the new one', () => {
    for (const crash of [DROP_ALL, KEEP_ALL, GARBLE]) {
      for (let steps = 0; steps <= 4; steps++) {
        const bench = reformat(new Bench().open().adopt(CLUSTER).run()).run(steps);
        const isReported = bench.out.identity !== null;
        bench.disk.crash(crash);
        const found = new Bench(bench.disk).open(7).out.identity!;
        expect([STORE_ID, '00000009'.repeat(4)]).toContain(found.storeId);
        expect(found.clusterId).toBe(found.storeId === STORE_ID ? CLUSTER : null);
        if (isReported) expect(found.storeId).not.toBe(STORE_ID);
      }
    }
  });
});
