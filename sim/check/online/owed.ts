/**
 * queue-bound: what a node owes has bounds, whether anybody reads or not: to all of its clients together,
 * in one turn, and to the nodes that pass requests on.
 */
import type { ResultLane } from '../../../src/core/results.ts';
import type { NodeState } from '../../../src/node/state.ts';
import { violate } from './violate.ts';

/** A lane that shows what it holds begins with as much as this. */
const SHOWN_BYTES = 256 * 1024;
/** Longer than any value of a run, what was appended to included: a first one is always held. */
const VALUE_BYTES = 60_000;

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
  const { reads, writes } = storeOut;
  checkLane(reads, Math.max(config.turnValueBytesMax, SHOWN_BYTES));
  checkLane(writes, Math.max(config.turnValueBytesMax, VALUE_BYTES));
}

function checkLane({ values }: ResultLane, bytesMax: number): void {
  if (values.length <= bytesMax) return;
  violate(
    'queue-bound',
    `a turn answers with ${values.length} bytes, where ${bytesMax} are allowed`,
  );
}
