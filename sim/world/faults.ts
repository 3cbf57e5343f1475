/**
 * The two ledgers of a run: what was done to the nodes, and what they did wrong.
 *
 * A fault that was never injected was never survived: a run's report counts them by class, and a
 * run that injected nothing is not a pass.
 */
import type { CheckerName } from '../../src/base/assert.ts';

export interface FaultRecord {
  readonly timeUs: number;
  readonly kind: string;
  readonly node: number;
  readonly detail: string;
}

const noDetail = (): string => '';

export class FaultLedger {
  private readonly counts = new Map<string, number>();
  private readonly now: () => number;
  /** Told of every fault; for stories and traces. */
  observe: ((record: FaultRecord) => void) | null = null;

  constructor(now: () => number) {
    this.now = now;
  }

  /** `detail` is only evaluated by whoever observes. */
  count(kind: string, node: number, detail: () => string = noDetail): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    this.observe?.({ timeUs: this.now(), kind, node, detail: detail() });
  }

  of(kind: string): number {
    return this.counts.get(kind) ?? 0;
  }

  /** Counts by class, sorted by name. */
  summary(): Record<string, number> {
    const names = [...this.counts.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, this.counts.get(name)!]));
  }
}

/** A node died of an assertion or another error. */
export interface Failure {
  readonly timeUs: number;
  readonly node: number;
  readonly checker: CheckerName | 'internal';
  readonly message: string;
  readonly stack: string;
}

export type FailureSink = (failure: Failure) => void;
