/**
 * State hashes in the node: who asks when, what the machine is told, and what follows.
 *
 * A replica in the minority stands back and rebuilds its state (rebuild.ts). In a tie the leader
 * serves no more; it takes no snapshot either, for it might be of the wrong state.
 */
import { decodeChain, encodeChain } from '../core/hashes/codec.ts';
import { type ChainAt, type HashesEvent, newHashesOut } from '../core/hashes/state.ts';
import { hashes } from '../core/hashes/step.ts';
import { CHANNEL, type PeerFrameView } from '../core/protocol/peer-frame.ts';
import { currentConfiguration } from '../core/raft/state.ts';
import type { Member } from '../core/types.ts';
import { type Group, isLeading } from './group.ts';
import { beginRebuild } from './rebuild.ts';
import type { NodeState } from './state.ts';

export const isTied = ({ hashes: { tiedIndex } }: Group): boolean => tiedIndex > 0;

/** Null where our chain says nothing of our own work: it came with a snapshot, or is not there. */
function chainOf({ store, rebuild, installedIndex }: Group): ChainAt | null {
  const { appliedIndex: index, chainLow: low, chainHigh: high } = store;
  return rebuild !== null || index <= installedIndex ? null : { index, low, high };
}

function stepHashes(node: NodeState, group: Group, event: HashesEvent): void {
  const out = newHashesOut();
  hashes.step(group.hashes, event, node.now, out);
  node.counters.stateHashMismatches += out.mismatches;
  for (const { to, type, chain } of out.messages) {
    const head = { channel: CHANNEL.HASH, type, group: group.id };
    node.peers!.send(to, head, [encodeChain(chain)]);
  }
  if (out.minority === null || group.rebuild !== null) return;
  const { index } = out.minority;
  beginRebuild(node, group, 'STATE_DIVERGED', `at index ${index} most voters have another state`);
}

/** After an entry was applied: somebody may be waiting for the chain at just that index. */
export function noteApplied(node: NodeState, group: Group): void {
  const { awaited } = group.hashes;
  if (awaited === null || group.store.appliedIndex < awaited.index) return;
  const chain = chainOf(group);
  if (chain !== null) stepHashes(node, group, { kind: 'applied', chain });
}

export function tickHashes(node: NodeState): void {
  for (const group of node.groups) {
    if (isLeading(group)) {
      const configuration = currentConfiguration(group.raft);
      stepHashes(node, group, { kind: 'tick', applied: chainOf(group), configuration });
    } else if (group.hashes.inquest !== null) stepHashes(node, group, { kind: 'deposed' });
  }
}

export function hashesDeadline(node: NodeState): number {
  let at = Number.POSITIVE_INFINITY;
  for (const group of node.groups) {
    if (isLeading(group)) at = Math.min(at, Math.max(node.now + 1, group.hashes.askAt));
  }
  return at;
}

export function receiveHash(
  node: NodeState,
  group: Group,
  view: PeerFrameView,
  from: Member,
): void {
  const chain = decodeChain(view.bytes.subarray(view.bodyAt, view.bodyAt + view.bodyBytes));
  if (chain === null) {
    node.counters.badFrames++;
    return;
  }
  const configuration = currentConfiguration(group.raft);
  const applied = chainOf(group);
  const { type } = view;
  stepHashes(node, group, { kind: 'message', from, type, chain, applied, configuration });
}
