/** Robin Hood order, probe paths and walks, under kind and adversarial hashes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from '../../base/crc32c.ts';
import { checkWholeStore } from './check.ts';
import { bytesOf, Replica, textOf } from './fixture.ts';
import { NO_DEADLINE, newRecordView, readRecord, recordUnits, writeRecordHead } from './record.ts';
import { Slab } from './slab.ts';
import { type KeyHash, Table, tableHash } from './table.ts';
import { TableWalk } from './walk.ts';

/** Takes h from the key's own first bytes: whoever writes the key aims at a slot. */
class AimedHash implements KeyHash {
  high = 0;
  low = 0;

  hash(bytes: Uint8Array, from: number): void {
    // Two shards, four homes each, and a lower half that takes two values.
    const aim = bytes[from]!;
    this.high = ((aim & 1) * 0x0400_0000 + ((aim >>> 1) & 3) * 0x0100_0000) >>> 0;
    this.low = (aim >>> 3) & 1;
  }
}

class Tabled {
  readonly slab = new Slab((bytes) => new Uint8Array(bytes), 64 * 1024);
  readonly table: Table;
  readonly hash: KeyHash;

  constructor(hash: KeyHash) {
    this.hash = hash;
    this.table = new Table(this.slab, hash);
  }

  put(key: string, revision: number): void {
    const view = newRecordView();
    const bytes = bytesOf(key);
    this.table.locate(bytes, 0, bytes.length);
    const address = this.slab.take(recordUnits(bytes.length, 0, NO_DEADLINE));
    const region = this.slab.bytesAt(address);
    Object.assign(view, { keyBytes: bytes.length, revision, valueCrc: crc32c(bytes, 0, 0) });
    writeRecordHead(region, this.slab.offsetAt(address), view);
    region.set(bytes, view.keyAt);
    this.table.store(address);
  }

  has(key: string): boolean {
    return this.table.locate(bytesOf(key), 0, key.length);
  }

  remove(key: string): void {
    if (this.has(key)) this.table.remove();
  }

  order(key: string): string {
    this.hash.hash(bytesOf(key), 0, key.length);
    const words = [this.hash.high, this.hash.low];
    return words.map((word) => word.toString(16).padStart(8, '0')).join('') + key;
  }

  walked(high = 0, low = 0): string[] {
    const keys: string[] = [];
    const walk = new TableWalk(this.table);
    const record = newRecordView();
    for (walk.seek(high, low); walk.address !== 0; walk.next()) {
      readRecord(this.slab.bytesAt(walk.address), this.slab.offsetAt(walk.address), record);
      keys.push(textOf(record.bytes.subarray(record.keyAt, record.valueAt)));
    }
    return keys;
  }

  /** Every record is reached from its home without a gap. */
  checkPaths(): void {
    for (const shard of this.table.shards) {
      let used = 0;
      for (let slot = shard.usedFrom(0); slot < shard.length; slot = shard.usedFrom(slot + 1)) {
        used++;
        const home = shard.home(shard.slots[2 * slot]!);
        expect(slot).toBeGreaterThanOrEqual(home);
        for (let at = home; at < slot; at++) expect(shard.slots[2 * at + 1]).not.toBe(0);
      }
      expect(used).toBe(shard.count);
    }
  }
}

const HASHES: readonly [string, () => KeyHash][] = [
  ['wyhash', () => tableHash('00000000000000ff')],
  ['an aimed hash with full ties', () => new AimedHash()],
];

test.each(HASHES)(
  'under %s a table holds what a set holds, in the order of h and key',
  (_, hash) => {
    const key = fc.tuple(fc.nat(15), fc.nat(9)).map(([aim, n]) => String.fromCharCode(aim) + n);
    const steps = fc.array(fc.tuple(fc.boolean(), key), { maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(steps, (changes) => {
        const tabled = new Tabled(hash());
        const model = new Set<string>();
        changes.forEach(([isPut, name], at) => {
          if (isPut) tabled.put(name, at);
          else tabled.remove(name);
          if (isPut) model.add(name);
          else model.delete(name);
        });
        tabled.checkPaths();
        const sorted = [...model].sort((left, right) =>
          tabled.order(left) < tabled.order(right) ? -1 : 1,
        );
        expect(tabled.walked()).toEqual(sorted);
        for (const name of model) expect(tabled.has(name)).toBe(true);
        expect(tabled.table.keys).toBe(model.size);
        tabled.slab.check();
      }),
      { seed: 3, numRuns: 40 },
    );
  },
);

test('a walk from any h begins at the first record that is not below it', () => {
  const tabled = new Tabled(tableHash('1111111111111111'));
  for (let n = 0; n < 500; n++) tabled.put(`k${n}`, n);
  const all = tabled.walked();
  for (let n = 0; n < 500; n += 7) {
    tabled.hash.hash(bytesOf(all[n]!), 0, all[n]!.length);
    const { high, low } = tabled.hash;
    expect(tabled.walked(high, low)).toEqual(all.slice(n));
    if (low < 0xffff_ffff) expect(tabled.walked(high, low + 1)).toEqual(all.slice(n + 1));
  }
});

test('growing and shrinking a shard keeps every record', () => {
  const replica = Replica.formed();
  const { state } = replica;
  const keys = Array.from({ length: 3000 }, (_, n) => `key ${n}`);
  for (const key of keys) replica.one({ operation: 1, key: bytesOf(key), value: bytesOf('v') });
  const grown = state.table.shards.map((shard) => shard.capacity);
  for (const key of keys.slice(100)) replica.one({ operation: 2, key: bytesOf(key) });
  for (let turn = 0; turn < 128; turn++) replica.step({ kind: 'background', budget: 10 });
  checkWholeStore(state);
  expect(Math.max(...state.table.shards.map((shard) => shard.capacity))).toBeLessThan(
    Math.min(...grown),
  );
  for (const key of keys.slice(0, 100)) expect(replica.get(key).value).toBe('v');
});
