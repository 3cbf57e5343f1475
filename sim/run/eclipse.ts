/**
 * A leader is cut off, and as a rule stands still until the others have another one: when it goes on, it
 * finds questions from before it knows that it leads no more. `watch` asks them.
 */
import type { NodeId } from '../../src/base/units.ts';
import type { Stream } from '../world/streams.ts';
import type { World } from '../world/world.ts';

/** For whoever watches to be connected. */
const DAWN_MS = 30;
/** Some are over before anybody else could lead, the longest after many could. */
const SPANS_MS = [800, 1_500, 3_000];

export interface Sky {
  readonly world: World;
  readonly leader: NodeId | null;
  readonly healMs: number;
  /** Somebody reads from a node for so long. */
  readonly watch: (node: NodeId, spanMs: number, stream: Stream) => void;
  /** Nothing happens any more once chaos is over. */
  readonly after: (delayMs: number, act: () => void) => void;
}

export function eclipse(stream: Stream, { world, leader, healMs, watch, after }: Sky): void {
  const spanMs = stream.pick(SPANS_MS);
  const isFrozen = stream.permille(700);
  const endsMs = spanMs + stream.between(1, healMs);
  if (leader === null) return;
  world.faults.count('eclipse', leader);
  watch(leader, spanMs, stream.fork());
  after(DAWN_MS, () => {
    world.net.isolate(leader);
    if (isFrozen) world.process(leader).pause((spanMs - DAWN_MS) * 1_000);
  });
  after(endsMs, () => world.net.heal());
}
