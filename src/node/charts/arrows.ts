/** A chart as a list of arrows: what is drawn, and what is walked to judge. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

export interface Arrow {
  /** Paths of states; an arrow may begin at a state with states inside. */
  readonly source: string;
  readonly event: string;
  readonly target: string;
  /** What makes it happen, for a reader. */
  readonly reason: string;
}

/** Every state of the chart, parents before their children, as written. */
export function statesOf(chart: AnyStateMachine): readonly AnyStateNode[] {
  const below = (state: AnyStateNode): AnyStateNode[] =>
    Object.values(state.states).flatMap((child) => [child, ...below(child)]);
  return below(chart.root);
}

export const pathOfState = (state: AnyStateNode): string => state.path.join('.');

/** Every arrow of the chart, in the order of their states. */
export function arrowsOf(chart: AnyStateMachine): readonly Arrow[] {
  return statesOf(chart).flatMap((state) =>
    [...state.transitions.values()].flat().flatMap(({ eventType, target, description }) =>
      (target ?? []).map((reached) => ({
        source: pathOfState(state),
        event: eventType,
        target: pathOfState(reached),
        reason: description ?? '',
      })),
    ),
  );
}
