/** What came of a benchmark's requests, by operation; made to be summed over threads. */
import { Histogram, type HistogramCopy } from './histogram.ts';
import { OPERATIONS } from './plan.ts';

export interface TallyCopy {
  readonly latencies: readonly HistogramCopy[];
  readonly misses: readonly number[];
  readonly errors: readonly number[];
  readonly reasons: ReadonlyMap<string, number>;
}

/** Arrays are by the operation's place in OPERATIONS. */
export class Tally {
  readonly latencies = OPERATIONS.map(() => new Histogram());
  /** Keys that were not there; counted among the successes. */
  readonly misses = OPERATIONS.map(() => 0);
  readonly errors = OPERATIONS.map(() => 0);
  /** How often each error code, or other reason, was seen. */
  readonly reasons = new Map<string, number>();

  succeed(operation: number, micros: number, isMiss: boolean): void {
    this.latencies[operation]!.record(micros);
    if (isMiss) this.misses[operation]!++;
  }

  fail(operation: number, reason: string): void {
    this.errors[operation]!++;
    this.note(reason);
  }

  note(reason: string, times = 1): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + times);
  }

  copy(): TallyCopy {
    const { misses, errors, reasons } = this;
    return { latencies: this.latencies.map((each) => each.copy()), misses, errors, reasons };
  }

  add({ latencies, misses, errors, reasons }: TallyCopy): void {
    for (const [at, latency] of latencies.entries()) {
      this.latencies[at]!.add(latency);
      this.misses[at]! += misses[at]!;
      this.errors[at]! += errors[at]!;
    }
    for (const [reason, times] of reasons) this.note(reason, times);
  }

  /** All operations together. */
  total(): { readonly latency: Histogram; readonly errors: number } {
    const latency = new Histogram();
    for (const each of this.latencies) latency.add(each.copy());
    return { latency, errors: this.errors.reduce((sum, each) => sum + each, 0) };
  }
}
