/** The slab against a shadow of what was written where. */
import { expect, test } from 'vitest';
import { putU32 } from '../../base/bytes.ts';
import { newPrng, nextBelow, nextChance } from '../../base/prng.ts';
import { Slab } from './slab.ts';

/** Takes and gives at random; every slot is filled with a byte of its own and checked when given. */
class Shadow {
  readonly held: { address: number; units: number; mark: number }[] = [];
  readonly slab: Slab;
  #mark = 0;

  constructor(regionBytes: number) {
    this.slab = new Slab((bytes) => new Uint8Array(bytes), regionBytes);
  }

  take(units: number): void {
    const address = this.slab.take(units);
    this.#mark = (this.#mark + 1) % 128;
    const at = this.slab.offsetAt(address);
    this.slab.bytesAt(address).fill(this.#mark, at, at + units * 16);
    putU32(this.slab.bytesAt(address), at, 0x8000_0000);
    this.held.push({ address, units, mark: this.#mark });
  }

  give(index: number): void {
    const { address, units, mark } = this.held[index]!;
    this.expectIntact(address, units, mark);
    this.slab.give(address);
    this.held[index] = this.held.at(-1)!;
    this.held.pop();
  }

  expectIntact(address: number, units: number, mark: number): void {
    const at = this.slab.offsetAt(address);
    const bytes = this.slab.bytesAt(address).subarray(at + 4, at + units * 16);
    expect(bytes.every((byte) => byte === mark)).toBe(true);
  }
}

test.each([64 * 1024, 1024 * 1024])(
  'in regions of %d bytes nobody writes into another record',
  (regionBytes) => {
    const prng = newPrng([regionBytes]);
    const shadow = new Shadow(regionBytes);
    for (let round = 0; round < 6000; round++) {
      // Phases that grow and phases that shrink, so that pages empty and runs merge.
      const grows = nextChance(prng, round % 2000 < 1200 ? 3 : 1, 4);
      const scale = [4, 20, 140, 600, 5000][nextBelow(prng, round % 40 === 0 ? 5 : 3)]!;
      if (grows) shadow.take(1 + nextBelow(prng, scale));
      else if (shadow.held.length > 0) shadow.give(nextBelow(prng, shadow.held.length));
      if (round % 500 === 0) shadow.slab.check();
    }
    while (shadow.held.length > 0) shadow.give(0);
    shadow.slab.check();
    expect(shadow.slab.usedUnits).toBe(0);
    expect(shadow.slab.freeUnits).toBe(0);
  },
);

test('a run longer than a region gets a region of its own and gives it back', () => {
  const slab = new Slab((bytes) => new Uint8Array(bytes), 64 * 1024);
  const before = slab.take(3);
  const reserved = slab.blocks.reservedBytes;
  const long = slab.take((8 * 1024 * 1024) / 16);
  expect(slab.bytesAt(long).length).toBe(8 * 1024 * 1024);
  slab.give(long);
  expect(slab.blocks.reservedBytes).toBe(reserved);
  const again = slab.take((1024 * 1024) / 16);
  expect(slab.bytesAt(again).length).toBe(1024 * 1024);
  slab.give(again);
  slab.give(before);
  slab.check();
});

test('when sizes shift, records move together until little room is wasted', () => {
  const prng = newPrng([5]);
  const shadow = new Shadow(1024 * 1024);
  for (let n = 0; n < 16_000; n++) shadow.take(9);
  // Three of four go, scattered over all pages; what is left would hold every page.
  for (let n = 0; n < 12_000; n++) shadow.give(nextBelow(prng, shadow.held.length));
  const wasted = shadow.slab.freeUnits;
  const index = new Map(shadow.held.map((slot) => [slot.address, slot]));
  let moves = 0;
  while (shadow.slab.isSparse() && shadow.slab.moveOne()) {
    const slot = index.get(shadow.slab.movedFrom)!;
    index.delete(slot.address);
    slot.address = shadow.slab.movedTo;
    index.set(slot.address, slot);
    shadow.slab.give(shadow.slab.movedFrom);
    moves++;
  }
  shadow.slab.check();
  expect(moves).toBeGreaterThan(500);
  expect(moves).toBeLessThan(5000);
  expect(shadow.slab.freeUnits).toBeLessThan(wasted / 2);
  for (const { address, units, mark } of shadow.held) shadow.expectIntact(address, units, mark);
});

test('a region that is no power of two, or too small, is our bug', () => {
  expect(() => new Slab((bytes) => new Uint8Array(bytes), 96 * 1024)).toThrow(/power of two/);
  expect(() => new Slab((bytes) => new Uint8Array(bytes), 32 * 1024)).toThrow(/out of range/);
});
