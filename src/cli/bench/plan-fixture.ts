/** A plan for tests: nobody listens at its address. */
import type { Plan } from './plan.ts';

export const PLAN: Plan = {
  addresses: [{ host: '127.0.0.1', port: 1 }],
  connections: 3,
  operations: 100,
  pipeline: 8,
  valueBytes: 10,
  mix: { get: 50, put: 50, del: 0 },
  keys: 10,
  distribution: 'uniform',
  isStale: false,
  rate: null,
  timeoutMs: 5000,
  wire: 'client',
  threads: { native: 1, node: 1 },
};
