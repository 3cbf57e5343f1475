/** The footprint counts what is there: content to the byte, memory to the block. */
import { expect, test } from 'vitest';
import { type Command, Replica } from './fixture.ts';
import { overheadPerKey, storeFootprint } from './footprint.ts';

const REGION_BYTES = 64 * 1024;
const text = (length: number): Uint8Array => new Uint8Array(length).fill(0x61);
const key = (n: number): Uint8Array => Uint8Array.of(0x6b, n >>> 8, n & 0xff);
const put = (n: number, bytes: number): Command => ({
  operation: 1,
  key: key(n),
  value: text(bytes),
});

test('an empty store holds no content and has touched no region', () => {
  const footprint = storeFootprint(Replica.formed().state);
  expect(footprint).toMatchObject({ keys: 0, contentBytes: 0, regionBytes: 0, recordBytes: 0 });
  expect(footprint.tableBytes).toBeGreaterThan(0);
  expect(overheadPerKey(footprint)).toBe(0);
});

test('content is counted to the byte, records in units of 16 bytes', () => {
  const replica = Replica.formed();
  replica.run([put(1, 100), put(2, 0)]);
  const footprint = storeFootprint(replica.state);
  expect(footprint.contentBytes).toBe(3 + 100 + 3);
  expect(footprint.recordBytes).toBe(128 + 32);
});

test('a region counts as far as it was touched, and reserved in full', () => {
  const replica = Replica.formed({}, { regionBytes: 4 * REGION_BYTES });
  replica.run([put(1, 10)]);
  const { regionBytes, reservedBytes } = storeFootprint(replica.state);
  expect(regionBytes).toBe(REGION_BYTES);
  expect(reservedBytes).toBeGreaterThanOrEqual(4 * REGION_BYTES);
});

test('what was touched and given back is still counted, and used again before anything else', () => {
  const replica = Replica.formed();
  replica.run([put(1, 200_000), put(2, 3_000)]);
  const before = storeFootprint(replica.state).regionBytes;
  replica.run([put(2, 0)]);
  expect(storeFootprint(replica.state).regionBytes).toBe(before + REGION_BYTES);
  replica.run([put(3, 3_000)]);
  expect(storeFootprint(replica.state).regionBytes).toBe(before + REGION_BYTES);
});

test('a region of its own is gone with its record', () => {
  const replica = Replica.formed();
  replica.run([put(1, 10)]);
  const before = storeFootprint(replica.state).regionBytes;
  replica.run([put(2, 200_000)]);
  expect(storeFootprint(replica.state).regionBytes).toBeGreaterThan(before + 200_000);
  replica.run([{ operation: 2, key: key(2) }]);
  expect(storeFootprint(replica.state).regionBytes).toBe(before);
});

test('deadlines cost room in the expiry index', () => {
  const replica = Replica.formed();
  replica.run([put(1, 10)]);
  const before = storeFootprint(replica.state).tableBytes;
  replica.run([{ ...put(2, 10), deadline: 1_000 }]);
  expect(storeFootprint(replica.state).tableBytes).toBeGreaterThan(before);
});
