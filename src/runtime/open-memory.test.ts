import { describe, expect, test } from 'vitest';
import { crc32c } from '../base/crc32c.ts';
import { keyed, put, Replica } from '../core/store/fixture.ts';
import { OPERATION, STATUS } from '../core/types.ts';
import type { Addon } from './native/addon.ts';
import { loadAddon } from './native/load.ts';
import { openMemory } from './open-memory.ts';

const { addon, reason } = loadAddon();
const MIB = 2 ** 20;

test('without the helper, or where its memory is not allowed, regions come from Node', () => {
  const forbidding = { allocateRegion: () => null } as unknown as Addon;
  for (const memory of [openMemory(null), openMemory(forbidding)]) {
    expect(memory.allocate(100)).toEqual(new Uint8Array(100));
    expect(memory.scout).toBeNull();
  }
});

describe.skipIf(addon === null)(`native regions (skipped without the helper: ${reason})`, () => {
  test('are zeroed, of their own, and writable to the last byte', () => {
    const memory = openMemory(addon);
    const [first, second] = [memory.allocate(3 * MIB), memory.allocate(3 * MIB)];
    expect(first).toHaveLength(3 * MIB);
    expect(first.every((byte) => byte === 0)).toBe(true);
    first.fill(255);
    expect(second.every((byte) => byte === 0)).toBe(true);
    expect(first.at(-1)).toBe(255);
  });

  test('come with a scout, whose checksums are ours', () => {
    const memory = openMemory(addon);
    const bytes = memory.allocate(4096).map((_, at) => at * 13);
    const from = Uint32Array.from({ length: 64 }, (_, at) => at);
    const to = from.map((start, at) => start + 3 * at);
    const crcs = new Uint32Array(64);
    memory.scout!.checksum(bytes, 63, from, to, crcs);
    for (let row = 0; row < 63; row++) {
      expect(crcs[row]).toBe(crc32c(bytes, from[row]!, to[row]!));
    }
    expect(crcs[63]).toBe(0);
  });

  test('hold records that the scout finds as the table does, of every shape', () => {
    const pairs = [Replica.formed(), Replica.formed({}, openMemory(addon))] as const;
    const keys = Array.from({ length: 5_000 }, (_, at) => `${at} ${'k'.repeat(at % 97)}`);
    keys.push('', 'x', 'long '.repeat(5_000), 'longest!'.repeat(8_192));
    for (let round = 0; round < 3; round++) {
      for (const replica of pairs) {
        replica.run(
          keys.map((key, at) => {
            const deadline = at % 3 === 0 ? { deadline: 1e12 + at } : {};
            return put(key, `${round} ${at}`.repeat(at % 40), deadline);
          }),
        );
        replica.run(
          keys.filter((_, at) => at % 5 === round).map((key) => keyed(OPERATION.DELETE, key)),
        );
      }
      const asked = [...keys, 'none', 'nothing'].map((key) => keyed(OPERATION.GET, key));
      const [plain, scouted] = pairs.map((replica) => replica.read(asked));
      expect(scouted).toEqual(plain);
      expect(plain!.filter(({ status }) => status === STATUS.VALUE).length).toBeGreaterThan(4_000);
    }
  });

  test('are refused when there is no memory', () => {
    expect(() => openMemory(addon).allocate(2 ** 50)).toThrow(RangeError);
  });

  test('that nobody holds are given back', async () => {
    const memory = openMemory(addon);
    const before = process.memoryUsage().rss;
    // 1.5 GiB written in turn: without giving back they would all be there.
    for (let n = 0; n < 24; n++) {
      memory.allocate(64 * MIB).fill(n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(1024 * MIB);
  });
});
