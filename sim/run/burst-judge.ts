/**
 * What the replies to one burst may be, judged when the burst is over.
 *
 * 1. Nobody else writes its keys, and they are new. So whatever a read shows was written by the
 *    burst itself, or nothing was yet.
 * 2. A read sees the newest write of its connection that came before it and was acknowledged, or one
 *    that was sent after that: all of a burst is under way at once (program-order).
 * 3. What was refused without effect is never seen. What became of a write that nobody told may be
 *    seen at any time.
 */
import { violate } from '../check/online/violate.ts';

/** 'open': no reply came, or one that does not say. */
export type Outcome = 'open' | 'done' | 'refused';

interface Write {
  readonly key: string;
  /** Null: a removal. */
  readonly value: string | null;
  readonly position: number;
  outcome: Outcome;
}

interface Read {
  readonly key: string;
  readonly isStale: boolean;
  readonly position: number;
  /** Undefined: it was not answered. */
  shown: string | null | undefined;
}

export class BurstJudge {
  readonly #writes: Write[] = [];
  readonly #reads: Read[] = [];
  #positions = 0;

  write(key: string, value: string | null): Write {
    const write: Write = { key, value, position: this.#positions++, outcome: 'open' };
    this.#writes.push(write);
    return write;
  }

  read(key: string, isStale: boolean): Read {
    const read: Read = { key, isStale, position: this.#positions++, shown: undefined };
    this.#reads.push(read);
    return read;
  }

  judge(): void {
    for (const read of this.#reads) if (read.shown !== undefined) this.#judgeRead(read);
  }

  #judgeRead(read: Read): void {
    const { key, shown, position } = read;
    const writes = this.#writes.filter((write) => write.key === key);
    const before = writes.filter((write) => write.position < position && write.outcome === 'done');
    const floor = read.isStale ? -1 : (before.at(-1)?.position ?? -1);
    if (floor < 0 && shown === null) return;
    const isRight = ({ value, outcome, position: at }: Write): boolean =>
      value === shown && outcome !== 'refused' && (at >= floor || outcome === 'open');
    if (writes.some(isRight)) return;
    violate('program-order', `request ${position} of a burst shows ${shown} at ${key}`);
  }
}

export type { Read, Write };
