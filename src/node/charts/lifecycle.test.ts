import { describe, expect, test } from 'vitest';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';
import { arrowsOf, pathOfState, statesOf } from './arrows.ts';
import {
  type LifecycleEvent,
  type LifecycleState,
  lifecycleChart,
  newLifecycle,
  phaseOf,
} from './lifecycle.ts';

const EVENTS = [...new Set(arrowsOf(lifecycleChart).map(({ event }) => event as LifecycleEvent))];
const LEAVES = statesOf(lifecycleChart).filter(({ type }) => type !== 'compound');

interface Walk {
  readonly events: readonly LifecycleEvent[];
  /** The state after each event. */
  readonly states: readonly string[];
}

const pathOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : Object.entries(value as object)
        .map(([parent, child]) => `${parent}.${pathOf(child)}`)
        .join();

function walks(generate: typeof getSimplePaths): readonly Walk[] {
  return generate(lifecycleChart).map(({ steps }) => {
    const taken = steps.filter(({ event }) => !event.type.startsWith('xstate.'));
    return {
      events: taken.map(({ event }) => event.type as LifecycleEvent),
      states: taken.map(({ state }) => pathOf(state.value)),
    };
  });
}

function follow(events: readonly LifecycleEvent[]) {
  const lifecycle = newLifecycle();
  const states = events.map((event) => lifecycle.send(event));
  return { lifecycle, states };
}

const nameOf = ({ events }: Walk): string => events.join(' ') || 'nothing';
const simpleWalks = walks(getSimplePaths);

describe('the lifecycle', () => {
  test.each(simpleWalks.map((walk) => [nameOf(walk), walk] as const))('follows: %s', (_, walk) => {
    expect(follow(walk.events).states).toEqual(walk.states);
  });

  test('reaches every state, by the shortest way first', () => {
    const ends = walks(getShortestPaths).map(({ events, states }) => {
      expect(follow(events).states).toEqual(states);
      return states.at(-1) ?? 'identifying';
    });
    expect(ends.sort()).toEqual(LEAVES.map(pathOfState).sort());
  });

  test('ends from everywhere: no state is a trap but the two ends', () => {
    const inner = LEAVES.filter(({ type }) => type !== 'final').map(pathOfState);
    for (const state of inner) {
      const beyond = simpleWalks.filter(({ states }) => ['identifying', ...states].includes(state));
      expect(beyond.some(({ states }) => states.at(-1) === 'failed')).toBe(true);
      expect(beyond.some(({ states }) => states.at(-1) === 'stopped')).toBe(true);
    }
  });

  test('asserts every event that a state has no arrow for', () => {
    let refused = 0;
    for (const { events } of walks(getShortestPaths)) {
      for (const event of EVENTS) {
        const { lifecycle } = follow(events);
        const { state } = lifecycle;
        if (isDrawn(state, event)) continue;
        expect(() => lifecycle.send(event)).toThrow(/illegal in state|has ended/);
        expect(lifecycle.state).toBe(state);
        refused++;
      }
    }
    expect(refused).toBe(EVENTS.length * LEAVES.length - drawnCount());
  });

  test('has the phases that the rest of the node branches on', () => {
    const phases = new Set(LEAVES.map((leaf) => phaseOf(pathOfState(leaf) as LifecycleState)));
    expect([...phases].sort()).toEqual(Object.keys(lifecycleChart.states).sort());
  });

  test('is serving from its first moment to its last connection', () => {
    const { states } = follow(['identified', 'recovered', 'loaded', 'stop', 'handed-over']);
    expect(states.map(phaseOf).slice(2)).toEqual(['serving', 'serving', 'serving']);
  });

  test('never serves once it was told to stop before it did', () => {
    const withdrawn = simpleWalks.filter(({ states }) => states.includes('withdrawing'));
    expect(withdrawn.length).toBeGreaterThan(0);
    for (const { states } of withdrawn) {
      expect(states.some((state) => state.startsWith('serving'))).toBe(false);
    }
  });
});

/** An arrow of a state holds for the states inside. */
function isDrawn(state: string, event: string): boolean {
  return arrowsOf(lifecycleChart).some(
    (arrow) =>
      arrow.event === event && (state === arrow.source || state.startsWith(`${arrow.source}.`)),
  );
}

function drawnCount(): number {
  const paths = LEAVES.map(pathOfState);
  return paths.flatMap((path) => EVENTS.filter((event) => isDrawn(path, event))).length;
}
