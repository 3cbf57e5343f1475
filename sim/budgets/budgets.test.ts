/**
 * What the protocol costs, counted in a calm world of three nodes: exact, the same on every machine.
 * A budget that is exceeded is a regression that no benchmark on a noisy machine would show.
 *
 * M50, M51 and M62 are budgets of the MIT labs (6.5840, labs 3 and 4), in their numbers; where ours
 * can be told exactly, the exact number stands beside them.
 */
import { describe, expect, test } from 'vitest';
import { FLAG, REQUEST } from '../../src/core/protocol/wire.ts';
import { NODE_DEFAULTS } from '../../src/node/config.ts';
import { type Batch, CalmCluster, KEY_BYTES } from './calm-cluster.ts';

const VALUE_BYTES = 100;
/** A flush begins on a block of its own and is padded to its end. */
const BLOCK_BYTES = 4096;

const puts = (count: number, valueBytes = VALUE_BYTES): Batch => ({
  command: REQUEST.PUT,
  flags: 0,
  count,
  valueBytes,
});

const gets = (count: number, flags = 0): Batch => ({
  command: REQUEST.GET,
  flags,
  count,
  valueBytes: 0,
});

/** What a read never costs. */
const NOTHING = { entries: 0, frames: 0, forwards: 0, syncs: [] as number[] };

/** What the batch cost until its last reply: frames, messages, syncs of each node's log. */
function costOf(calm: CalmCluster, batch: Batch, asksFollower: boolean) {
  const client = calm.connect(asksFollower ? calm.follower : calm.leader);
  const before = calm.entries;
  const costs = calm.measure();
  client.ask(batch);
  return {
    entries: calm.entries - before,
    appends: costs.raft.append,
    replies: costs.raft['append-reply'],
    frames: costs.frames,
    frameBytes: costs.frameBytes,
    forwards: costs.forwards,
    syncs: [...costs.logSyncs.values()],
    logBytes: [...costs.logBytes.values()],
  };
}

describe('a batch of PUTs to the leader', () => {
  test.each([1, 64, 256])('of %i is one entry, one sync a node, one append a follower', (count) => {
    const calm = CalmCluster.settled(3);
    expect(costOf(calm, puts(count), false)).toMatchObject({
      entries: 1,
      appends: 2,
      replies: 2,
      frames: 4,
      forwards: 0,
      syncs: [1, 1, 1],
    });
  });

  test('of eight clients that ask in one turn is one entry and one sync a node too', () => {
    const calm = CalmCluster.settled(3);
    const clients = Array.from({ length: 8 }, () => calm.connect(calm.leader));
    const before = calm.entries;
    calm.measure();
    for (const client of clients) client.send(puts(8));
    calm.runUntil(() => clients.every((client) => client.isAnswered));
    expect(calm.entries - before).toBe(1);
    expect(calm.costs.frames).toBe(4);
    expect([...calm.costs.logSyncs.values()]).toEqual([1, 1, 1]);
  });

  test('needs at most 20 bytes a command beyond key and value, on the wire and in the log', () => {
    const count = 256;
    const calm = CalmCluster.settled(3);
    const { frameBytes, logBytes } = costOf(calm, puts(count), false);
    const content = count * (KEY_BYTES + VALUE_BYTES);
    // A command's own head is 16 bytes, then padding to 8. What a batch needs once (frame, message
    // and entry heads, two replies of 168 bytes) is the second term.
    expect(frameBytes).toBeLessThanOrEqual(2 * (content + count * 20) + 1_000);
    for (const bytes of logBytes) {
      expect(bytes).toBeLessThanOrEqual(content + count * 20 + BLOCK_BYTES);
    }
  });

  test('through a follower costs one frame there and one back', () => {
    const calm = CalmCluster.settled(3);
    expect(costOf(calm, puts(64), true)).toMatchObject({
      entries: 1,
      frames: 6,
      forwards: 2,
      syncs: [1, 1, 1],
    });
  });

  test('on a single node costs one sync and not a frame', () => {
    const calm = CalmCluster.settled(1);
    const client = calm.connect(calm.leader);
    calm.reset();
    client.ask(puts(256));
    expect(calm.costs.frames).toBe(0);
    expect([...calm.costs.logSyncs.values()]).toEqual([1]);
  });
});

describe('a batch of GETs', () => {
  test.each([1, 256])('of %i, linearizable, is one round of the leader and no sync', (count) => {
    const calm = CalmCluster.settled(3);
    const costs = costOf(calm, gets(count), false);
    expect(costs).toMatchObject({ ...NOTHING, appends: 2, replies: 2, frames: 4 });
  });

  test('through a follower is one frame there, the same round, one frame back', () => {
    const calm = CalmCluster.settled(3);
    const costs = costOf(calm, gets(256), true);
    expect(costs).toMatchObject({ ...NOTHING, appends: 2, frames: 6, forwards: 2 });
  });

  test.each([true, false])('stale, costs nothing at all (follower: %s)', (asksFollower) => {
    const calm = CalmCluster.settled(3);
    const costs = costOf(calm, gets(256, FLAG.STALE), asksFollower);
    expect(costs).toMatchObject({ ...NOTHING, appends: 0 });
  });
});

describe('the budgets of the labs', () => {
  test('M50: ten entries of 5,000 bytes cross the wire once for each follower', () => {
    const calm = CalmCluster.settled(3);
    const client = calm.connect(calm.leader);
    const payload = 10 * 5_000;
    calm.measure();
    for (let n = 0; n < 10; n++) client.ask(puts(1, 5_000));
    expect(calm.costs.frameBytes).toBeLessThanOrEqual(3 * payload + 50_000);
    // Twice the payload; 20 exchanges of some 400 bytes come on top.
    expect(calm.costs.frameBytes).toBeLessThanOrEqual(2 * payload + 20 * 450);
  });

  test('M51: the first election takes at most 30 messages', () => {
    const calm = new CalmCluster(3);
    calm.runUntil(() => calm.hasLeader);
    // Frames count what comes before it too: the three nodes agreeing to form a cluster.
    expect(calm.costs.frames).toBeLessThanOrEqual(30);
    expect(calm.raftMessages).toBeLessThanOrEqual(10);
  });

  test('M51: so does the next one, with its pre-vote, after the leader is gone', () => {
    const calm = CalmCluster.settled(3);
    calm.cluster.world.process(calm.leader).crash('power');
    calm.reset();
    calm.runUntil(() => calm.hasLeader);
    expect(calm.raftMessages).toBeLessThanOrEqual(30);
  });

  test('M51: ten entries, one after the other, take at most 42 messages', () => {
    const calm = CalmCluster.settled(3);
    const client = calm.connect(calm.leader);
    calm.measure();
    for (let n = 0; n < 10; n++) client.ask(puts(1));
    expect(calm.raftMessages).toBe(40);
  });

  test('M51: an idle second takes at most 60 messages, and writes nothing', () => {
    const calm = CalmCluster.settled(3);
    calm.measure();
    calm.run(1_000);
    const beats = 1_000 / NODE_DEFAULTS.heartbeatMs;
    // A heartbeat to each follower and its reply; one more round may fall on the edge.
    expect(calm.raftMessages).toBeLessThanOrEqual(4 * (beats + 1));
    expect(calm.costs.frames).toBe(calm.raftMessages);
    expect([...calm.costs.logSyncs]).toEqual([]);
    // Three members probe one other a second each, and are answered.
    expect(calm.costs.datagrams).toBeLessThanOrEqual(8);
  });

  test('M62: a thousand PUTs, one after the other, never wait for a tick', () => {
    const calm = CalmCluster.settled(3);
    const client = calm.connect(calm.leader);
    const from = calm.nowUs;
    for (let n = 0; n < 1_000; n++) client.ask(puts(1, 10));
    // Client and peer hops of 100 µs each way and a sync of 200 µs, with some turns: below 1 ms.
    // The labs' bound is 33 ms, a third of a heartbeat.
    expect((calm.nowUs - from) / 1_000).toBeLessThanOrEqual(1_000);
  });
});
