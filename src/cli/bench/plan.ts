/** What a benchmark is asked to do, and how that is shared among connections and threads. */
import type { Address } from '../../client/address.ts';
import type { Implementation } from '../../runtime/native/choice.ts';
import type { Distribution } from './keys.ts';

export type Operation = 'get' | 'put' | 'del';
export const OPERATIONS: readonly Operation[] = ['get', 'put', 'del'];

/** Weights of the operations; their sum is whatever it is. */
export type Mix = Readonly<Record<Operation, number>>;

export type Wire = 'client' | 'resp';
export const WIRES: readonly Wire[] = ['client', 'resp'];

export interface Plan {
  readonly addresses: readonly Address[];
  /** Connections; the seed calls them threads. */
  readonly connections: number;
  readonly operations: number;
  /** Requests in flight on a connection. */
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly mix: Mix;
  readonly keys: number;
  readonly distribution: Distribution;
  readonly isStale: boolean;
  /** Requests a second over all connections; null: as fast as answers come. */
  readonly rate: number | null;
  readonly timeoutMs: number;
  /** RESP is what Redis speaks; from native threads only. */
  readonly wire: Wire;
  /** Threads at most, of either load. */
  readonly threads: Readonly<Record<Implementation, number>>;
}

/** One connection's part. */
export interface Share {
  readonly number: number;
  readonly address: Address;
  readonly operations: number;
  /** Milliseconds between two requests; null: as fast as answers come. */
  readonly intervalMs: number | null;
  /** Filling: the first of the keys that it writes, one after the other; null: not filling. */
  readonly fillFrom: number | null;
}

/** `get=50,put=50` as weights, or a sentence that says what is wrong. */
export function parseMix(text: string): Mix | string {
  const weights = new Map<Operation, number>();
  for (const part of text.split(',').map((one) => one.trim())) {
    const [, name, weight] = /^([a-z]+)=(\d{1,6})$/.exec(part) ?? [];
    const operation = OPERATIONS.find((known) => known === name);
    if (operation === undefined || weights.has(operation)) return `"${part}" is not get=50 or so`;
    weights.set(operation, Number(weight));
  }
  const mix = { get: 0, put: 0, del: 0, ...Object.fromEntries(weights) };
  return mix.get + mix.put + mix.del > 0 ? mix : 'all weights are 0';
}

/** Each connection's part; the addresses take turns. */
export function sharesOf(plan: Plan): Share[] {
  return share(plan, plan.operations).map(({ number, from, to }) => ({
    ...headOf(plan, number),
    operations: to - from,
    intervalMs: plan.rate === null ? null : (1000 * plan.connections) / plan.rate,
    fillFrom: null,
  }));
}

/** The same for writing every key once. */
export function fillSharesOf(plan: Plan): Share[] {
  return share(plan, plan.keys).map(({ number, from, to }) => ({
    ...headOf(plan, number),
    operations: to - from,
    intervalMs: null,
    fillFrom: from,
  }));
}

function headOf({ addresses }: Plan, number: number): Pick<Share, 'number' | 'address'> {
  return { number, address: addresses[number % addresses.length]! };
}

function share({ connections }: Plan, total: number) {
  return Array.from({ length: connections }, (_, number) => ({
    number,
    from: Math.floor((total * number) / connections),
    to: Math.floor((total * (number + 1)) / connections),
  }));
}
