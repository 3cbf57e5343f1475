import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../base/bytes.ts';
import { ResultLane } from './results.ts';

const NOTHING = new Uint8Array(0);
const anyRow = fc.record({
  status: fc.nat(255),
  revision: fc.nat(Number.MAX_SAFE_INTEGER),
  value: fc.uint8Array({ maxLength: 200 }),
});

describe('a lane of results', () => {
  test('gives back its rows in order, however many and however long', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 200 }), fc.nat(5), (rows, at) => {
        const lane = new ResultLane();
        for (const { status, revision, value } of rows) {
          const source = new Uint8Array(at + value.length + 3).fill(0xee);
          source.set(value, at);
          lane.push(status, revision, source, at, value.length);
        }
        expect(lane.count).toBe(rows.length);
        rows.forEach(({ status, revision, value }, row) => {
          expect(lane.status[row]).toBe(status);
          expect(lane.revision[row]).toBe(revision);
          expect(lane.valueBytes[row]).toBe(value.length);
          expect(toHex(lane.value(row))).toBe(toHex(value));
        });
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('holds one value larger than all its room', () => {
    const lane = new ResultLane();
    lane.push(1, 1, Uint8Array.of(7), 0, 1);
    lane.push(1, 2, new Uint8Array(100_000).fill(9), 0, 100_000);
    expect(toHex(lane.value(0))).toBe('07');
    expect(lane.value(1).length).toBe(100_000);
    expect(lane.value(1).every((byte) => byte === 9)).toBe(true);
  });

  test('copies: the source may change afterwards', () => {
    const lane = new ResultLane();
    const source = Uint8Array.of(1, 2, 3);
    lane.push(1, 1, source, 0, 3);
    source.fill(0);
    expect(toHex(lane.value(0))).toBe('010203');
  });

  test('is empty after clear, shows nothing of before, and keeps its room', () => {
    const lane = new ResultLane();
    for (let row = 0; row < 100; row++) lane.push(1, row, Uint8Array.of(row), 0, 1);
    const room = lane.status.length;
    lane.clear();
    expect(lane.count).toBe(0);
    expect(() => lane.value(0)).toThrow('no such row');
    lane.push(2, 5, NOTHING, 0, 0);
    expect(lane.status[0]).toBe(2);
    expect(lane.value(0).length).toBe(0);
    expect(lane.status.length).toBe(room);
  });

  test('reuses its room: batch after batch, cleared between, never grows it', () => {
    const lane = new ResultLane();
    const value = new Uint8Array(1000);
    for (let batch = 0; batch < 100; batch++) {
      lane.clear();
      lane.push(1, batch, value, 0, value.length);
    }
    expect(lane.values.length).toBe(new ResultLane().values.length);
  });

  test('leaves the room it was told to, and less where there is no value', () => {
    const lane = new ResultLane({ value: 20, bare: 16 });
    lane.push(1, 1, Uint8Array.of(7, 8), 0, 2);
    lane.push(2, 0, NOTHING, 0, 0);
    lane.push(1, 1, Uint8Array.of(9), 0, 1);
    expect([...lane.valueAt.subarray(0, 3)]).toEqual([20, 38, 58]);
    expect(toHex(lane.value(0))).toBe('0708');
    expect(toHex(lane.value(2))).toBe('09');
  });

  test('writes over nothing that it has shown, and over everything else', () => {
    const lane = new ResultLane({ value: 4, bare: 4 });
    lane.push(1, 1, Uint8Array.of(1, 1), 0, 2);
    const shown = lane.show(4, 6, true);
    lane.clear();
    lane.push(1, 1, Uint8Array.of(2, 2), 0, 2);
    const second = lane.valueAt[0]!;
    lane.clear();
    lane.push(1, 1, Uint8Array.of(3, 3), 0, 2);
    expect(toHex(shown)).toBe('0101');
    expect(lane.valueAt[0]).toBe(second);
    lane.push(1, 1, new Uint8Array(1_000_000).fill(5), 0, 1_000_000);
    expect(toHex(lane.value(0))).toBe('0303');
    expect(lane.value(1).every((byte) => byte === 5)).toBe(true);
    expect(toHex(shown)).toBe('0101');
  });

  test('writes over what was copied, in the memory that it has', () => {
    const lane = new ResultLane({ value: 4, bare: 4 });
    lane.push(1, 1, Uint8Array.of(1, 1), 0, 2);
    const shown = lane.show(4, 6, false);
    const at = lane.valueAt[0];
    lane.clear();
    lane.push(1, 1, Uint8Array.of(2, 2), 0, 2);
    expect(lane.valueAt[0]).toBe(at);
    expect(toHex(shown)).toBe('0202');
  });

  test('lets go of what a large turn needed, once a small one has come', () => {
    const lane = new ResultLane({ value: 4, bare: 4 });
    const large = new Uint8Array(3_000_000).fill(1);
    for (let turn = 0; turn < 2; turn++) {
      lane.push(1, 1, large, 0, large.length);
      lane.clear();
      lane.clear();
      expect(lane.values.length).toBeGreaterThan(large.length);
    }
    lane.push(1, 1, Uint8Array.of(7), 0, 1);
    expect(toHex(lane.value(0))).toBe('07');
    lane.clear();
    expect(lane.values.length).toBeLessThan(10_000);
    lane.push(1, 1, large, 0, large.length);
    expect(lane.value(0)).toEqual(large);
  });

  describe('that has a bound', () => {
    const BOUND = 10_000;
    const filled = (): ResultLane => {
      const lane = new ResultLane(undefined, BOUND);
      for (let row = 0; row < 10; row++) {
        lane.push(1, row, new Uint8Array(5_000).fill(row), 0, 5_000);
      }
      return lane;
    };

    test('holds no more, and says which rows are short', () => {
      const lane = filled();
      const short = Array.from({ length: lane.count }, (_, row) => lane.isShort(row));
      expect(short.slice(0, 2)).toEqual([false, false]);
      expect(short.at(-1)).toBe(true);
      expect(lane.values.length).toBeLessThanOrEqual(BOUND);
      const held = short.indexOf(true);
      expect(short.slice(held)).not.toContain(false);
      for (let row = 0; row < held; row++) expect(lane.value(row)[4_999]).toBe(row);
      expect([...lane.revision.subarray(0, lane.count)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(lane.valueBytes[9]).toBe(5_000);
    });

    test('has room for what has no value, and again for all when it was cleared', () => {
      const lane = filled();
      lane.push(7, 1, NOTHING, 0, 0);
      expect(lane.isShort(10)).toBe(false);
      expect(lane.value(10)).toEqual(NOTHING);
      lane.clear();
      lane.push(1, 1, new Uint8Array(5_000), 0, 5_000);
      expect(lane.isShort(0)).toBe(false);
    });

    test('always holds a first value', () => {
      const lane = new ResultLane(undefined, 10);
      lane.push(1, 1, new Uint8Array(50_000).fill(3), 0, 50_000);
      expect(lane.value(0).length).toBe(50_000);
      lane.push(1, 1, new Uint8Array(60_000).fill(3), 0, 60_000);
      expect(lane.isShort(1)).toBe(true);
    });

    test('shows what was pushed last, if it is no longer than a result that is kept', () => {
      const lane = new ResultLane(undefined, BOUND);
      let row = -1;
      do {
        lane.push(1, 1, new Uint8Array(4_096).fill(++row), 0, 4_096);
        expect(lane.value(row)).toEqual(new Uint8Array(4_096).fill(row));
      } while (!lane.isShort(row));
      lane.push(1, 1, new Uint8Array(4_097), 0, 4_097);
      expect(() => lane.value(row)).toThrow('a short row');
      expect(() => lane.value(row + 1)).toThrow('a short row');
      lane.drop(row, 9);
      expect(lane.value(row)).toEqual(NOTHING);
      expect(lane.status[row]).toBe(9);
    });
  });
});
