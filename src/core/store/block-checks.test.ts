/** The same CRCs with a scout and without, whatever the piece holds. */
import { expect, test } from 'vitest';
import { crc32c } from '../../base/crc32c.ts';
import type { Scout } from '../../base/scout.ts';
import { BlockChecks } from './block-checks.ts';
import { BLOCK_HEADER_BYTES, BLOCK_KIND, sealBlock } from './snapshot-format.ts';

const { RECORDS: kind } = BLOCK_KIND;

/** A block whose body is of one byte, `size` of them. */
function block(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES + size).fill(number + 1, BLOCK_HEADER_BYTES);
  sealBlock(bytes, { kind, group: 0, number });
  return bytes;
}

class CountingScout implements Pick<Scout, 'checksum'> {
  readonly calls: number[] = [];

  checksum: Scout['checksum'] = (bytes, count, from, to, crcs) => {
    this.calls.push(count);
    for (let row = 0; row < count; row++) crcs[row] = crc32c(bytes, from[row]!, to[row]!);
  };
}

const SIZES = [8, 800, 0, 64, 16];

function piece(tail: number): { readonly bytes: Uint8Array; readonly bodies: [number, number][] } {
  const blocks = SIZES.map((size, number) => block(number, size));
  const bytes = Uint8Array.from(blocks.flatMap((each) => [...each])).slice(0, -tail || undefined);
  const bodies: [number, number][] = [];
  let at = 0;
  for (const each of blocks) {
    bodies.push([at + BLOCK_HEADER_BYTES, at + each.length]);
    at += each.length;
  }
  return { bytes, bodies };
}

test('the bodies of a piece are checksummed in one call, and each is right', () => {
  const scout = new CountingScout();
  const checks = new BlockChecks(scout as unknown as Scout);
  const { bytes, bodies } = piece(0);
  for (const [from, to] of bodies) {
    expect(checks.crcOf(bytes, from, to)).toBe(crc32c(bytes, from, to));
  }
  expect(scout.calls).toEqual([SIZES.length]);
});

test('a block that is not whole, or not as it should be, ends the look ahead', () => {
  const scout = new CountingScout();
  const checks = new BlockChecks(scout as unknown as Scout);
  const { bytes, bodies } = piece(1);
  const [from, to] = bodies[0]!;
  expect(checks.crcOf(bytes, from, to)).toBe(crc32c(bytes, from, to));
  checks.forget();
  bytes[bodies[1]![0] - BLOCK_HEADER_BYTES] = 0;
  expect(checks.crcOf(bytes, from, to)).toBe(crc32c(bytes, from, to));
  expect(scout.calls).toEqual([SIZES.length - 1, 1]);
});

test('what is forgotten is computed anew', () => {
  const checks = new BlockChecks(new CountingScout() as unknown as Scout);
  const { bytes, bodies } = piece(0);
  const [from, to] = bodies[1]!;
  expect(checks.crcOf(bytes, from, to)).toBe(crc32c(bytes, from, to));
  bytes[from] = 99;
  checks.forget();
  expect(checks.crcOf(bytes, from, to)).toBe(crc32c(bytes, from, to));
});
