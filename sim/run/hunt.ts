/** Whoever leads is struck, and whoever leads then, and so on: what was half done piles up. */
import type { NodeId } from '../../src/base/units.ts';
import type { Stream } from '../world/streams.ts';

/** How often, and how many times, somebody looks whether a node is there. */
export const LOOK_MS = 10;
export const LOOKS_MAX = 200;

export interface HuntingGround {
  readonly leader: () => NodeId | null;
  readonly strike: (leader: NodeId) => void;
  readonly end: () => void;
  /** Nothing happens any more once chaos is over. */
  readonly after: (delayMs: number, act: () => void) => void;
}

export function hunt(stream: Stream, { leader, strike, end, after }: HuntingGround): void {
  // Right after the election, or with time for some work.
  const mercyMs = stream.pick([1, 5, 50, 400]);
  let left = stream.between(2, 5);
  let looks = LOOKS_MAX;
  let last: NodeId | null = null;
  const next = (): void => {
    const found = leader();
    if (found === null || found === last) {
      if (--looks > 0) after(LOOK_MS, next);
      else end();
      return;
    }
    last = found;
    after(stream.between(1, mercyMs), () => {
      strike(found);
      if (--left > 0) next();
      else end();
    });
  };
  next();
}
