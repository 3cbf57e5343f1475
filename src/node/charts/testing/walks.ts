/** Ways through a chart as `xstate/graph` finds them, for tests to take with a live one. */
import type { AnyStateMachine } from 'xstate';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';
import { arrowsOf, pathOfState, statesOf } from '../arrows.ts';

export interface Walk<Event> {
  readonly events: readonly Event[];
  /** The state after each event. */
  readonly states: readonly string[];
}

/** Every way without a loop. */
export function simpleWalks<Event>(chart: AnyStateMachine): readonly Walk<Event>[] {
  return getSimplePaths(chart).map(walkOf<Event>);
}

/** One way to each state. */
export function shortestWalks<Event>(chart: AnyStateMachine): readonly Walk<Event>[] {
  return getShortestPaths(chart).map(walkOf<Event>);
}

interface Path {
  readonly steps: readonly {
    readonly event: { readonly type: string };
    readonly state: { readonly value: unknown };
  }[];
}

function walkOf<Event>({ steps }: Path): Walk<Event> {
  const taken = steps.filter(({ event }) => !event.type.startsWith('xstate.'));
  return {
    events: taken.map(({ event }) => event.type as Event),
    states: taken.map(({ state }) => pathOf(state.value)),
  };
}

function pathOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const inner = Object.entries(value as object);
  return inner.map(([parent, child]) => `${parent}.${pathOf(child)}`).join();
}

export const nameOf = ({ events }: Walk<string>): string => events.join(' ') || 'nothing';

export function eventsOf<Event>(chart: AnyStateMachine): readonly Event[] {
  return [...new Set(arrowsOf(chart).map(({ event }) => event as Event))];
}

/** The innermost states, where a chart may come to rest. */
export function leavesOf(chart: AnyStateMachine): readonly string[] {
  return statesOf(chart)
    .filter(({ type }) => type !== 'compound')
    .map(pathOfState);
}

/** An arrow of a state holds for the states inside. */
export function isDrawn(chart: AnyStateMachine, state: string, event: string): boolean {
  return arrowsOf(chart).some(
    (arrow) =>
      arrow.event === event && (state === arrow.source || state.startsWith(`${arrow.source}.`)),
  );
}
