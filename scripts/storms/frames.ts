/**
 * Frames of no use, at each door: many on a connection, until the node closes it, then on the next.
 *
 * Good frames are only ever sent with something changed: a peer's word, once its CRCs are right, is
 * believed, as that of a member of the cluster must be.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import { fromHex } from '../../src/base/bytes.ts';
import { type ClusterId, nodeId } from '../../src/base/units.ts';
import { newRequestView, writeRequest } from '../../src/core/protocol/client.ts';
import { FrameWriter } from '../../src/core/protocol/frame-writer.ts';
import { CHANNEL, PeerFrameWriter } from '../../src/core/protocol/peer-frame.ts';
import { REQUEST } from '../../src/core/protocol/wire.ts';
import { encodeMessage } from '../../src/core/swim/message.ts';
import { peerGreeting } from '../../src/runtime/greeting.ts';
import { HOST } from '../../src/runtime/testing/ports.ts';
import type { Cluster, Health } from '../integration/cluster.ts';
import { demand } from '../integration/verdict.ts';
import type { Bytes } from './bytes.ts';
import { arrival } from './crowds.ts';

/** Sent at once. */
const PIECE_FRAMES = 200;

/** A connection ends with its first frame that makes no sense at all, and what follows it is lost. */
export const PER_CONNECTION = { random: Number.POSITIVE_INFINITY, changed: 5 } as const;
const GOSSIP_PORTS = 1_000;

/** What begins a connection, and what one frame is. */
export interface Protocol {
  readonly name: string;
  readonly greeting: Uint8Array;
  readonly good: () => Uint8Array;
  /** Where a random frame keeps what is right, so that it is not refused by its first bytes. */
  readonly random: () => Uint8Array;
}

export function clientProtocol(bytes: Bytes): Protocol {
  const good = (): Uint8Array => {
    const writer = new FrameWriter(1);
    const view = newRequestView();
    view.command = [REQUEST.GET, REQUEST.PUT, REQUEST.PING, REQUEST.APPEND][bytes.below(4)]!;
    view.key = new TextEncoder().encode('storm');
    view.value = bytes.random(bytes.below(100));
    view.seq = 1 + bytes.below(1000);
    writeRequest(writer, view);
    return writer.take();
  };
  const random = (): Uint8Array => {
    const payload = bytes.below(200);
    const frame = bytes.random(16 + payload);
    frame.set([0xa9, 0xec, 0xbd, 0x10], 0);
    frame.set([0, 0, 0, payload], 8);
    return frame;
  };
  return { name: 'client', greeting: new Uint8Array(0), good, random };
}

export function peerProtocol(bytes: Bytes, of: Health, to: Health): Protocol {
  const address = {
    from: of.node,
    to: to.node,
    cluster: fromHex(of.cluster!),
    fromStore: fromHex(of.store!),
    toStore: fromHex(to.store!),
  };
  const good = (): Uint8Array => {
    const frame = new PeerFrameWriter();
    frame.begin(address);
    const channels = Object.values(CHANNEL);
    const channel = channels[bytes.below(channels.length)]!;
    const body = bytes.random(8 * bytes.below(20));
    frame.addMessage({ channel, type: bytes.below(12), group: bytes.below(3) }, [body]);
    // Wrong from the beginning: no CRC of it may ever be right.
    const made = frame.finish().slice();
    made[76]! ^= 1;
    made[77]! ^= 1;
    return made;
  };
  const random = (): Uint8Array => {
    const frame = bytes.random(80 + 8 * bytes.below(20));
    frame.set(good().subarray(0, 8), 0);
    new DataView(frame.buffer).setUint32(8, frame.length, true);
    return frame;
  };
  return { name: 'peer', greeting: peerGreeting(nodeId(of.node)), good, random };
}

export function gossipProtocol(bytes: Bytes, of: Health, to: Health): Protocol {
  const sender = {
    id: nodeId(of.node),
    state: 'alive',
    incarnation: 0,
    address: `${HOST}:1`,
    accuser: nodeId(0),
  } as const;
  const good = (): Uint8Array =>
    encodeMessage({
      kind: 'ping',
      target: nodeId(to.node),
      sequence: bytes.below(1_000_000),
      clusterId: of.cluster as ClusterId,
      subject: nodeId(0),
      sender,
      updates: [],
    });
  return {
    name: 'gossip',
    greeting: new Uint8Array(0),
    good,
    random: () => bytes.random(8 * bytes.below(150)),
  };
}

export interface Thrown {
  readonly next: () => Uint8Array;
  readonly count: number;
  readonly perConnection: number;
}

/** All at `port`; answers how many connections they took. */
export async function throwFrames(
  port: number,
  protocol: Protocol,
  { next, count, perConnection }: Thrown,
): Promise<number> {
  let connections = 0;
  for (let left = count; left > 0; connections++) {
    left -= await throwSome(port, protocol, next, Math.min(left, perConnection));
  }
  return connections;
}

/** Until the node hangs up. */
async function throwSome(
  port: number,
  { greeting }: Protocol,
  next: () => Uint8Array,
  count: number,
): Promise<number> {
  const socket = net.connect({ host: HOST, port });
  socket.on('error', () => {});
  const isOpen = await Promise.race([
    arrival(socket, 'connect').then(() => true),
    arrival(socket, 'close').then(() => false),
  ]);
  demand(isOpen, `nobody listens at ${port} any more`);
  socket.resume();
  socket.write(greeting);
  let sent = 0;
  while (sent < count && !socket.destroyed && socket.writable) {
    const pieces = Array.from({ length: Math.min(PIECE_FRAMES, count - sent) }, next);
    sent += pieces.length;
    const isTaken = socket.write(Buffer.concat(pieces));
    if (!isTaken) await Promise.race([arrival(socket, 'drain'), arrival(socket, 'close')]);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  // The rest is read to its end, and then the node hangs up too.
  socket.end();
  if (!socket.destroyed) await arrival(socket, 'close');
  return sent;
}

export async function throwDatagrams(port: number, { next, count }: Thrown): Promise<void> {
  const socket = dgram.createSocket('udp4');
  for (let sent = 0; sent < count; sent += PIECE_FRAMES) {
    const last = Math.min(PIECE_FRAMES, count - sent);
    const pieces = Array.from({ length: last }, next);
    await Promise.all(
      pieces.map(
        (piece) => new Promise((resolve) => socket.send(piece, port + GOSSIP_PORTS, HOST, resolve)),
      ),
    );
  }
  socket.close();
}

export async function healthOf(cluster: Cluster, id: number): Promise<Health> {
  const health = await cluster.health(id);
  demand(health?.cluster != null && health.store != null, `node ${id} does not say who it is`);
  return health;
}
