/** How a network falls apart: the shapes that consensus algorithms have stumbled over. */
import type { NodeId } from '../../src/base/units.ts';
import type { SimulatedNet } from '../world/net.ts';
import type { Stream } from '../world/streams.ts';

type Cut = (net: SimulatedNet, first: NodeId, others: readonly NodeId[]) => void;

const half = (others: readonly NodeId[]): number => others.length >> 1;

const SHAPES: readonly Cut[] = [
  // Nobody reaches it, it reaches nobody.
  (net, first) => net.isolate(first),
  // It is heard by none, and hears all.
  (net, first, others) => {
    for (const other of others) net.cut(first, other, true);
  },
  // It hears none, and is heard by all.
  (net, first, others) => {
    for (const other of others) net.cut(other, first, true);
  },
  // One direction of one link.
  (net, first, others) => net.cut(first, others[0]!, true),
  // One link.
  (net, first, others) => net.cut(first, others[0]!, false),
  // It alone is heard by both sides.
  (net, first, others) => net.bridge(first, others.slice(0, half(others))),
  // Two sides, it in the smaller one.
  (net, first, others) =>
    net.partition([[first, ...others.slice(0, half(others))], others.slice(half(others))]),
  // Everybody for itself.
  (net, first, others) => net.partition([first, ...others].map((node) => [node])),
];

export function cutSome(
  net: SimulatedNet,
  first: NodeId,
  others: readonly NodeId[],
  stream: Stream,
): void {
  stream.pick(SHAPES)(net, first, others);
}
