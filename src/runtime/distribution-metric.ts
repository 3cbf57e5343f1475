/**
 * Distributions that the node keeps, as a histogram of Prometheus: read when somebody asks.
 *
 * prom-client's own histogram counts by itself, an object and a hash of labels an observation; the
 * node counts in arrays, and its counts only have to be worded.
 */
import type { Metric, Registry } from 'prom-client';
import type { Distribution } from '../base/distribution.ts';

export interface LabelledDistribution {
  readonly labels: Readonly<Record<string, string>>;
  readonly distribution: Distribution;
}

export interface DistributionMetric {
  readonly name: string;
  readonly help: string;
  /** What a value is divided by to be in the metric's unit. */
  readonly scale: number;
  /** The same rows in the same order each time. */
  readonly read: () => readonly LabelledDistribution[];
}

export function registerDistribution(registry: Registry, metric: DistributionMetric): void {
  const { name, help } = metric;
  const get = async () => ({ name, help, type: 'histogram', values: valuesOf(metric) });
  // The registry asks a metric for no more than this.
  registry.registerMetric({ name, get, reset: () => {} } as unknown as Metric);
}

interface Value {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function valuesOf({ name, scale, read }: DistributionMetric): Value[] {
  return read().flatMap(({ labels, distribution }) => {
    const { edges, counts, sum } = distribution;
    let count = 0;
    const buckets = [...edges, Number.POSITIVE_INFINITY].map((edge, at) => {
      count += counts[at]!;
      const le = Number.isFinite(edge) ? `${edge / scale}` : '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum / scale },
      { metricName: `${name}_count`, labels, value: count },
    ];
  });
}
