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
  /** Noted last: requests that came in one turn and are answered in one took as long. */
  #micros = -1;
  #bucket = 0;

  note(micros: number): void {
    if (micros !== this.#micros) {
      this.#micros = micros;
      this.#bucket = Math.min(BUCKETS - 1, bucketOf(Math.max(0, micros), SUB_BUCKETS));
    }
    this.#counts[this.#bucket]!++;
    this.#total++;
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
  readonly gets = new LatencyTable();
  readonly puts = new LatencyTable();
  /** By command byte, twice each: as it is, and stale. Null: no such request. */
  readonly #requests: (RequestDurations | null)[] = new Array(2 * COMMANDS).fill(null);

  constructor() {
    for (const { name, command, operation, flagsAllowed } of COMMAND_ROWS) {
      if (operation === 0) continue;
      const op = name.toLowerCase();
      this.#requests[2 * command] = { op, isStale: false, durations: newDurations() };
      if ((flagsAllowed & FLAG.STALE) === 0) continue;
      this.#requests[2 * command + 1] = { op, isStale: true, durations: newDurations() };
    }
  }

  get requests(): RequestDurations[] {
    return this.#requests.filter((row) => row !== null);
  }

  note(command: number, isStale: boolean, micros: number): void {
    (command === REQUEST.GET ? this.gets : this.puts).note(micros);
    this.#requests[2 * command + Number(isStale)]?.durations.note(Math.max(0, micros));
  }
}
