/** What a benchmark prints: a table for people, a line of JSON for programs. */
import { type Column, tableText } from '../output.ts';
import type { Histogram } from './histogram.ts';
import { OPERATIONS, type Plan } from './plan.ts';
import type { Finding } from './run.ts';

const QUANTILES = [0.5, 0.9, 0.99, 0.999] as const;

/** The names are a contract: others read them. */
export function jsonLine({ tally, seconds }: Finding): string {
  const { latency, errors } = tally.total();
  const [p50us, p90us, p99us, p999us] = QUANTILES.map((each) => latency.quantile(each));
  const ops = latency.total;
  const opsPerSecond = perSecond(ops, seconds);
  const latencies = { p50us, p90us, p99us, p999us, maxus: latency.maximum };
  return JSON.stringify({ ops, seconds: rounded(seconds), opsPerSecond, ...latencies, errors });
}

const TITLES = ['OP', 'OPS', 'OPS/S', 'P50 µs', 'P90 µs', 'P99 µs', 'P99.9 µs', 'MAX µs'];
const COLUMNS: readonly Column[] = [...TITLES, 'MISSES', 'ERRORS'].map((title, at) => ({
  title,
  isNumber: at > 0,
  isGood: null,
}));

export function tableReport(plan: Plan, finding: Finding): string {
  const { tally, seconds } = finding;
  const rows = OPERATIONS.flatMap((operation, at) => {
    const latency = tally.latencies[at]!;
    const errors = tally.errors[at]!;
    if (latency.total + errors === 0) return [];
    return [[operation, ...figures(latency, seconds), `${tally.misses[at]}`, `${errors}`]];
  });
  const { latency, errors } = tally.total();
  const misses = tally.misses.reduce((sum, each) => sum + each, 0);
  rows.push(['all', ...figures(latency, seconds), `${misses}`, `${errors}`]);
  return `${tableText(COLUMNS, rows, {})}\n${notes(plan, finding).join('\n')}\n`;
}

function figures(latency: Histogram, seconds: number): string[] {
  const quantiles = QUANTILES.map((each) => `${latency.quantile(each)}`);
  const { total, maximum } = latency;
  return [`${total}`, `${perSecond(total, seconds)}`, ...quantiles, `${maximum}`];
}

const SOURCES = { native: 'from native threads', node: 'from JavaScript' } as const;

/** What a reader must know to judge the figures. */
function notes(plan: Plan, { load, tally, seconds, workers, clientCpuSeconds }: Finding): string[] {
  const { connections, pipeline, keys, distribution, valueBytes, isStale, rate } = plan;
  const reads = isStale ? 'stale' : 'linearizable';
  const pace = rate === null ? `${pipeline} in flight each` : `${rate} a second, from due times`;
  const busy = Math.round((100 * clientCpuSeconds) / Math.max(seconds, 1e-9));
  const lines = [
    `${rounded(seconds)} s; ${connections} connections, ${pace}; ${keys} keys, ${distribution}`,
    `values of ${valueBytes} bytes; ${reads} reads; latency from send to reply`,
    `load ${SOURCES[load]}: ${workers} threads of this process at ${busy} % of a core in all,`,
    'which a machine that also runs the nodes takes from them: the figures are a lower bound',
  ];
  for (const [reason, times] of tally.reasons) lines.push(`error ${reason}: ${times} times`);
  return lines;
}

const perSecond = (ops: number, seconds: number): number =>
  seconds > 0 ? Math.round(ops / seconds) : 0;

const rounded = (seconds: number): number => Math.round(seconds * 1000) / 1000;
