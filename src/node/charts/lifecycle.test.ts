import { describe, expect, test } from 'vitest';
import {
  type LifecycleEvent,
  type LifecycleState,
  lifecycleChart,
  newLifecycle,
  phaseOf,
} from './lifecycle.ts';
import {
  eventsOf,
  isDrawn,
  leavesOf,
  nameOf,
  shortestWalks,
  simpleWalks,
} from './testing/walks.ts';

const EVENTS = eventsOf<LifecycleEvent>(lifecycleChart);
const LEAVES = leavesOf(lifecycleChart);
const ENDS = ['stopped', 'failed'];
const WALKS = simpleWalks<LifecycleEvent>(lifecycleChart);
const SHORTEST = shortestWalks<LifecycleEvent>(lifecycleChart);

function follow(events: readonly LifecycleEvent[]) {
  const lifecycle = newLifecycle();
  const states = events.map((event) => lifecycle.send(event));
  return { lifecycle, states };
}

describe('the lifecycle', () => {
  test.each(WALKS.map((walk) => [nameOf(walk), walk] as const))('follows: %s', (_, walk) => {
    expect(follow(walk.events).states).toEqual(walk.states);
  });

  test('reaches every state, by the shortest way first', () => {
    const ends = SHORTEST.map(({ events, states }) => {
      expect(follow(events).states).toEqual(states);
      return states.at(-1) ?? 'identifying';
    });
    expect(ends.sort()).toEqual([...LEAVES].sort());
  });

  test('ends from everywhere: no state is a trap but the two ends', () => {
    const inner = LEAVES.filter((leaf) => !ENDS.includes(leaf));
    for (const state of inner) {
      const beyond = WALKS.filter(({ states }) => ['identifying', ...states].includes(state));
      expect(beyond.some(({ states }) => states.at(-1) === 'failed')).toBe(true);
      expect(beyond.some(({ states }) => states.at(-1) === 'stopped')).toBe(true);
    }
  });

  test('asserts every event that a state has no arrow for', () => {
    let refused = 0;
    for (const { events } of SHORTEST) {
      for (const event of EVENTS) {
        const { lifecycle } = follow(events);
        const { state } = lifecycle;
        if (isDrawn(lifecycleChart, state, event)) continue;
        expect(() => lifecycle.send(event)).toThrow(/illegal in state|has ended/);
        expect(lifecycle.state).toBe(state);
        refused++;
      }
    }
    expect(refused).toBe(EVENTS.length * LEAVES.length - drawnCount());
  });

  test('has the phases that the rest of the node branches on', () => {
    const phases = new Set(LEAVES.map((leaf) => phaseOf(leaf as LifecycleState)));
    expect([...phases].sort()).toEqual(Object.keys(lifecycleChart.states).sort());
  });

  test('is serving from its first moment to its last connection', () => {
    const { states } = follow(['identified', 'recovered', 'loaded', 'stop', 'handed-over']);
    expect(states.map(phaseOf).slice(2)).toEqual(['serving', 'serving', 'serving']);
  });

  test('never serves once it was told to stop before it did', () => {
    const withdrawn = WALKS.filter(({ states }) => states.includes('withdrawing'));
    expect(withdrawn.length).toBeGreaterThan(0);
    for (const { states } of withdrawn) {
      expect(states.some((state) => state.startsWith('serving'))).toBe(false);
    }
  });
});

function drawnCount(): number {
  const drawn = (leaf: string) => EVENTS.filter((event) => isDrawn(lifecycleChart, leaf, event));
  return LEAVES.flatMap(drawn).length;
}
