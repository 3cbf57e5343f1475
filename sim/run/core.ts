/**
 * The second phase of half of the runs: a random core of the nodes is healed, and every failure
 * outside it is for good.
 *
 * 1. The core has a majority of the nodes, and, if a few draws find one, a quorum of every group.
 *    Its members are started, their disks work, and every link between them is whole.
 * 2. Whoever is outside is down, or stands still, or is cut off: both ways, or so that it hears and
 *    is not heard, or is heard and hears nothing. Nobody mends that, and nobody starts it again.
 */
import type { NodeId } from '../../src/base/units.ts';
import { isFormed } from '../../src/core/raft/configurations.ts';
import { currentConfiguration } from '../../src/core/raft/state.ts';
import type { Member } from '../../src/core/types.ts';
import { isQuorum } from '../check/online/quorum.ts';
import type { Stream } from '../world/streams.ts';
import type { World } from '../world/world.ts';
import type { Cluster } from './cluster.ts';
import { isBetter } from './stall.ts';

/** To find a core that can decide. */
const DRAWS = 10;

/** Sorted. Where no draw can decide, the last one shows whether the run knows why it stalls. */
export function drawCore(cluster: Cluster, stream: Stream): readonly NodeId[] {
  const { nodes } = cluster.world;
  const least = (nodes.length >> 1) + 1;
  const most = Math.max(least, nodes.length - 1);
  let core: NodeId[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    core = stream.shuffle([...nodes]).slice(0, stream.between(least, most));
    core.sort((left, right) => left - right);
    if (canDecide(cluster, core)) break;
  }
  return core;
}

/** By the best log of each group: whether it has formed, and its voters a quorum in the core. */
function canDecide(cluster: Cluster, core: readonly NodeId[]): boolean {
  for (let group = 0; group < cluster.config.node.settings.groupCount; group++) {
    const rafts = cluster.known().flatMap(({ groups }) => {
      const found = groups.find(({ id }) => id === group);
      return found === undefined ? [] : [found.raft];
    });
    const best = rafts.find((raft) => !rafts.some((other) => isBetter(other, raft)));
    if (best === undefined || !rafts.some(isFormed)) return false;
    const isInside = ({ id, store }: Member): boolean =>
      core.includes(id) && cluster.stores.get(id) === store;
    if (!isQuorum(currentConfiguration(best), isInside)) return false;
  }
  return true;
}

const FATES = ['down', 'down', 'frozen', 'cut', 'deaf', 'mute'] as const;

/** Whoever is outside fails for good, in one way or another. */
export function abandon(world: World, node: NodeId, stream: Stream): void {
  const process = world.process(node);
  const drawn = stream.pick(FATES);
  const fate = process.current() === null ? 'down' : drawn;
  if (fate === 'frozen') {
    // It may stand still already, for a while.
    process.resume();
    process.pause(null);
  } else if (fate === 'down' && process.current() !== null) process.crash(process.drawCrashKind());
  for (const other of world.nodes) {
    if (other === node) continue;
    if (fate === 'cut' || fate === 'deaf') world.net.cut(other, node, true);
    if (fate === 'cut' || fate === 'mute') world.net.cut(node, other, true);
  }
  world.faults.count(`lost-${fate}`, node);
}

export function healNode(world: World, node: NodeId): void {
  world.disk(node).slow(1_000);
  world.disk(node).occupy(0);
  const process = world.process(node);
  process.resume();
  process.slow(1_000);
  process.start();
}
