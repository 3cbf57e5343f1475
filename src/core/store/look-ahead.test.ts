import { describe, expect, test } from 'vitest';
import { asciiBytes } from '../../base/text.ts';
import { LookAhead } from './look-ahead.ts';

describe('keys that are looked ahead for', () => {
  const bytes = asciiBytes('one two three');

  test('are found in their order, those that are passed over left behind', () => {
    const ahead = new LookAhead();
    ahead.begin(bytes);
    ahead.add(0, 3);
    ahead.add(4, 7);
    ahead.add(8, 13);
    expect(ahead.rowOf(bytes, 0)).toBe(0);
    expect(ahead.rowOf(bytes, 0)).toBe(0);
    expect(ahead.rowOf(bytes, 8)).toBe(2);
    expect(ahead.rowOf(bytes, 4)).toBe(-1);
  });

  test('bring the checksum of their own value, once there is one', () => {
    const ahead = new LookAhead();
    ahead.begin(bytes);
    ahead.add(0, 3, 4, 7);
    ahead.add(8, 10, 10, 13);
    ahead.rowOf(bytes, 8);
    expect(ahead.crcOf(bytes, 10, 13)).toBe(-1);
    ahead.valueCrc.set([71, 72]);
    ahead.hasCrcs = true;
    expect(ahead.crcOf(bytes, 10, 13)).toBe(72);
    expect(ahead.crcOf(bytes, 10, 12)).toBe(-1);
    expect(ahead.crcOf(bytes, 4, 7)).toBe(-1);
    expect(ahead.crcOf(bytes.slice(), 10, 13)).toBe(-1);
    ahead.forget();
    expect(ahead.crcOf(bytes, 10, 13)).toBe(-1);
  });

  test('count for their own bytes only, and until they are forgotten', () => {
    const ahead = new LookAhead();
    ahead.begin(bytes);
    ahead.add(0, 3);
    expect(ahead.rowOf(bytes.slice(), 0)).toBe(-1);
    expect(ahead.rowOf(bytes, 1)).toBe(-1);
    ahead.begin(bytes);
    ahead.add(0, 3);
    ahead.forget();
    expect(ahead.rowOf(bytes, 0)).toBe(-1);
  });
});
