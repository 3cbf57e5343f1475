/** How often each probe was hit in one run. */
import type { ClusterProbe, SwimProbe } from './catalogue.ts';

export class ProbeLedger {
  readonly #hits = new Map<string, number>();

  /** Costs a comparison while the condition does not hold. */
  sometimes(name: ClusterProbe | SwimProbe, condition: boolean): void {
    if (condition) this.#hits.set(name, (this.#hits.get(name) ?? 0) + 1);
  }

  /** Hits by name, sorted; what was never hit is not in it. */
  summary(): Record<string, number> {
    const names = [...this.#hits.keys()].sort();
    return Object.fromEntries(names.map((name) => [name, this.#hits.get(name)!]));
  }
}
