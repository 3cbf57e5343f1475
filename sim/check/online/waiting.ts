/**
 * liveness: whoever asks is answered in time, if only that nobody knows.
 *
 * A request may wait for a leader, then for an entry or for the node that it was passed on to: both
 * have an end (src/node/patience.ts). What is left open longer was forgotten.
 */
import type { NodeState } from '../../../src/node/state.ts';
import { violate } from './violate.ts';

const WAITS = 3;
const SLACK_MS = 1_000;

export function checkAnswered({ connections, config, now, phase }: NodeState): void {
  if (phase !== 'serving') return;
  const patienceMs = WAITS * config.requestTimeoutMs + SLACK_MS;
  for (const { slots } of connections.all()) {
    for (let slot = slots.head; slot < slots.tail; slot++) {
      if (!slots.isOpen(slot)) continue;
      const waitedMs = now - Math.floor(slots.since[slots.at(slot)]! / 1_000);
      if (waitedMs > patienceMs) {
        violate('liveness', `node ${config.id} left a request open for ${waitedMs} ms`);
      }
      break;
    }
  }
}
