/**
 * queue-bound: a node does not drown the others in messages. Work costs a simulated node no time of
 * its own, so an answer to every answer would go round as fast as links carry it, and grow with each
 * message that the network repeats.
 */
import type { NodeId } from '../../../src/base/units.ts';
import { violate } from './violate.ts';

const WINDOW_US = 100_000;
/** Many times what a busy leader of seven nodes and four groups says in a window. */
const MESSAGES_MAX = 20_000;

interface Window {
  since: number;
  messages: number;
}

export class StormCheck {
  readonly #windows = new Map<NodeId, Window>();

  sent(node: NodeId, messages: number, nowUs: number): void {
    let window = this.#windows.get(node);
    if (window === undefined || nowUs - window.since > WINDOW_US) {
      window = { since: nowUs, messages: 0 };
      this.#windows.set(node, window);
    }
    window.messages += messages;
    if (window.messages <= MESSAGES_MAX) return;
    violate('queue-bound', `node ${node} sent ${window.messages} messages within 100 ms`);
  }
}
