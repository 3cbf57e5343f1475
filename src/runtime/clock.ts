/** The time that supervision goes by. The process has one; tests bring their own. */
export interface Clock {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Calls once, after `delayMs`; answers what calls it off. Keeps no process alive. */
  readonly after: (delayMs: number, ring: () => void) => () => void;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (delayMs, ring) => {
    const timer = setTimeout(ring, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
