/** Whose data directory this is: the identity machine and its disk. */
import type { IdentityEvent } from '../core/identity/state.ts';
import { clearIdentityOut } from '../core/identity/state.ts';
import { identity } from '../core/identity/step.ts';
import { failNode, type NodeState } from './state.ts';

export function startIdentity(node: NodeState): void {
  const word = (): number => node.ports.entropy.word();
  stepIdentity(node, { kind: 'open', storeWords: [word(), word(), word(), word()] });
}

export function stepIdentity(node: NodeState, event: IdentityEvent): void {
  const out = node.identityOut;
  clearIdentityOut(out);
  identity.step(node.identity, event, node.now, out);
  node.desk.submit('identity', 0, out.submissions);
  if (out.failed !== null) failNode(node, out.failed);
  if (out.identity !== null) node.known = out.identity;
}
