/** What the throughput bench prints. */
import { machineLine } from './machine.ts';
import { median, tableOf } from './table.ts';
import type { Series, ThroughputFinding } from './throughput.ts';

export const hasErrors = ({ series }: ThroughputFinding): boolean =>
  series.some(({ samples }) => samples.some(({ errors }) => errors > 0));

export function throughputTable(finding: ThroughputFinding): string {
  const { machine, plan, durability, series } = finding;
  const { rounds, connections, pipeline, operations, keys, valueBytes } = plan;
  const title = ['', 'NODES', 'OPS/S', 'LOWEST', 'HIGHEST', 'P50 µs', 'P99 µs', 'ERRORS'];
  return [
    machineLine(machine),
    'load from the same machine, all of it to the leader: figures are lower bounds',
    `${connections} connections × ${pipeline} in flight; ${operations} requests a run;` +
      ` ${keys} keys of 16 bytes, values of ${valueBytes} bytes`,
    `durability of one node and of three: ${durability.join(', ')}`,
    `medians of ${rounds} interleaved rounds\n`,
    tableOf([title, ...series.map(rowOf)]),
  ].join('\n');
}

function rowOf({ nodes, shape, samples }: Series): string[] {
  const rates = samples.map(({ opsPerSecond }) => opsPerSecond);
  const numbers = [
    nodes,
    median(rates),
    Math.min(...rates),
    Math.max(...rates),
    median(samples.map(({ p50us }) => p50us)),
    median(samples.map(({ p99us }) => p99us)),
    samples.reduce((sum, { errors }) => sum + errors, 0),
  ];
  return [shape, ...numbers.map((value) => `${Math.round(value)}`)];
}

export function throughputJson({ machine, plan, durability, series }: ThroughputFinding): string {
  const medians = series.map(({ nodes, shape, samples }) => ({
    nodes,
    shape,
    opsPerSecond: Math.round(median(samples.map(({ opsPerSecond }) => opsPerSecond))),
  }));
  return JSON.stringify({ bench: 'throughput', machine, ...plan, durability, medians, series });
}
