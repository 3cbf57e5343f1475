import { describe, expect, test } from 'vitest';
import type { Addon } from './native/addon.ts';
import { loadAddon } from './native/load.ts';
import { openMemory } from './open-memory.ts';

const { addon, reason } = loadAddon();
const MIB = 2 ** 20;

test('without the helper, or where its memory is not allowed, regions come from Node', () => {
  const forbidding = { allocateRegion: () => null } as unknown as Addon;
  for (const memory of [openMemory(null), openMemory(forbidding)]) {
    expect(memory.allocate(100)).toEqual(new Uint8Array(100));
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
