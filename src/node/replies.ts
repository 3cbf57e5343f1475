/** The turn's replies leave, and how long that took is noted. */
import { notePart, readStopwatch } from './stages.ts';
import type { NodeState } from './state.ts';

export function sendReplies(node: NodeState): void {
  const isAny = node.connections.hasReplies;
  const since = isAny ? readStopwatch(node) : 0;
  node.connections.flush(node.now);
  if (isAny) notePart(node, 'reply', since);
}
