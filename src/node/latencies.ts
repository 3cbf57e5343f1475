/**
 * Latencies of requests, from the turn that read them to the turn that answered them.
 *
 * Twice: as quantiles for the METRICS reply, and by command for operators. A bucket is 1/16 of what
 * it holds wide, so a quantile is right to about 6 %; integers only, no allocation.
 */
import type { Distribution } from '../base/distribution.ts';
import { bucketOf, upperEdge } from '../base/log-buckets.ts';
import { COMMAND_ROWS, FLAG, REQUEST } from '../core/protocol/wire.ts';
import { newDurations } from './stages.ts';

const COMMANDS = 256;
const SUB_BUCKETS = 16;
const BUCKETS = 40 * SUB_BUCKETS;

export class LatencyTable {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  note(micros: number, count = 1): void {
    const bucket = Math.min(BUCKETS - 1, bucketOf(Math.max(0, micros), SUB_BUCKETS));
    this.#counts[bucket]! += count;
    this.#total += count;
  }

  /** The upper edge of the bucket in which the quantile lies; 0 if nothing was noted. */
  quantile(fraction: number): number {
    if (this.#total === 0) return 0;
    const wanted = this.#total * fraction;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted) return upperEdge(bucket, SUB_BUCKETS);
    }
    return upperEdge(BUCKETS - 1, SUB_BUCKETS);
  }
}

/** One command under one consistency, as operators see it. */
export interface RequestDurations {
  readonly op: string;
  readonly isStale: boolean;
  readonly durations: Distribution;
}

export class Latencies {
  readonly #gets = new LatencyTable();
  readonly #puts = new LatencyTable();
  /** By command byte, twice each: as it is, and stale. Null: no such request. */
  readonly #requests: (RequestDurations | null)[] = new Array(2 * COMMANDS).fill(null);
  /** Noted and not counted yet: requests that came in one turn and are answered in one took as long. */
  #row = 0;
  #micros = 0;
  #count = 0;

  constructor() {
    for (const { name, command, operation, flagsAllowed } of COMMAND_ROWS) {
      if (operation === 0) continue;
      const op = name.toLowerCase();
      this.#requests[2 * command] = { op, isStale: false, durations: newDurations() };
      if ((flagsAllowed & FLAG.STALE) === 0) continue;
      this.#requests[2 * command + 1] = { op, isStale: true, durations: newDurations() };
    }
  }

  get gets(): LatencyTable {
    this.#settle();
    return this.#gets;
  }

  get puts(): LatencyTable {
    this.#settle();
    return this.#puts;
  }

  get requests(): RequestDurations[] {
    this.#settle();
    return this.#requests.filter((row) => row !== null);
  }

  note(command: number, isStale: boolean, micros: number): void {
    const row = 2 * command + Number(isStale);
    if (row !== this.#row || micros !== this.#micros) {
      this.#settle();
      this.#row = row;
      this.#micros = micros;
    }
    this.#count++;
  }

  /** What was noted is counted. */
  #settle(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    (this.#row >> 1 === REQUEST.GET ? this.#gets : this.#puts).note(this.#micros, count);
    this.#requests[this.#row]?.durations.note(Math.max(0, this.#micros), count);
  }
}
