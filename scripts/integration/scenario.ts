/** One thing that is done to a cluster under load. */
import type { Cluster } from './cluster.ts';
import type { Load } from './load.ts';

export interface Stage {
  readonly cluster: Cluster;
  readonly load: Load;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  readonly cluster: 'direct' | 'proxied';
  /** Throws `Broken` if a promise does not hold; answers what it measured. The load runs already. */
  readonly run: (stage: Stage) => Promise<readonly string[]>;
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
