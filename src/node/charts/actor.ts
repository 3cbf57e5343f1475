/**
 * A live chart behind a door that keeps our rules, which XState alone does not.
 *
 * 1. An event that the state at hand has no arrow for is our own bug and an assertion. XState
 *    would ignore it.
 * 2. What a transition throws comes out of `send`, at once. XState would keep it, stop the actor,
 *    and throw from a timer when nobody can tell any more what it was about.
 * 3. No timers: a chart that asks for one stops. Deadlines are numbers of ours, in the simulator
 *    as in production, and come in as events.
 * 4. One region: a chart is in one innermost state at a time, and `state` is its path.
 *
 * It costs microseconds and objects per event, so it is for what happens a few times in a life.
 */
import { type Actor, type AnyStateMachine, createActor } from 'xstate';
import { assert, InvariantViolation } from '../../base/assert.ts';

const NO_CLOCK = {
  setTimeout(): never {
    throw new InvariantViolation('internal', 'a chart asked for a timer');
  },
  clearTimeout(): void {},
};

export class ChartActor<State extends string, EventName extends string> {
  readonly #actor: Actor<AnyStateMachine>;
  #isSending = false;
  /** The path of the innermost state: `serving.closing`. */
  state: State;

  constructor(chart: AnyStateMachine) {
    this.#actor = createActor(chart, { clock: NO_CLOCK });
    // With somebody to tell, XState does not throw from a timer; `send` finds the error itself.
    this.#actor.subscribe({ error: () => {} });
    this.#actor.start();
    this.state = this.#settle();
  }

  send(event: EventName): State {
    assert(!this.#isSending, 'internal', 'a chart got an event from within a transition');
    const snapshot = this.#actor.getSnapshot();
    assert(snapshot.status === 'active', 'internal', 'an event for a chart that has ended');
    const isLegal = snapshot.can({ type: event });
    assert(isLegal, 'internal', `illegal in state ${this.state}: ${event}`);
    this.#isSending = true;
    this.#actor.send({ type: event });
    this.#isSending = false;
    this.state = this.#settle();
    return this.state;
  }

  /** Where the chart has come to rest. Throws what it threw on its way. */
  #settle(): State {
    const { status, error, value } = this.#actor.getSnapshot();
    if (status === 'error') throw error;
    return pathOf(value) as State;
  }
}

type StateValue = string | { readonly [parent: string]: StateValue | undefined };

function pathOf(value: StateValue): string {
  if (typeof value === 'string') return value;
  const regions = Object.entries(value);
  assert(regions.length === 1, 'internal', 'a chart of more than one region');
  const [parent, child] = regions[0]!;
  return `${parent}.${pathOf(child!)}`;
}
