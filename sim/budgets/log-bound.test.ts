/**
 * The log's bound on disk, in small: the daemon's proportions, a hundredth of its sizes.
 */
import { expect, test } from 'vitest';
import { REQUEST } from '../../src/core/protocol/wire.ts';
import { footprintBytes } from '../../src/core/wal/state.ts';
import { type Batch, CalmCluster } from './calm-cluster.ts';

const KIB = 1024;
const BOUND_BYTES = 2048 * KIB;
const SMALL = {
  segmentBytes: 128 * KIB,
  logDiskBytesMax: BOUND_BYTES,
  snapshotLogBytes: 512 * KIB,
  uncommittedBytesMax: 512 * KIB,
  trailingBytesMax: 128 * KIB,
  snapshotSliceBytes: KIB,
};

const puts = (count: number, valueBytes: number): Batch => ({
  command: REQUEST.PUT,
  flags: 0,
  count,
  valueBytes,
});

/** Watches the log of every node after each of its turns. */
function watchFootprint(calm: CalmCluster): { mostBytes: number } {
  const seen = { mostBytes: 0 };
  const { world } = calm.cluster;
  for (const id of world.nodes) {
    const before = world.process(id).afterTurn;
    world.process(id).afterTurn = () => {
      before?.();
      const wal = calm.cluster.node(id)?.state.wal ?? null;
      if (wal !== null) seen.mostBytes = Math.max(seen.mostBytes, footprintBytes(wal));
    };
  }
  return seen;
}

const written = (calm: CalmCluster): number =>
  Math.min(...calm.cluster.running().map(({ state }) => state.wal!.stats.writtenBytes));

test.each([
  ['of 1 KiB, many in flight', 48, KIB],
  ['of 10 bytes, one after the other: each takes a block', 1, 10],
])(
  'endless overwrites with values %s stay within the bound, and none is refused',
  (_, count, valueBytes) => {
    const calm = CalmCluster.settled(3, SMALL);
    const seen = watchFootprint(calm);
    const clients = [calm.leader, calm.follower].map((node) => calm.connect(node));
    while (written(calm) < 3 * BOUND_BYTES) {
      for (const client of clients) client.send(puts(count, valueBytes));
      calm.runUntil(() => clients.every(({ isAnswered }) => isAnswered));
    }
    expect(seen.mostBytes).toBeLessThanOrEqual(BOUND_BYTES);
    expect(
      calm.cluster.running().every(({ state }) => state.groups[0]!.raft.snapshotIndex > 0),
    ).toBe(true);
  },
);

test('who has more in flight than the bound has room for is refused with OVERLOADED', () => {
  const calm = CalmCluster.settled(3, SMALL);
  const seen = watchFootprint(calm);
  // A snapshot of this takes long enough for the log to outrun it.
  calm.connect(calm.leader).ask(puts(300, KIB));
  const clients = Array.from({ length: 100 }, () => calm.connect(calm.leader, true));
  let turn = 0;
  calm.runUntil(() => {
    // One after the other: all of it at once would be one entry, larger than a segment.
    const client = clients[turn++ % clients.length]!;
    if (client.isAnswered) client.send(puts(16, KIB));
    return clients.some(({ refusals }) => refusals.size > 0) && written(calm) > 3 * BOUND_BYTES;
  });
  expect([...new Set(clients.flatMap(({ refusals }) => [...refusals]))]).toEqual(['OVERLOADED']);
  expect(seen.mostBytes).toBeLessThanOrEqual(BOUND_BYTES);
  calm.runUntil(() => clients.every(({ isAnswered }) => isAnswered));
  calm.run(2_000);
  calm.connect(calm.leader).ask(puts(8, KIB));
});
