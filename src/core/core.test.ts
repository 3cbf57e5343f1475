import { describe, expect, test } from 'vitest';
import { type Millis, millis, NEVER } from '../base/units.ts';
import { type Core, replay } from './core.ts';

interface Tally {
  sum: number;
  steps: number;
}
interface Said {
  lines: string[];
}

/** A machine small enough to see through: it adds, and its sum may never be negative. */
const tally: Core<number, Tally, number, Said> = {
  init: (start) => ({ sum: start, steps: 0 }),
  step: (state, event, now, out) => {
    state.sum += event;
    state.steps++;
    out.lines.push(`${now}: ${state.sum}`);
  },
  deadline: (state) => (state.steps === 0 ? NEVER : (10 as Millis)),
  check: (state) => {
    if (state.sum < 0) throw new Error('negative');
  },
};

const record = (events: readonly number[]) =>
  events.map((event, at) => ({ now: millis(at), event }));

function transcript(events: readonly number[]): { said: string[]; state: Tally } {
  const said: string[] = [];
  const newOut = (): Said => ({ lines: [] });
  const state = replay(tally, 100, record(events), newOut, (event, out, after) => {
    said.push(`${event} → ${out.lines.join()} (${after.steps})`);
  });
  return { said, state };
}

describe('replay', () => {
  test('hands every step’s own outbox to the observer, in order, with the state after it', () => {
    const { said, state } = transcript([1, -2, 3]);
    expect(said).toEqual(['1 → 0: 101 (1)', '-2 → 1: 99 (2)', '3 → 2: 102 (3)']);
    expect(state).toEqual({ sum: 102, steps: 3 });
  });

  test('of the same events is the same transcript', () => {
    expect(transcript([5, 6])).toEqual(transcript([5, 6]));
  });

  test('checks the invariants after every step and stops at the first that breaks', () => {
    expect(() => transcript([-50, -51, 1000])).toThrow('negative');
  });

  test('of nothing is a fresh machine', () => {
    const { said, state } = transcript([]);
    expect(said).toEqual([]);
    expect(tally.deadline(state)).toBe(NEVER);
  });
});
