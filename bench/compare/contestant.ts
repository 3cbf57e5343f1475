/** Who takes part in a comparison, and the load that all but etcd get from the same native threads. */

import { runNativeShares } from '../../src/cli/bench/native-run.ts';
import {
  fillSharesOf,
  type Plan,
  type Share,
  sharesOf,
  type Wire,
} from '../../src/cli/bench/plan.ts';
import type { Addon } from '../../src/runtime/native/addon.ts';
import { loadAddon } from '../../src/runtime/native/load.ts';
import { HOST } from '../ports.ts';

export type Operation = 'get' | 'put';

export interface Shape {
  readonly connections: number;
  readonly pipeline: number;
  readonly keys: number;
  readonly valueBytes: number;
}

export interface Sample {
  readonly opsPerSecond: number;
  readonly p50us: number;
  readonly p99us: number;
  readonly clientCpuSeconds: number;
  readonly operations: number;
}

export interface Contestant {
  readonly name: string;
  /** CPU ticks that its servers have taken. */
  cpuTicks(): number;
  /** Every key is there afterwards. */
  fill(shape: Shape): Promise<void>;
  run(operation: Operation, shape: Shape, operations: number): Promise<Sample>;
  stop(): Promise<void>;
}

/** Null: no comparison without one, since a client in JavaScript would be what is measured. */
export const nativeLoad = (): Addon | null => loadAddon().addon;

export interface Target {
  readonly port: number;
  readonly wire: Wire;
}

export async function fillBy(addon: Addon, target: Target, shape: Shape): Promise<void> {
  const plan = planFor(target, shape, { operation: 'put', operations: shape.keys });
  await runShares(addon, plan, fillSharesOf(plan));
}

export async function loadBy(
  addon: Addon,
  target: Target,
  shape: Shape,
  what: { readonly operation: Operation; readonly operations: number },
): Promise<Sample> {
  const plan = planFor(target, shape, what);
  return runShares(addon, plan, sharesOf(plan));
}

async function runShares(addon: Addon, plan: Plan, shares: readonly Share[]): Promise<Sample> {
  const finding = await runNativeShares(addon, plan, shares);
  if (typeof finding === 'string') throw new Error(finding);
  const { latency, errors } = finding.tally.total();
  const [reason] = finding.tally.reasons.keys();
  if (errors > 0) throw new Error(`${errors} requests failed: ${reason}`);
  return {
    opsPerSecond: Math.round(latency.total / finding.seconds),
    p50us: latency.quantile(0.5),
    p99us: latency.quantile(0.99),
    clientCpuSeconds: finding.clientCpuSeconds,
    operations: latency.total,
  };
}

function planFor(
  { port, wire }: Target,
  { connections, pipeline, keys, valueBytes }: Shape,
  { operation, operations }: { readonly operation: Operation; readonly operations: number },
): Plan {
  const mix = { get: 0, put: 0, del: 0, [operation]: 1 };
  const address = { host: HOST, port };
  const load = { connections, pipeline, keys, valueBytes, operations, mix };
  return {
    ...load,
    addresses: [address],
    distribution: 'uniform',
    isStale: false,
    rate: null,
    timeoutMs: 30_000,
    wire,
    threads: { native: 1, node: 1 },
  };
}
