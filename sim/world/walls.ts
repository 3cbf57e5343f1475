/**
 * The wall between a simulated run and the machine that it runs on.
 *
 * While `run` lasts, randomness, timers and other sources of nondeterminism throw, and dates show
 * virtual time. Whatever leaks through makes a run differ from itself; here it is caught by name.
 */
import { InvariantViolation } from '../../src/base/assert.ts';

/** Globals of Node and of browsers that a deterministic run has no use for. */
const FORBIDDEN = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'requestAnimationFrame',
  'queueMicrotask',
  'fetch',
  'crypto',
  'performance',
] as const;

const trap = (name: string) => (): never => {
  throw new InvariantViolation('internal', `${name} was used in a simulated run`);
};

/** `new Date()` and `Date.now()` show `nowMs`; everything else of Date stays. */
function virtualDate(nowMs: () => number): DateConstructor {
  return new Proxy(Date, {
    construct: (target, given) =>
      given.length === 0 ? new target(nowMs()) : Reflect.construct(target, given),
    apply: (target) => new target(nowMs()).toString(),
    get: (target, name) => (name === 'now' ? nowMs : Reflect.get(target, name)),
  });
}

/** Runs `run` behind the wall and takes it down again, whatever happens. */
export function withWalls<Result>(nowMs: () => number, run: () => Result): Result {
  const random = Math.random;
  const replaced: [string, PropertyDescriptor][] = [];
  const replace = (name: string, descriptor: PropertyDescriptor): void => {
    const original = Object.getOwnPropertyDescriptor(globalThis, name);
    if (original?.configurable !== true) return;
    replaced.push([name, original]);
    Object.defineProperty(globalThis, name, { ...descriptor, configurable: true });
  };
  try {
    for (const name of FORBIDDEN) replace(name, { get: trap(name) });
    replace('Date', { value: virtualDate(nowMs), writable: true });
    Math.random = trap('Math.random');
    return run();
  } finally {
    Math.random = random;
    for (const [name, original] of replaced) Object.defineProperty(globalThis, name, original);
  }
}
