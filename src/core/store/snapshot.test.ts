/** Snapshots: the state as of S while entries go on, and nothing less on the way back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, putU32 } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { OPERATION, type Settings } from '../types.ts';
import { checkWholeStore } from './check.ts';
import {
  bytesOf,
  commandsEntry,
  dump,
  GROUP,
  keyed,
  put,
  Replica,
  SETTINGS,
  scanCommand,
  scanned,
} from './fixture.ts';
import { PLAN_LIMIT, type PlanRow, planLog, settle } from './plan.ts';
import { SHARDS } from './shard.ts';
import { sealBlock } from './snapshot-format.ts';
import { contentDigest } from './state.ts';

const TIGHT: Settings = { ...SETTINGS, quotaBytes: 20_000, sessionsMax: 4, sessionIdleMs: 300 };
const number = fc.nat(PLAN_LIMIT - 1);
const planRow = fc.tuple(number, number, number, number, number, number);
const rows = fc.array(planRow, { minLength: 20, maxLength: 100, size: 'max' });

/** The plan's entries as bytes, made by running them once. */
function entriesOf(plan: readonly PlanRow[], settings: Settings): Uint8Array[] {
  const replica = Replica.formed(settings);
  const opened: number[] = [];
  let stamp = 0;
  return planLog(plan).map((planned) => {
    stamp += planned.advanceMs;
    const commands = settle(planned, stamp, opened);
    const entry = commandsEntry(replica.state.appliedIndex + 1, stamp, commands);
    replica.apply(entry).forEach(({ revision }, row) => {
      if (commands[row]!.operation === OPERATION.OPEN_SESSION) opened.unshift(revision);
    });
    return entry;
  });
}

describe('a snapshot begun at any point, sliced between the entries that follow', () => {
  test('loads to exactly the state it was begun at, and goes on like the original', () => {
    fc.assert(
      fc.property(rows, fc.nat(99), fc.integer({ min: 40, max: 900 }), (plan, where, slice) => {
        const entries = entriesOf(plan, TIGHT);
        const begin = where % (entries.length + 1);
        const original = Replica.formed(TIGHT);
        for (const entry of entries.slice(0, begin)) original.apply(entry);
        const state = dump(original.state);
        const digest = contentDigest(original.state);
        original.step({ kind: 'snapshot-begin', meta: original.meta() });
        const parts: Uint8Array[] = [];
        for (const entry of entries.slice(begin)) {
          if (!original.out.snapshotDone) takePart(original, slice, parts);
          const isDone = original.out.snapshotDone;
          original.apply(entry);
          original.out.snapshotDone = isDone;
        }
        while (!original.out.snapshotDone) takePart(original, slice, parts);

        const copy = new Replica();
        const out = copy.load(concatBytes(parts), 1 + (where % 300));
        expect(out.failed).toBe(null);
        expect(out.loaded?.index).toBe(begin + 1);
        expect(dump(copy.state)).toEqual(state);
        expect(contentDigest(copy.state)).toEqual(digest);
        checkWholeStore(copy.state);

        for (const entry of entries.slice(begin)) copy.apply(entry);
        expect(dump(copy.state)).toEqual(dump(original.state));
        expect(contentDigest(copy.state)).toEqual(contentDigest(original.state));
        checkWholeStore(original.state);
        checkWholeStore(copy.state);
      }),
      { seed: 4, numRuns: 40 },
    );
  });

  test('writes the old form of what changes before it is reached, once', () => {
    const replica = Replica.formed();
    replica.run(Array.from({ length: 40 }, (_, n) => put(`k${n}`, `old ${n}`)));
    const before = dump(replica.state);
    replica.step({ kind: 'snapshot-begin', meta: replica.meta() });
    for (const round of ['first', 'second']) {
      replica.run(Array.from({ length: 40 }, (_, n) => put(`k${n}`, `${round} ${n}`)));
    }
    replica.run(Array.from({ length: 20 }, (_, n) => keyed(OPERATION.DELETE, `k${n}`)));
    replica.run([put('new', 'after')]);
    const copy = new Replica();
    copy.load(replica.restOfSnapshot(100));
    expect(dump(copy.state)).toEqual(before);
  });

  test('keeps the whole of a table that FLUSH_ALL swapped out, and frees it afterwards', () => {
    const replica = Replica.formed();
    replica.run(Array.from({ length: 200 }, (_, n) => put(`k${n}`, 'x'.repeat(n))));
    const before = dump(replica.state);
    replica.step({ kind: 'snapshot-begin', meta: replica.meta() });
    replica.run([put('k7', 'changed'), { operation: OPERATION.FLUSH_ALL }, put('k8', 'again')]);
    for (let turn = 0; turn < 10; turn++) replica.step({ kind: 'background', budget: 100 });
    replica.run([{ operation: OPERATION.FLUSH_ALL }, put('k9', 'and again')]);
    const copy = new Replica();
    copy.load(replica.restOfSnapshot(1000));
    expect(dump(copy.state)).toEqual(before);
    for (let turn = 0; turn < 200; turn++) replica.step({ kind: 'background', budget: 10 });
    expect(replica.state.retired).toEqual([]);
    expect(replica.state.slab.usedUnits).toBeLessThan(4);
    expect(replica.get('k9').value).toBe('and again');
  });

  test('is given up when too much changes between two slices, and apply does not wait', () => {
    const replica = Replica.formed({}, { preimageBytesMax: 4000 });
    replica.run(Array.from({ length: 100 }, (_, n) => put(`k${n}`, 'x'.repeat(100))));
    replica.step({ kind: 'snapshot-begin', meta: replica.meta() });
    const rowsAfter = replica.run(Array.from({ length: 100 }, (_, n) => put(`k${n}`, 'y')));
    expect(rowsAfter.every(({ status }) => status === 0)).toBe(true);
    const out = replica.step({ kind: 'snapshot-slice', bytesMax: 1000 });
    expect(out.snapshotAbandoned).toBe(true);
    expect(out.snapshot).toBe(null);
    const copy = new Replica();
    copy.load(replica.snapshot());
    expect(dump(copy.state)).toEqual(dump(replica.state));
  });
});

function takePart(replica: Replica, bytesMax: number, parts: Uint8Array[]): void {
  const out = replica.step({ kind: 'snapshot-slice', bytesMax });
  expect(out.snapshotAbandoned).toBe(false);
  expect(out.snapshot!.length).toBeLessThanOrEqual(bytesMax);
  parts.push(out.snapshot!);
}

describe('loading', () => {
  const source = Replica.formed();
  const session = source.one({ operation: OPERATION.OPEN_SESSION }).revision;
  source.run([
    put('a', '1'),
    put('b', '2', { deadline: 500 }),
    put('c', 'three', { session, sequence: 0, lowestUnacknowledged: 0 }),
  ]);
  const whole = source.snapshot();

  const witness = Replica.formed();
  witness.one(put('mine', 'stays'));
  const untouched = dump(witness.state);

  /** Why `bytes` are refused; the state they were meant to replace must be as it was. */
  function refusal(bytes: Uint8Array): string | null {
    const { failed, loaded } = witness.load(bytes);
    expect(loaded).toBe(null);
    expect(witness.state.loading).toBe(null);
    expect(dump(witness.state)).toEqual(untouched);
    checkWholeStore(witness.state);
    return failed;
  }

  test('gives the same whatever the pieces are', () => {
    for (const piece of [1, 7, 31, 32, 33, 64, whole.length]) {
      const copy = new Replica();
      expect(copy.load(whole, piece).failed).toBe(null);
      expect(dump(copy.state)).toEqual(dump(source.state));
    }
  });

  test('refuses a snapshot that is short by any number of bytes', () => {
    for (let length = 0; length < whole.length; length += 5) {
      expect(refusal(whole.slice(0, length))).toBe('TRUNCATED');
    }
  });

  test('refuses a snapshot with any byte changed', () => {
    for (let at = 0; at < whole.length; at++) {
      const bad = whole.slice();
      bad[at]! ^= 1 << (at % 8);
      expect(refusal(bad)).not.toBe(null);
    }
  });

  test('refuses blocks that are missing, doubled or swapped, and bytes behind the end', () => {
    const blocks = blocksOf(whole);
    expect(blocks.length).toBeGreaterThanOrEqual(4);
    blocks.forEach((block, at) => {
      const others = blocks.filter((_, other) => other !== at);
      expect(refusal(concatBytes(others))).not.toBe(null);
      expect(refusal(concatBytes([...blocks.slice(0, at), block, ...blocks.slice(at)]))).not.toBe(
        null,
      );
    });
    const [head, sessions, records, ...rest] = blocks;
    expect(refusal(concatBytes([head!, records!, sessions!, ...rest]))).toBe('DAMAGED');
    expect(refusal(concatBytes([whole, new Uint8Array(8)]))).toBe('TRUNCATED');
  });

  test('refuses content that its head does not describe, though every CRC is right', () => {
    const [head, sessions, records, end] = blocksOf(whole).map((block) => block.slice());
    records![32 + 16 + 1] = 0x7a;
    sealBlock(records!, { kind: 2, group: GROUP, number: 2 });
    expect(refusal(concatBytes([head!, sessions!, records!, end!]))).toBe('WRONG_CONTENT');
  });

  test('refuses another group, another version and another bound of expiry per entry', () => {
    const stranger = new Replica({ group: GROUP + 1 });
    expect(stranger.load(whole).failed).toBe('WRONG_GROUP');
    const later = new Replica({ expiredPerEntryMax: 5 });
    expect(later.load(whole).failed).toBe('INCOMPATIBLE');
    const version = whole.slice();
    version[4] = 2;
    const first = blocksOf(whole)[0]!.length;
    resealHeader(version);
    expect(refusal(version.slice(0, first))).toBe('INCOMPATIBLE');
  });

  test('never takes the applied index back, but to rebuild', () => {
    const ahead = source.restored();
    ahead.one(put('d', '4'));
    expect(() => ahead.load(whole)).toThrow(/monotonic/);
    const rebuilt = source.restored();
    rebuilt.one(put('d', '4'));
    rebuilt.load(whole, whole.length, true);
    expect(dump(rebuilt.state)).toEqual(dump(source.state));
  });

  test('frees what it replaces, and what it began and gave up', () => {
    const replica = Replica.formed();
    replica.run(Array.from({ length: 5 }, (_, n) => put(`k${n}`, 'gone')));
    replica.step({ kind: 'load-begin', rebuild: true });
    replica.step({ kind: 'load', bytes: whole.slice(0, whole.length - 1) });
    replica.step({ kind: 'load-abort' });
    replica.load(whole, 100, true);
    for (let turn = 0; turn < 50; turn++) replica.step({ kind: 'background', budget: 50 });
    const fresh = source.restored();
    expect(replica.state.slab.usedUnits).toBe(fresh.state.slab.usedUnits);
    checkWholeStore(replica.state);
  });

  test('a slice asked for after the state was replaced says that its snapshot is gone', () => {
    const replica = Replica.formed();
    replica.step({ kind: 'snapshot-begin', meta: replica.meta() });
    replica.load(whole);
    const out = replica.step({ kind: 'snapshot-slice', bytesMax: 1000 });
    expect(out.snapshotAbandoned).toBe(true);
  });
});

test('a snapshot names what is applied, or it is our bug', () => {
  const replica = Replica.formed();
  const meta = { ...replica.meta(), index: 7 as ReturnType<Replica['meta']>['index'] };
  expect(() => replica.step({ kind: 'snapshot-begin', meta })).toThrow(/state-machine-safety/);
});

test('a scan goes on over a restore: every key comes exactly once', () => {
  const replica = Replica.formed();
  const keys = Array.from({ length: 300 }, (_, n) => `key ${n}`);
  for (const key of keys) replica.one(put(key, 'v'));
  const first = scanned(replica.read([scanCommand({ low: 0, high: 0 }, 100)])[0]!);
  const copy = replica.restored();
  const rest = scanned(copy.read([scanCommand(first.next, 1000)])[0]!);
  expect(rest.next).toEqual({ low: 0, high: 0 });
  expect([...first.keys, ...rest.keys].sort()).toEqual([...keys].sort());
});

test('records of any shape survive: empty, large, with and without deadline', () => {
  const replica = Replica.formed({}, { regionBytes: 1024 * 1024 });
  replica.run([
    put('', ''),
    put('k'.repeat(65_536), 'v'),
    put('large', 'x'.repeat(1_000_000), { deadline: 2 ** 50 }),
  ]);
  replica.one({ operation: OPERATION.APPEND, key: bytesOf('large'), value: bytesOf('tail') });
  const copy = new Replica({ regionBytes: 64 * 1024 });
  expect(copy.load(replica.snapshot(10_000), 9999).failed).toBe(null);
  expect(contentDigest(copy.state)).toEqual(contentDigest(replica.state));
  expect(copy.get('large').value.length).toBe(1_000_004);
  expect(copy.get('k'.repeat(65_536)).value).toBe('v');
  checkWholeStore(copy.state);
});

function blocksOf(bytes: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 32 + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(16, true);
    blocks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return blocks;
}

/** Makes a changed header's own CRC right again. */
function resealHeader(bytes: Uint8Array): void {
  putU32(bytes, 28, crc32c(bytes, 0, 28));
}

test('room for all keys is there before the first comes', () => {
  const [written, read] = [Replica.formed(), Replica.formed()];
  const keys = Array.from({ length: 3_000 }, (_, at) => put(`key ${at}`, `${at}`));
  for (let at = 0; at < keys.length; at += 500) written.run(keys.slice(at, at + 500));
  const bytes = written.snapshot(100_000);
  read.step({ kind: 'load-begin', rebuild: false });
  read.step({ kind: 'load', bytes: bytes.slice(0, 1_000) });
  const capacities = (): number[] =>
    read.state.loading!.table!.shards.map(({ capacity }) => capacity);
  expect(read.state.loading!.table!.keys).toBeLessThan(100);
  expect(Math.min(...capacities())).toBeGreaterThan(keys.length / SHARDS);
  read.step({ kind: 'load', bytes: bytes.slice(1_000) });
  expect(read.state.loading!.table!.keys).toBe(keys.length);
  expect(read.step({ kind: 'load-end' }).failed).toBeNull();
});
