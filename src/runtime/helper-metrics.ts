/** Series of the helpers: whether each works, and how often it was opened anew. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { HelperStatus } from './supervisor.ts';

export function registerHelperMetrics(
  registry: Registry,
  statuses: () => readonly HelperStatus[],
): void {
  const registers = [registry];
  const labelNames = ['helper'];
  new Gauge({
    name: 'apex_helper_up',
    help: 'Whether the helper works: a listener, the gossip socket, the disk.',
    labelNames,
    registers,
    collect() {
      for (const { name, state } of statuses()) {
        this.set({ helper: name }, Number(state === 'running'));
      }
    },
  });
  new Counter({
    name: 'apex_helper_restarts_total',
    help: 'Times the helper was opened anew after a failure.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { name, restarts } of statuses()) this.inc({ helper: name }, restarts);
    },
  });
}
