/**
 * Runs a plan on the native helper's threads (native/load), which draw the same requests as load.ts
 * and follow the same rules. Names are resolved here; everything crosses the border as flat numbers,
 * in the order that native/addon/load.cc says.
 */
import { lookup } from 'node:dns/promises';
import { getSystemErrorMessage } from 'node:util';
import type { Addon, LoadHandle } from '../../runtime/native/addon.ts';
import { BUCKETS } from './histogram.ts';
import { zipfOf } from './keys.ts';
import { OPERATIONS, type Plan, type Share, WIRES } from './plan.ts';
import type { Finding } from './run.ts';
import { Tally } from './tally.ts';

const HEAD_NUMBERS = 4;
const OPERATION_NUMBERS = 4 + BUCKETS;
const SHARE_NUMBERS = 5;
const NANOS_PER_MILLI = 1e6;
const PROGRESS_EVERY_MS = 1000;

/** Told now and then how many requests have found their end. */
export type OnProgress = (answered: number) => void;

/** Runs the shares; a string: no connection. */
export async function runNativeShares(
  addon: Addon,
  plan: Plan,
  shares: readonly Share[],
  onProgress: OnProgress = () => {},
): Promise<Finding | string> {
  const hosts = await addressesOf(shares);
  if (typeof hosts === 'string') return hosts;
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | null = null;
    const onEnd = () => {
      if (timer !== null) clearInterval(timer);
      resolve(read(addon, handle as LoadHandle));
      addon.loadClose(handle as LoadHandle);
    };
    const handle = addon.loadStart(planNumbers(plan), shareNumbers(shares), hosts, onEnd);
    if (typeof handle === 'number') {
      resolve(`no threads for the load: ${getSystemErrorMessage(-handle)}`);
      return;
    }
    timer = setInterval(() => onProgress(addon.loadAnswered(handle)), PROGRESS_EVERY_MS);
  });
}

/** An IP address a share, or a sentence about the name that has none. */
async function addressesOf(shares: readonly Share[]): Promise<string[] | string> {
  const known = new Map<string, string>();
  try {
    for (const { address } of shares) {
      if (known.has(address.host)) continue;
      known.set(address.host, (await lookup(address.host)).address);
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return shares.map(({ address }) => known.get(address.host)!);
}

function planNumbers(plan: Plan): Float64Array {
  const { mix, keys, distribution } = plan;
  const isZipfian = distribution === 'zipfian';
  const zipf = isZipfian ? zipfOf(keys) : { zeta: 1, zetaOfTwo: 1, eta: 0, stride: 1 };
  return Float64Array.of(
    ...[WIRES.indexOf(plan.wire), plan.isStale ? 1 : 0, isZipfian ? 1 : 0],
    ...[zipf.zeta, zipf.zetaOfTwo, zipf.eta, zipf.stride],
    ...[keys, plan.pipeline, plan.valueBytes, plan.timeoutMs],
    ...OPERATIONS.map((operation) => mix[operation]),
    ...[plan.operations, plan.threads.native],
  );
}

function shareNumbers(shares: readonly Share[]): Float64Array {
  const numbers = new Float64Array(shares.length * SHARE_NUMBERS);
  for (const [at, { number, address, operations, intervalMs, fillFrom }] of shares.entries()) {
    const intervalNanos = (intervalMs ?? 0) * NANOS_PER_MILLI;
    const row = [number, address.port, operations, intervalNanos, fillFrom ?? -1];
    numbers.set(row, at * SHARE_NUMBERS);
  }
  return numbers;
}

function read(addon: Addon, handle: LoadHandle): Finding | string {
  const numbers = new Float64Array(HEAD_NUMBERS + OPERATIONS.length * OPERATION_NUMBERS);
  const [complaint, ...reasons] = addon.loadRead(handle, numbers) as [string, ...unknown[]];
  const [seconds, clientCpuSeconds, workers, hasBegun] = numbers;
  if (hasBegun === 0) return complaint === '' ? 'no connection' : complaint;
  const tally = new Tally();
  tally.add(tallyOf(numbers, reasons as (string | number)[]));
  return {
    load: 'native',
    tally,
    seconds: seconds!,
    workers: workers!,
    clientCpuSeconds: clientCpuSeconds!,
    complaint: complaint === '' ? null : complaint,
  };
}

function tallyOf(numbers: Float64Array, reasons: readonly (string | number)[]) {
  const rows = OPERATIONS.map((_, at) => {
    const from = HEAD_NUMBERS + at * OPERATION_NUMBERS;
    return numbers.subarray(from, from + OPERATION_NUMBERS);
  });
  const names = reasons.filter((one): one is string => typeof one === 'string');
  return {
    misses: rows.map((row) => row[0]!),
    errors: rows.map((row) => row[1]!),
    latencies: rows.map((row) => ({
      total: row[2]!,
      maximum: row[3]!,
      counts: row.subarray(4),
    })),
    reasons: new Map(names.map((name, at) => [name, Number(reasons[2 * at + 1])])),
  };
}
