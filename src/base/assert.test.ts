import { expect, test } from 'vitest';
import { assert, InvariantViolation, unreachable } from './assert.ts';

test('a broken invariant throws with the name of the checker whose property it states', () => {
  try {
    assert(1 + 1 === 3, 'log-matching', 'sums differ');
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(InvariantViolation);
    expect((error as InvariantViolation).checker).toBe('log-matching');
    expect((error as InvariantViolation).message).toBe('log-matching: sums differ');
  }
});

test('an invariant that holds does nothing', () => {
  expect(() => assert(true, 'internal', 'never')).not.toThrow();
});

test('a value outside its union is our bug', () => {
  expect(() => unreachable('surprise' as never)).toThrow('unreachable: surprise');
});
