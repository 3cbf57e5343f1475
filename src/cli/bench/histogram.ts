/**
 * Latencies in microseconds, counted in buckets whose width is at most 1/128 of what they hold, as
 * in HDR histograms: exact below 256 µs, right to 0.8 % above. The maximum is kept as it is.
 */
import { bucketOf, upperEdge } from '../../base/log-buckets.ts';

const SUB_BUCKETS = 128;
/** native/load/histogram.h counts in the same ones. */
export const BUCKETS = 32 * SUB_BUCKETS;

export interface HistogramCopy {
  readonly counts: Float64Array;
  readonly total: number;
  readonly maximum: number;
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #maximum = 0;

  get total(): number {
    return this.#total;
  }

  get maximum(): number {
    return this.#maximum;
  }

  record(micros: number): void {
    const whole = Math.max(0, Math.round(micros));
    this.#counts[Math.min(BUCKETS - 1, bucketOf(whole, SUB_BUCKETS))]!++;
    this.#total++;
    if (whole > this.#maximum) this.#maximum = whole;
  }

  /** The highest latency that counts as the one at this rank; 0 if there is none. */
  quantile(fraction: number): number {
    const wanted = Math.ceil(this.#total * fraction);
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= wanted && seen > 0)
        return Math.min(this.#maximum, upperEdge(bucket, SUB_BUCKETS));
    }
    return this.#maximum;
  }

  /** Of the same numbers, to be sent to another thread. */
  copy(): HistogramCopy {
    return { counts: this.#counts.slice(), total: this.#total, maximum: this.#maximum };
  }

  add({ counts, total, maximum }: HistogramCopy): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += counts[bucket]!;
    this.#total += total;
    this.#maximum = Math.max(this.#maximum, maximum);
  }
}
