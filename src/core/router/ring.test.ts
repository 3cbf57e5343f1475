import { describe, expect, test } from 'vitest';
import { concatBytes, putU32 } from '../../base/bytes.ts';
import { Wyhash } from '../../base/hash.ts';
import { encodeUtf8 } from '../../base/text.ts';
import { buildRing, Ring, VNODES } from './ring.ts';

const ownerOf = (ring: Ring, key: string): number => {
  const bytes = encodeUtf8(key);
  return ring.ownerOf(bytes, 0, bytes.length);
};

const KEYS = 200_000;

/** The owner of `key:0` … `key:199999` in a ring. */
function owners(ring: Ring): Uint32Array {
  const owned = new Uint32Array(KEYS);
  for (let key = 0; key < KEYS; key++) owned[key] = ownerOf(ring, `key:${key}`);
  return owned;
}

describe('points', () => {
  const ring = new Ring([
    { high: 5, low: 0, group: 2 },
    { high: 1, low: 7, group: 0 },
    { high: 5, low: 0, group: 1 },
    { high: 0xffff_0000, low: 1, group: 3 },
  ]);

  test('a key belongs to the first point at or after its own', () => {
    expect(ring.ownerOfPoint(0, 0)).toBe(0);
    expect(ring.ownerOfPoint(1, 7)).toBe(0);
    expect(ring.ownerOfPoint(1, 8)).toBe(1);
    expect(ring.ownerOfPoint(5, 1)).toBe(3);
    expect(ring.ownerOfPoint(0xffff_0000, 1)).toBe(3);
  });

  test('of equal points the lower group counts, in whatever order they were given', () => {
    expect(ring.ownerOfPoint(5, 0)).toBe(1);
    const points = [3, 1, 2].map((group) => ({ high: 9, low: 9, group }));
    expect(new Ring(points).ownerOfPoint(9, 9)).toBe(1);
  });

  test('beyond the last point the ring wraps to the first', () => {
    expect(ring.ownerOfPoint(0xffff_0000, 2)).toBe(0);
    expect(ring.ownerOfPoint(0xffff_ffff, 0xffff_ffff)).toBe(0);
  });

  test('halves are compared as unsigned numbers', () => {
    const signs = new Ring([
      { high: 0x7fff_ffff, low: 0xffff_ffff, group: 0 },
      { high: 0x8000_0000, low: 0, group: 1 },
    ]);
    expect(signs.ownerOfPoint(0x7fff_ffff, 0xffff_ffff)).toBe(0);
    expect(signs.ownerOfPoint(0x8000_0000, 0)).toBe(1);
  });
});

describe('the real ring', () => {
  test('has 150 points a group', () => {
    expect(VNODES).toBe(150);
    expect(buildRing(7).size).toBe(7 * 150);
  });

  test('agrees with the definition, computed the slow way in 64-bit arithmetic', () => {
    const groupCount = 5;
    const hash = new Wyhash(0, 0);
    const wide = (bytes: Uint8Array): bigint => {
      hash.hash(bytes, 0, bytes.length);
      return (BigInt(hash.high) << 32n) | BigInt(hash.low);
    };
    const points: { point: bigint; group: number }[] = [];
    for (let group = 0; group < groupCount; group++) {
      for (let vnode = 0; vnode < 150; vnode++) {
        const bytes = new Uint8Array(8);
        putU32(bytes, 0, group);
        putU32(bytes, 4, vnode);
        points.push({ point: wide(bytes), group });
      }
    }
    const ring = buildRing(groupCount);
    for (let key = 0; key < 2000; key++) {
      const at = wide(encodeUtf8(`k${key}`));
      const later = points.filter(({ point }) => point >= at);
      const candidates = later.length > 0 ? later : points;
      const nearest = candidates.reduce((best, next) => (next.point < best.point ? next : best));
      expect(ownerOf(ring, `k${key}`)).toBe(nearest.group);
    }
  });

  test('gives each of 8 groups its eighth of the keys, to within a quarter of it', () => {
    const counts = new Uint32Array(8);
    for (const owner of owners(buildRing(8))) counts[owner]!++;
    for (const count of counts) {
      expect(count).toBeGreaterThan((KEYS / 8) * 0.75);
      expect(count).toBeLessThan((KEYS / 8) * 1.25);
    }
  });

  test('when a group joins, keys move only to it, and about 1/N of them', () => {
    const before = owners(buildRing(7));
    const after = owners(buildRing(8));
    let moved = 0;
    for (let key = 0; key < KEYS; key++) {
      if (before[key] === after[key]) continue;
      moved++;
      expect(after[key]).toBe(7);
    }
    expect(moved).toBeGreaterThan((KEYS / 8) * 0.75);
    expect(moved).toBeLessThan((KEYS / 8) * 1.25);
  });

  test('one group owns everything', () => {
    const ring = buildRing(1);
    for (const key of ['', 'a', '{tag}a', 'another']) expect(ownerOf(ring, key)).toBe(0);
  });

  test('reads the key in place, at any offset', () => {
    const ring = buildRing(16);
    const key = encodeUtf8('somewhere');
    const bytes = concatBytes([encodeUtf8('{x}'), key, encodeUtf8('}')]);
    expect(ring.ownerOf(bytes, 3, 3 + key.length)).toBe(ownerOf(ring, 'somewhere'));
  });
});

describe('hash tags', () => {
  // Enough groups that two unrelated keys meet in one by chance once in a thousand.
  const ring = buildRing(1000, 20);

  test.each([
    ['{user1}.name', 'user1'],
    ['cart.{user1}', 'user1'],
    ['a{b}c{d}', 'b'],
    ['{}{b}', 'b'],
    ['{{b}}', '{b'],
    ['{}', '{}'],
    ['{', '{'],
    ['a}b', 'a}b'],
    ['{a', '{a'],
    ['}{', '}{'],
    ['{}}', '{}}'],
  ])('%s lives where %s alone would', (key, tag) => {
    const bytes = encodeUtf8(tag);
    const hash = new Wyhash(0, 0);
    hash.hash(bytes, 0, bytes.length);
    expect(ownerOf(ring, key)).toBe(ring.ownerOfPoint(hash.high, hash.low));
  });

  test('keys with a common tag live together, others mostly do not', () => {
    const together = new Set(Array.from({ length: 50 }, (_, n) => ownerOf(ring, `{t}:${n}`)));
    const apart = new Set(Array.from({ length: 50 }, (_, n) => ownerOf(ring, `t:${n}`)));
    expect(together.size).toBe(1);
    expect(apart.size).toBeGreaterThan(40);
  });
});
