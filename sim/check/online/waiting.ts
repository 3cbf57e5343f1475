/**
 * liveness: whoever asks is answered in time, if only that nobody knows. queue-bound: what a node owes
 * to all of its clients together has a bound, whether they read or not.
 *
 * A request may wait for a leader, then for an entry or for the node that it was passed on to: both
 * have an end (src/node/patience.ts). What is left open longer was forgotten.
 */
import type { NodeState } from '../../../src/node/state.ts';
import { violate } from './violate.ts';

const WAITS = 3;
const SLACK_MS = 1_000;
/** Lanes begin with as much as this, and a single value may be as long as that. */
const LANE_BYTES_MIN = 256 * 1024;

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

/** At the end of a turn. */
export function checkOwed({ connections, config, ports, served, storeOut }: NodeState): void {
  // A window of those on their way, and the one before, until its sender says that it has the answers.
  if (served.remembered > 2 * config.forwardsMax) {
    violate('queue-bound', `node ${config.id} remembers answers to ${served.remembered} batches`);
  }
  let unsent = 0;
  for (const { id } of connections.all()) unsent += ports.net.unsentBytes(id);
  if (unsent > config.limits.unsentTotalBytesMax) {
    violate('queue-bound', `node ${config.id} owes its clients ${unsent} bytes`);
  }
  const most = Math.max(config.turnValueBytesMax, LANE_BYTES_MIN);
  for (const { values } of [storeOut.reads, storeOut.writes]) {
    if (values.length <= most) continue;
    violate('queue-bound', `node ${config.id} answers with ${values.length} bytes in a turn`);
  }
}
