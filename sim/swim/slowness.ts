/**
 * A member that reads its mail late, again and again: what Lifeguard is about.
 *
 * It is deaf for a drawn time, reads all that has come, and is deaf again at once. Its timers run in
 * time, so it takes everybody's silence for theirs.
 */
import type { Scheduler } from '../world/scheduler.ts';
import type { Delay, Stream } from '../world/streams.ts';
import { eventKind } from '../world/trace.ts';
import type { SwimMember } from './member.ts';

const READ_EVENT = eventKind('swim-read');

export interface SlownessOptions {
  readonly member: SwimMember;
  readonly scheduler: Scheduler;
  readonly stream: Stream;
  readonly lateUs: Delay;
}

/** Begins; what is returned ends it. A new process of the member reads in time. */
export function beSlow({ member, scheduler, stream, lateUs }: SlownessOptions): () => void {
  const { epoch } = member;
  let isOver = false;
  const turn = (): void => {
    if (isOver || member.epoch !== epoch) return;
    member.hear();
    member.deafen();
    scheduler.after(stream.delay(lateUs), READ_EVENT, member.id, turn);
  };
  turn();
  return () => {
    isOver = true;
    if (member.epoch === epoch) member.hear();
  };
}
