import net from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { concatBytes } from '../base/bytes.ts';
import { nodeId } from '../base/units.ts';
import { PEER_FRAME_BYTES_MAX, PeerFrameWriter } from '../core/protocol/peer-frame.ts';
import { plainDial } from './dial.ts';
import { GREETING_BYTES_MAX, peerGreeting, readGreeting } from './greeting.ts';
import { NameLookup } from './name-lookup.ts';
import { PeerLink } from './peer-link.ts';
import { FrameCutter } from './peer-streams.ts';
import { until } from './testing/cluster.ts';

function frame(bytes: number): Uint8Array {
  const writer = new PeerFrameWriter();
  const none = new Uint8Array(16);
  writer.begin({ from: 1, to: 2, cluster: none, fromStore: none, toStore: none });
  writer.addMessage({ channel: 1, type: 1, group: 0 }, [new Uint8Array(bytes).fill(bytes)]);
  return writer.finish();
}

describe('a greeting', () => {
  const greeting = peerGreeting(nodeId(513));

  test('tells the node once it is whole, whatever follows', () => {
    for (let bytes = 0; bytes < greeting.length; bytes++) {
      expect(readGreeting(greeting.subarray(0, bytes))).toEqual({ kind: 'more' });
    }
    const expected = { kind: 'peer', node: 513, bytes: greeting.length };
    expect(readGreeting(greeting)).toEqual(expected);
    expect(readGreeting(concatBytes([greeting, frame(8)]))).toEqual(expected);
  });

  test('of other versions, of a client, or of nobody is a client', () => {
    const changed = (at: number, byte: number): Uint8Array => {
      const bytes = greeting.slice();
      bytes[at] = byte;
      return bytes;
    };
    // In turn: magic, command, a payload too long, role, lowest version.
    for (const [at, byte] of [
      [3, 0],
      [4, 1],
      [9, 1],
      [16, 0],
      [17, 9],
    ]) {
      expect(readGreeting(changed(at!, byte!))).toEqual({ kind: 'client' });
    }
    expect(readGreeting(Uint8Array.of(71, 69, 84))).toEqual({ kind: 'client' });
  });

  test('is decided within its bound, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(16), (noise, kept) => {
        const bytes = new Uint8Array(GREETING_BYTES_MAX).fill(0xff);
        bytes.set(noise);
        bytes.set(greeting.subarray(0, kept));
        expect(readGreeting(bytes).kind).not.toBe('more');
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('frames', () => {
  test('come out whole however their bytes were cut', () => {
    const frames = [frame(0), frame(1_000), frame(8), frame(70_000), frame(3)];
    const bytes = concatBytes(frames);
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 40 });
    fc.assert(
      fc.property(cuts, (given) => {
        const taken: Uint8Array[] = [];
        const cutter = new FrameCutter((one) => taken.push(one));
        const edges = [0, ...given.sort((left, right) => left - right), bytes.length];
        for (let at = 1; at < edges.length; at++) {
          expect(cutter.push(bytes.slice(edges[at - 1], edges[at]))).toBe(true);
        }
        expect(taken.map((one) => Buffer.compare(one, frames[taken.indexOf(one)]!))).toEqual(
          frames.map(() => 0),
        );
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  test('end with the first header that cannot be one, cut or not', () => {
    const noise = new Uint8Array(200).fill(0xa9);
    for (const size of [1, 79, 80, 200]) {
      const taken: Uint8Array[] = [];
      const cutter = new FrameCutter((one) => taken.push(one));
      const bytes = concatBytes([frame(8), noise]);
      let isGood = true;
      for (let at = 0; at < bytes.length && isGood; at += size) {
        isGood = cutter.push(bytes.subarray(at, at + size));
      }
      expect([isGood, taken.length]).toEqual([false, 1]);
    }
  });
});

describe('a link', () => {
  const closings: (() => void)[] = [];
  afterEach(() => {
    for (const close of closings.splice(0)) close();
  });

  async function listen(port: number): Promise<{ server: net.Server; sockets: net.Socket[] }> {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => {
      server.listen(port, '127.0.0.1', resolve);
    });
    closings.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return { server, sockets };
  }

  const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port;

  function dial(port: number, host = '127.0.0.1'): { link: PeerLink; changes: boolean[] } {
    const changes: boolean[] = [];
    const link = new PeerLink({
      endpoint: { id: nodeId(2), host, port, gossipPort: 1 },
      greeting: peerGreeting(nodeId(1)),
      dial: plainDial(new NameLookup().lookup),
      changed: (up) => changes.push(up),
    });
    link.dial();
    closings.push(() => link.close(true));
    return { link, changes };
  }

  test('is dialled again when it breaks, and greets each time', async () => {
    const { server, sockets } = await listen(0);
    const { link, changes } = dial(portOf(server));
    await until(() => sockets.length === 1 && link.isUp);
    sockets[0]!.destroy();
    await until(() => sockets.length === 2 && link.isUp);
    expect(changes).toEqual([true, false, true]);
    const [chunk] = (await new Promise<Buffer[]>((resolve) => {
      sockets[1]!.once('data', (data: Buffer) => resolve([data]));
    })) as [Buffer];
    expect(new Uint8Array(chunk)).toEqual(peerGreeting(nodeId(1)));
  });

  test('finds a peer by its name', async () => {
    const { server } = await listen(0);
    const { link } = dial(portOf(server), 'localhost');
    await until(() => link.isUp);
    expect(link.remoteAddress).toBe('127.0.0.1');
  });

  test('comes up when the other node starts late', async () => {
    const { server } = await listen(0);
    const port = portOf(server);
    server.close();
    const { link, changes } = dial(port);
    link.send(frame(8), 0);
    expect([link.framesSent, link.framesDropped]).toEqual([0, 1]);
    await listen(port);
    await until(() => link.isUp);
    expect(changes).toEqual([true]);
  });

  test('drops what its queue has no room for, and counts it', async () => {
    const { server, sockets } = await listen(0);
    const { link } = dial(portOf(server));
    await until(() => sockets.length === 1 && link.isUp);
    sockets[0]!.pause();
    const large = frame(4 * 1024 * 1024);
    while (link.framesDropped === 0) {
      link.send(large, 0);
      expect(link.framesSent * large.length).toBeLessThan(3 * PEER_FRAME_BYTES_MAX);
    }
    expect(link.framesSent * large.length).toBeGreaterThan(PEER_FRAME_BYTES_MAX);
  });

  test('is dialled anew when it sends and hears nothing, and only then', async () => {
    const { server, sockets } = await listen(0);
    const { link } = dial(portOf(server));
    await until(() => sockets.length === 1 && link.isUp);
    link.recycleIfSilent(1_000_000);
    link.send(frame(8), 0);
    link.heard();
    link.recycleIfSilent(1_000_000);
    link.send(frame(8), 0);
    link.recycleIfSilent(3_999);
    expect(link.isUp).toBe(true);
    link.recycleIfSilent(4_000);
    await until(() => sockets.length === 2 && link.isUp);
  });
});

describe('names', () => {
  test('are resolved one at a time, and those who ask for the same share the answer', async () => {
    const asked: string[] = [];
    let answer: (() => void) | null = null;
    const names = new NameLookup((host) => {
      asked.push(host);
      return new Promise((resolve, reject) => {
        answer = () => (host === 'bad' ? reject(new Error('no such name')) : resolve([]));
      });
    });
    const answers = ['bad', 'one', 'bad', 'one'].map((host) => names.resolve(host));
    const outcomes = Promise.allSettled(answers);
    await until(() => answer !== null);
    expect(asked).toEqual(['bad']);
    answer!();
    await until(() => asked.length === 2);
    answer!();
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(asked).toEqual(['bad', 'one']);
  });
});
