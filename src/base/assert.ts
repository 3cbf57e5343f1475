/**
 * Assertions state our own bugs. They stay on in production and stop the process.
 *
 * An assertion names the checker whose property it states, so that a death in the simulator is
 * counted for that checker; `'internal'` is for what no checker describes.
 * What a peer, a user or the machine does wrong is never an assertion: it is a value with a code
 * (errors.ts) or an event.
 */

export const CHECKERS = [
  'election-safety',
  'log-matching',
  'leader-completeness',
  'state-machine-safety',
  'durable-quorum',
  'committed-immutable',
  'index-order',
  'monotonic',
  'one-vote',
  'effect-order',
  'state-hash',
  'client-oracle',
  'program-order',
  'sessions',
  'linearizable',
  'queue-bound',
  'memory-bound',
  'availability',
  'liveness',
  'swim-completeness',
  'swim-accuracy',
  'swim-incarnation',
  'swim-bounds',
] as const;

export type CheckerName = (typeof CHECKERS)[number];

/** Thrown by a broken invariant; whoever drives a machine stops the node when it sees one. */
export class InvariantViolation extends Error {
  readonly checker: CheckerName | 'internal';
  constructor(checker: CheckerName | 'internal', message: string) {
    super(`${checker}: ${message}`);
    this.name = 'InvariantViolation';
    this.checker = checker;
  }
}

/** `message` must be a constant or cheap: it is evaluated on the hot path. */
export function assert(
  condition: boolean,
  checker: CheckerName | 'internal',
  message: string,
): asserts condition {
  if (!condition) throw new InvariantViolation(checker, message);
}

/** Closes a `switch` over a union. */
export function unreachable(value: never): never {
  throw new InvariantViolation('internal', `unreachable: ${String(value)}`);
}
