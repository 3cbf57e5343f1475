import { describe, expect, test } from 'vitest';
import { arrowsOf } from './arrows.ts';
import {
  type HelperEvent,
  type HelperState,
  isHelperOver,
  newHelperLife,
  supervisionChart,
} from './supervision.ts';
import {
  eventsOf,
  isDrawn,
  leavesOf,
  nameOf,
  shortestWalks,
  simpleWalks,
} from './testing/walks.ts';

const EVENTS = eventsOf<HelperEvent>(supervisionChart);
const STATES = leavesOf(supervisionChart) as readonly HelperState[];
const WALKS = simpleWalks<HelperEvent>(supervisionChart);
const SHORTEST = shortestWalks<HelperEvent>(supervisionChart);

function follow(events: readonly HelperEvent[]) {
  const life = newHelperLife();
  const states = events.map((event) => life.send(event));
  return { life, states };
}

describe("a helper's life", () => {
  test.each(WALKS.map((walk) => [nameOf(walk), walk] as const))('follows: %s', (_, walk) => {
    expect(follow(walk.events).states).toEqual(walk.states);
  });

  test('reaches every state, by the shortest way first', () => {
    const ends = SHORTEST.map(({ events, states }) => {
      expect(follow(events).states).toEqual(states);
      return states.at(-1) ?? 'starting';
    });
    expect(ends.sort()).toEqual([...STATES].sort());
  });

  test('may be asked to stop anywhere, and anything that was tried may be given up', () => {
    for (const state of STATES) {
      expect(isDrawn(supervisionChart, state, 'stop')).toBe(!isHelperOver(state));
    }
    const givenUp = arrowsOf(supervisionChart).filter(({ target }) => target === 'down');
    expect(givenUp.map(({ source }) => source)).toEqual(['starting', 'running', 'restarting']);
  });

  test('comes to work again only through a pause and another attempt', () => {
    const ways = arrowsOf(supervisionChart).map(({ source, target }) => `${source} ${target}`);
    expect(ways).not.toContain('running restarting');
    expect(ways).not.toContain('backing-off running');
    const again = follow(['opened', 'failed', 'due', 'failed', 'due', 'opened', 'failed']);
    expect(again.life.state).toBe('backing-off');
  });

  test('asserts every event that a state has no arrow for', () => {
    let refused = 0;
    for (const { events } of SHORTEST) {
      for (const event of EVENTS) {
        const { life } = follow(events);
        const { state } = life;
        if (isDrawn(supervisionChart, state, event)) continue;
        expect(() => life.send(event)).toThrow(/illegal in state|has ended/);
        expect(life.state).toBe(state);
        refused++;
      }
    }
    expect(refused).toBe(EVENTS.length * STATES.length - arrowsOf(supervisionChart).length);
  });

  test('is over in its two ends, and nowhere else', () => {
    expect(STATES.filter(isHelperOver)).toEqual(['down', 'stopped']);
  });
});
