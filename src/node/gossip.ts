/**
 * SWIM in the node: who is up and where, for health and discovery. Never a quorum.
 *
 * It begins with the cluster, since its datagrams name one, and says good-bye at a graceful stop.
 */
import type { ClusterId, NodeId } from '../base/units.ts';
import { newSwimOut, type Probe, SWIM_DEFAULTS, type SwimEvent } from '../core/swim/state.ts';
import { swim } from '../core/swim/step.ts';
import type { NodeState } from './state.ts';

/** Cluster ids are written down before they are spoken: SWIM starts when ours is. */
export function startGossip(node: NodeState, clusterId: ClusterId): void {
  const { id, ids, probePeriodMs } = node.config;
  const word = (): number => node.ports.entropy.word();
  node.swim = swim.init({
    ...SWIM_DEFAULTS,
    probePeriodMs,
    probeTimeoutMs: Math.ceil((probePeriodMs * SWIM_DEFAULTS.probeTimeoutMs) / 1000),
    id,
    address: addressOf(node, id),
    clusterId,
    peers: ids
      .filter((peer) => peer !== id)
      .map((peer) => ({ id: peer, address: addressOf(node, peer) })),
    seed: [word(), word(), word(), word()],
  });
}

/** The name under which gossip knows a node: its client address. */
function addressOf(node: NodeState, id: NodeId): string {
  return node.config.addresses.get(id) ?? `node:${id}`;
}

export function stepGossip(node: NodeState, event: SwimEvent): void {
  if (node.swim === null) return;
  const out = newSwimOut();
  const { probe } = node.swim;
  swim.step(node.swim, event, node.now, out);
  if (node.swim.probe === null) noteAnswer(node, probe, event);
  else if (node.swim.probe !== probe) node.timings.pingedAt = node.connections.micros;
  for (const { target, bytes } of out.datagrams) node.ports.net.sendGossip(target, bytes);
}

/** An answer to a direct ping tells how far the peer is; one that came by helpers does not. */
function noteAnswer(node: NodeState, probe: Probe | null, event: SwimEvent): void {
  if (probe === null || probe.helpersAtMs === null || event.kind !== 'datagram') return;
  const { roundTrips, pingedAt } = node.timings;
  roundTrips.get(probe.target)?.note(Math.max(0, node.connections.micros - pingedAt));
}

export function tickGossip(node: NodeState): void {
  if (node.swim !== null && node.now >= swim.deadline(node.swim))
    stepGossip(node, { kind: 'tick' });
}

export function gossipDeadline(node: NodeState): number {
  return node.swim === null ? Number.POSITIVE_INFINITY : swim.deadline(node.swim);
}
