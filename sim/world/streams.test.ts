import { describe, expect, test } from 'vitest';
import { parseSeed, Streams } from './streams.ts';

const draws = (seed: string, name: string): number[] => {
  const stream = new Streams(seed).stream(name);
  return Array.from({ length: 20 }, () => stream.word());
};

describe('seeds', () => {
  test('decimal and hexadecimal spellings of one integer are one seed', () => {
    expect(parseSeed('255')).toBe('255');
    expect(parseSeed('0xFF')).toBe('255');
    expect(parseSeed('00255')).toBe('255');
    expect(draws('0xff', 'net')).toEqual(draws('255', 'net'));
  });

  test('the largest seed is 2^64 - 1', () => {
    expect(parseSeed('18446744073709551615')).toBe('18446744073709551615');
    expect(parseSeed('0xffffffffffffffff')).toBe('18446744073709551615');
    expect(parseSeed('18446744073709551616')).toBeNull();
  });

  test('anything else is refused', () => {
    for (const text of ['', '-1', '1.5', '1e3', 'abc', '0x', ' 1', '1 ']) {
      expect(parseSeed(text)).toBeNull();
    }
  });
});

describe('streams', () => {
  test('a stream depends on seed and name only, not on other streams', () => {
    const streams = new Streams('7');
    const other = streams.stream('other');
    other.word();
    const stream = streams.stream('net:1-2');
    other.word();
    expect(Array.from({ length: 20 }, () => stream.word())).toEqual(draws('7', 'net:1-2'));
  });

  test('different names and different seeds give different sequences', () => {
    expect(draws('7', 'a')).not.toEqual(draws('7', 'b'));
    expect(draws('7', 'a')).not.toEqual(draws('8', 'a'));
  });

  test('the expansion is pinned: a seed means the same for ever', () => {
    expect(draws('42', 'net:1-2').slice(0, 3)).toMatchInlineSnapshot(`
      [
        888019404,
        495418767,
        805329013,
      ]
    `);
  });

  test('a chance of nought takes a draw, so that it shifts nothing', () => {
    const left = new Streams('1').stream('x');
    const right = new Streams('1').stream('x');
    expect(left.permille(0)).toBe(false);
    right.permille(500);
    expect(left.word()).toBe(right.word());
    expect(left.permille(1_000)).toBe(true);
    expect(left.ppm(1_000_000)).toBe(true);
  });

  test('chances strike about as often as they say', () => {
    const stream = new Streams('2').stream('x');
    let strikes = 0;
    for (let draw = 0; draw < 20_000; draw++) strikes += stream.permille(100) ? 1 : 0;
    expect(strikes).toBeGreaterThan(1_800);
    expect(strikes).toBeLessThan(2_200);
  });

  test('delays keep their bounds, and their tail is heavy', () => {
    const stream = new Streams('3').stream('x');
    const shape = { min: 100, spread: 1_000, max: 50_000 };
    const delays = Array.from({ length: 20_000 }, () => stream.delay(shape));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...delays)).toBeLessThanOrEqual(50_000);
    const beyond = (bound: number): number => delays.filter((delay) => delay > bound).length;
    expect(beyond(1_100)).toBeGreaterThan(1_000);
    expect(beyond(10_100)).toBeGreaterThan(20);
    expect(delays.every(Number.isInteger)).toBe(true);
  });

  test('a weighted draw never picks a weight of nought', () => {
    const stream = new Streams('4').stream('x');
    const picks = new Set(Array.from({ length: 500 }, () => stream.weighted([1, 0, 3])));
    expect([...picks].sort()).toEqual([0, 2]);
  });

  test('a fork leaves the draws of its parent alone, however much it is used', () => {
    const left = new Streams('5').stream('x');
    const right = new Streams('5').stream('x');
    const fork = left.fork();
    right.fork();
    for (let draw = 0; draw < 10; draw++) fork.word();
    expect(left.word()).toBe(right.word());
  });
});
