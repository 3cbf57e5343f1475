/**
 * The contract of a machine.
 *
 * 1. `step` is deterministic: output and next state depend on (state, event, now) only.
 * 2. State has one owner and is mutated in place; purity is proved by replay, not by copying.
 * 3. A machine asks for time by one number, `deadline`; there are no timers to cancel.
 * 4. Nothing here knows I/O, a clock, randomness, `async` or another machine.
 */
import type { Millis } from '../base/units.ts';

export interface Core<Config, State, Event, Out> {
  init(config: Config): State;
  /** The only door. Fills `out`; the caller drains it before the next step. */
  step(state: State, event: Event, now: Millis, out: Out): void;
  /** When the machine next wants a tick; `NEVER` if it does not. */
  deadline(state: State): Millis;
  /** Invariants: every step in the simulator, sampled in production. Throws InvariantViolation. */
  check(state: State): void;
}

/** One recorded input of a machine. */
export interface Recorded<Event> {
  readonly now: Millis;
  readonly event: Event;
}

/**
 * Runs `events` through a fresh machine and hands every step's outbox to `observe`.
 * Same events, same transcript: whatever differs between two replays is impurity.
 */
export function replay<Config, State, Event, Out>(
  core: Core<Config, State, Event, Out>,
  config: Config,
  events: Iterable<Recorded<Event>>,
  newOut: () => Out,
  observe: (event: Event, out: Out, state: State) => void,
): State {
  const state = core.init(config);
  for (const { now, event } of events) {
    const out = newOut();
    core.step(state, event, now, out);
    core.check(state);
    observe(event, out, state);
  }
  return state;
}
