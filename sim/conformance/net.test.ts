/** The rules of src/ports/net.ts, held by the fake, the plain and the native network. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { nodeId } from '../../src/base/units.ts';
import { PeerFrameWriter } from '../../src/core/protocol/peer-frame.ts';
import type { ConnectionId, NetEvent } from '../../src/ports/net.ts';
import { type NetUnderTest, type NodeUnderTest, netWorlds, type TestClient } from './net-worlds.ts';

const MIB = 1024 * 1024;

/** Bytes that no shift, loss or repetition leaves the same. */
function pattern(length: number, salt = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = Math.imul(at + salt, 0x9e37_79b1) >>> 24;
  return bytes;
}

/** A peer frame from node 1 with a body of `bytes` bytes. */
function peerFrame(bytes: number, salt = 0): Uint8Array {
  const writer = new PeerFrameWriter();
  const none = new Uint8Array(16);
  writer.begin({ from: 1, to: 2, cluster: none, fromStore: none, toStore: none });
  writer.addMessage({ channel: 1, type: 1, group: 0 }, [pattern(bytes, salt)]);
  return writer.finish();
}

const same = (left: Uint8Array, right: Uint8Array): boolean => Buffer.compare(left, right) === 0;

const eventsOf = (node: NodeUnderTest, connection: ConnectionId): NetEvent[] =>
  node.events.filter((event) => 'connection' in event && event.connection === connection);

const kindsOf = (node: NodeUnderTest, connection: ConnectionId): string[] =>
  eventsOf(node, connection).map(({ kind }) => kind);

const sizeOf = (node: NodeUnderTest, connection: ConnectionId): number =>
  eventsOf(node, connection).reduce(
    (size, event) => size + (event.kind === 'received' ? event.bytes.length : 0),
    0,
  );

const bytesOf = (node: NodeUnderTest, connection: ConnectionId): Uint8Array =>
  concatBytes(
    eventsOf(node, connection).flatMap((event) => (event.kind === 'received' ? [event.bytes] : [])),
  );

const framesOf = ({ events }: NodeUnderTest, kind: 'peer-frame' | 'gossip'): Uint8Array[] =>
  events.flatMap((event) => (event.kind === kind ? [event.bytes] : []));

const linksOf = ({ events }: NodeUnderTest): string[] =>
  events.flatMap((event) =>
    event.kind === 'peer-link' ? [`${event.peer} ${event.up ? 'up' : 'down'}`] : [],
  );

describe.each(netWorlds)('$name', ({ open, missing }) => {
  if (missing !== null) {
    test.skip(`is not tried: no native helper, ${missing}`, () => {});
    return;
  }
  let net: NetUnderTest;
  beforeEach(async () => {
    net = await open();
  });
  afterEach(() => net.close());

  /** A client and the number under which node 1 knows it. */
  async function connected(): Promise<{ client: TestClient; id: ConnectionId }> {
    const { events } = net.one;
    const before = events.length;
    const client = await net.connect();
    const isNews = (event: NetEvent): boolean => event.kind === 'connected';
    await net.until(() => events.slice(before).some(isNews));
    const news = events.slice(before).find(isNews);
    return { client, id: (news as { connection: ConnectionId }).connection };
  }

  describe('clients', () => {
    test('a client that says nothing is announced, with an address', async () => {
      const { id } = await connected();
      const [event] = eventsOf(net.one, id);
      expect(event).toMatchObject({ kind: 'connected', address: expect.stringMatching(/./) });
    });

    test.each([1, 2, 3, 16, 17, 1_000, 70_000])(
      'bytes sent %i at a time arrive once and in order',
      async (size) => {
        const { client, id } = await connected();
        const sent = pattern(Math.min(200_000, size * 100));
        for (let at = 0; at < sent.length; at += size) client.send(sent.subarray(at, at + size));
        await net.until(() => sizeOf(net.one, id) >= sent.length);
        expect(same(bytesOf(net.one, id), sent)).toBe(true);
      },
    );

    test('what looks like the beginning of a peer is a client when it goes on as one', async () => {
      const { client, id } = await connected();
      const hello = Uint8Array.of(0xa9, 0xec, 0xbd, 0x10, 0x20, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 1);
      const rest = Uint8Array.of(0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0);
      for (const byte of [...hello, ...rest]) client.send(Uint8Array.of(byte));
      await net.until(() => bytesOf(net.one, id).length === hello.length + rest.length);
      expect(bytesOf(net.one, id)).toEqual(concatBytes([hello, rest]));
    });

    test('what the node sends reaches the client once and in order', async () => {
      const { client, id } = await connected();
      const pieces = Array.from({ length: 200 }, (_, at) => pattern(at * 13, at));
      for (const piece of pieces) net.one.port.send(id, piece);
      const sent = concatBytes(pieces);
      await net.until(() => client.receivedBytes() >= sent.length);
      expect(same(client.received(), sent)).toBe(true);
    });

    test('bytes that the port does not keep may change once they were sent', async () => {
      const { client, id } = await connected();
      const sent = pattern(300_000);
      const bytes = sent.slice();
      net.one.port.send(id, bytes);
      if (!net.one.port.keepsBytes) bytes.fill(0);
      await net.until(() => client.receivedBytes() === sent.length);
      expect(same(client.received(), sent)).toBe(true);
    });

    test('connections have numbers of their own, and none is used twice', async () => {
      const ids: ConnectionId[] = [];
      for (let n = 0; n < 3; n++) {
        const { client, id } = await connected();
        ids.push(id);
        client.close(false);
        await net.until(() => kindsOf(net.one, id).includes('closed'));
      }
      expect(new Set(ids).size).toBe(3);
    });

    test('a paused connection brings nothing in, and everything once it is resumed', async () => {
      const { client, id } = await connected();
      net.one.port.pause(id);
      await net.rest();
      const sent = pattern(8 * MIB);
      client.send(sent);
      await net.rest();
      expect(bytesOf(net.one, id)).toHaveLength(0);
      net.one.port.resume(id);
      await net.until(() => sizeOf(net.one, id) >= sent.length);
      expect(same(bytesOf(net.one, id), sent)).toBe(true);
    });

    test('what a slow reader leaves is unsent; when it has taken it, the node is told', async () => {
      const { client, id } = await connected();
      client.read(false);
      const sent = pattern(32 * MIB);
      for (let at = 0; at < sent.length; at += MIB) {
        net.one.port.send(id, sent.subarray(at, at + MIB));
      }
      await net.rest();
      const unsent = net.one.port.unsentBytes(id);
      expect(unsent).toBeGreaterThan(MIB);
      expect(unsent).toBeLessThanOrEqual(sent.length);
      expect(kindsOf(net.one, id)).not.toContain('drained');
      client.read(true);
      await net.until(() => client.receivedBytes() >= sent.length);
      await net.until(() => kindsOf(net.one, id).includes('drained'));
      expect(net.one.port.unsentBytes(id)).toBe(0);
      expect(same(client.received(), sent)).toBe(true);
    });

    test('a flushing close lets everything out first, then ends both sides once', async () => {
      const { client, id } = await connected();
      client.send(pattern(100_000));
      const sent = pattern(4 * MIB);
      net.one.port.send(id, sent);
      net.one.port.close(id, false);
      net.one.port.send(id, pattern(10));
      await net.until(() => client.isClosed() && kindsOf(net.one, id).includes('closed'));
      await net.rest();
      expect(same(client.received(), sent)).toBe(true);
      expect(kindsOf(net.one, id).filter((kind) => kind === 'closed')).toHaveLength(1);
      expect(kindsOf(net.one, id).at(-1)).toBe('closed');
    });

    test('a reset ends both sides at once', async () => {
      const { client, id } = await connected();
      client.read(false);
      net.one.port.send(id, pattern(32 * MIB));
      net.one.port.close(id, true);
      client.read(true);
      await net.until(() => client.isClosed() && kindsOf(net.one, id).includes('closed'));
      expect(client.receivedBytes()).toBeLessThan(32 * MIB);
      expect(kindsOf(net.one, id).at(-1)).toBe('closed');
    });

    test.each([false, true])(
      'when a client goes (reset: %s), closed is the last word',
      async (reset) => {
        const { client, id } = await connected();
        client.send(pattern(1_000));
        await net.until(() => bytesOf(net.one, id).length === 1_000);
        client.close(reset);
        await net.until(() => kindsOf(net.one, id).includes('closed'));
        await net.rest();
        expect(kindsOf(net.one, id).filter((kind) => kind === 'closed')).toHaveLength(1);
        expect(kindsOf(net.one, id).at(-1)).toBe('closed');
      },
    );

    test('whatever is asked of a connection that is gone does nothing', async () => {
      const { client, id } = await connected();
      client.close(false);
      await net.until(() => kindsOf(net.one, id).includes('closed'));
      const { port } = net.one;
      port.send(id, pattern(10));
      port.pause(id);
      port.resume(id);
      port.close(id, false);
      port.close(id, true);
      expect(port.unsentBytes(id)).toBe(0);
      await net.rest();
      expect(kindsOf(net.one, id).filter((kind) => kind === 'closed')).toHaveLength(1);
    });

    test('connections do not mix', async () => {
      const pairs = [await connected(), await connected(), await connected()];
      for (const [salt, { client }] of pairs.entries()) client.send(pattern(5_000, salt));
      for (const [salt, { id }] of pairs.entries()) {
        await net.until(() => bytesOf(net.one, id).length >= 5_000);
        expect(same(bytesOf(net.one, id), pattern(5_000, salt))).toBe(true);
        net.one.port.send(id, pattern(500, salt + 7));
      }
      for (const [salt, { client }] of pairs.entries()) {
        await net.until(() => client.receivedBytes() >= 500);
        expect(same(client.received(), pattern(500, salt + 7))).toBe(true);
      }
    });
  });

  describe('peers', () => {
    const linked = (): Promise<void> =>
      net.until(() => linksOf(net.one).includes('2 up') && linksOf(net.two).includes('1 up'));

    test('both ends of a link are told that it is up, and no client is', async () => {
      await linked();
      await net.rest();
      expect([linksOf(net.one), linksOf(net.two)]).toEqual([['2 up'], ['1 up']]);
      expect(net.two.events.some(({ kind }) => kind === 'connected')).toBe(false);
    });

    test('frames are handed over whole and unchanged, small and large', async () => {
      await linked();
      const frames = [0, 8, 1_000, 65_536, 3 * MIB, 1, 16].map((bytes) => peerFrame(bytes));
      for (const frame of frames) net.one.port.sendPeer(nodeId(2), frame);
      await net.until(() => framesOf(net.two, 'peer-frame').length === frames.length);
      const sorted = (list: Uint8Array[]): Uint8Array[] => list.sort(Buffer.compare);
      const arrived = sorted(framesOf(net.two, 'peer-frame'));
      expect(sorted(frames).every((frame, at) => same(frame, arrived[at]!))).toBe(true);
      expect(framesOf(net.one, 'peer-frame')).toHaveLength(0);
    });

    test('both directions carry frames', async () => {
      await linked();
      net.one.port.sendPeer(nodeId(2), peerFrame(100, 1));
      net.two.port.sendPeer(nodeId(1), peerFrame(100, 2));
      await net.until(() => framesOf(net.two, 'peer-frame').length === 1);
      await net.until(() => framesOf(net.one, 'peer-frame').length === 1);
      expect(same(framesOf(net.one, 'peer-frame')[0]!, peerFrame(100, 2))).toBe(true);
    });

    test('a frame for nobody, or for a node that is down, is lost without a word', async () => {
      await linked();
      net.stopTwo();
      await net.until(() => linksOf(net.one).at(-1) === '2 down');
      net.one.port.sendPeer(nodeId(2), peerFrame(10));
      net.one.port.sendPeer(nodeId(9), peerFrame(10));
      net.one.port.sendGossip(nodeId(2), pattern(10));
      await net.rest();
      expect(framesOf(net.two, 'peer-frame')).toHaveLength(0);
    });

    test('a datagram arrives as it was sent', async () => {
      await linked();
      net.one.port.sendGossip(nodeId(2), pattern(1_400));
      await net.until(() => framesOf(net.two, 'gossip').length === 1);
      expect(same(framesOf(net.two, 'gossip')[0]!, pattern(1_400))).toBe(true);
    });
  });
});
