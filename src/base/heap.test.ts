import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Heap } from './heap.ts';

const byNumber = (left: number, right: number): number => left - right;

describe('a heap', () => {
  test('gives back what was pushed, least first, however pushes and pops alternate', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer({ min: -20, max: 20 }))), (actions) => {
        const heap = new Heap<number>(byNumber);
        const model: number[] = [];
        for (const action of actions) {
          if (action === null) {
            expect(heap.pop()).toBe(model.shift() ?? null);
          } else {
            heap.push(action);
            model.push(action);
            model.sort(byNumber);
          }
          expect(heap.size).toBe(model.length);
          expect(heap.peek()).toBe(model[0] ?? null);
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('comes out in one order whatever the order of pushes, under a total order', () => {
    const rows = [0, 1, 2, 3, 4, 5].map((sequence) => ({ time: sequence >> 1, sequence }));
    const drain = (items: readonly (typeof rows)[number][]): number[] => {
      const heap = new Heap<(typeof rows)[number]>(
        (left, right) => left.time - right.time || left.sequence - right.sequence,
      );
      for (const item of items) heap.push(item);
      return items.map(() => heap.pop()!.sequence);
    };
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: 6 }), (order) => {
        expect(drain(order)).toEqual([0, 1, 2, 3, 4, 5]);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('is empty after clear, and answers null', () => {
    const heap = new Heap<number>(byNumber);
    heap.push(1);
    heap.push(2);
    heap.clear();
    expect(heap.size).toBe(0);
    expect(heap.peek()).toBeNull();
    expect(heap.pop()).toBeNull();
  });
});
