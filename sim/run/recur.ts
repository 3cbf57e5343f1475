/** Whatever a run does again and again, at drawn moments. */
import type { Scheduler } from '../world/scheduler.ts';
import type { Stream } from '../world/streams.ts';
import type { EventKind } from '../world/trace.ts';

export interface Recurrence {
  readonly scheduler: Scheduler;
  readonly kind: EventKind;
  readonly stream: Stream;
  /** 0: never. */
  readonly meanMs: number;
}

/** Does `act` about every `meanMs`, until it says that this was all. */
export function recur(recurrence: Recurrence, act: () => 'again' | 'over'): void {
  const { scheduler, kind, stream, meanMs } = recurrence;
  if (meanMs === 0) return;
  scheduler.after(stream.between(1, meanMs * 2_000), kind, 0, () => {
    if (act() === 'again') recur(recurrence, act);
  });
}
