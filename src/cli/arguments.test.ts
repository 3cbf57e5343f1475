import { describe, expect, test } from 'vitest';
import { addresses, duration, integerWithin } from './arguments.ts';
import { suggestion } from './suggestion.ts';

describe('durations', () => {
  test.each([
    ['150ms', 150],
    ['2s', 2000],
    ['1.5 s', 1500],
    ['5m', 300_000],
  ])('%s', (text, milliseconds) => {
    expect(duration(text)).toBe(milliseconds);
  });

  test.each(['', '5', '0ms', '-1s', '2h', '61m', 'soon'])('refuses "%s"', (text) => {
    expect(() => duration(text)).toThrow(/A duration is like/);
  });
});

test('integers keep to their bounds', () => {
  expect(integerWithin(1, 5)('5')).toBe(5);
  for (const text of ['0', '6', '1.5', 'x', '']) {
    expect(() => integerWithin(1, 5)(text)).toThrow('an integer from 1 to 5');
  }
});

test('a bad address is shown', () => {
  expect(() => addresses('127.0.0.1')).toThrow('"127.0.0.1" is not HOST:PORT');
});

describe('suggestions', () => {
  test.each([
    ['GTE', 'GET'],
    ['PT', 'PUT'],
    ['METRICKS', 'METRICS'],
    ['X', null],
    ['SELECT', null],
  ])('%s: %s', (typed, meant) => {
    expect(suggestion(typed, ['GET', 'PUT', 'METRICS'])).toBe(meant);
  });
});
