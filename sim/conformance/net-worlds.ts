/** The networks that the conformance suite is run on, behind one face: nodes 1 and 2, and clients. */
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { concatBytes } from '../../src/base/bytes.ts';
import type { Failure } from '../../src/base/errors.ts';
import { nodeId } from '../../src/base/units.ts';
import type { NetEvent, NetPort } from '../../src/ports/net.ts';
import type { DaemonNet, DaemonNetOptions } from '../../src/runtime/daemon-net.ts';
import {
  type HttpDoor,
  type ListenerPorts,
  type Listeners,
  openListeners,
} from '../../src/runtime/listeners.ts';
import { type NativeListeners, openNativeListeners } from '../../src/runtime/native/listeners.ts';
import { loadAddon } from '../../src/runtime/native/load.ts';
import { NativeNet } from '../../src/runtime/native/net.ts';
import { PlainNet } from '../../src/runtime/net.ts';
import { calmWorldConfig } from '../world/config.ts';
import { FaultLedger } from '../world/faults.ts';
import { SimulatedNet } from '../world/net.ts';
import { Scheduler } from '../world/scheduler.ts';
import { Streams } from '../world/streams.ts';

export interface TestClient {
  send(bytes: Uint8Array): void;
  read(isReading: boolean): void;
  close(reset: boolean): void;
  /** All that has come so far, and how much that is. */
  received(): Uint8Array;
  receivedBytes(): number;
  isClosed(): boolean;
}

export interface NodeUnderTest {
  readonly port: NetPort;
  /** All that the node was told, in order. */
  readonly events: NetEvent[];
}

export interface NetUnderTest {
  readonly one: NodeUnderTest;
  readonly two: NodeUnderTest;
  /** A client of node 1, connected. */
  connect(): Promise<TestClient>;
  /** Lets the world go on until `isReached`; throws if that takes for ever. */
  until(isReached: () => boolean): Promise<void>;
  /** Lets the world go on for as long as anything may still come of itself. */
  rest(): Promise<void>;
  /** Node 2 dies. */
  stopTwo(): void;
  close(): Promise<void>;
}

export interface NetWorld {
  readonly name: string;
  /** Why it cannot be had here; null: it can. */
  readonly missing: string | null;
  open(): Promise<NetUnderTest>;
}

const { addon, reason } = loadAddon();

export const netWorlds: readonly NetWorld[] = [
  { name: 'the simulated network', missing: null, open: openFake },
  { name: 'the plain network', missing: null, open: () => openReal(PLAIN) },
  { name: 'the native network', missing: reason, open: () => openReal(native(false)) },
  { name: 'the native network on a thread', missing: reason, open: () => openReal(native(true)) },
];

const sizeOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((size, { length }) => size + length, 0);

const ONE = nodeId(1);
const TWO = nodeId(2);

async function openFake(): Promise<NetUnderTest> {
  const scheduler = new Scheduler();
  const world = new SimulatedNet({
    scheduler,
    streams: new Streams('1'),
    knobs: calmWorldConfig().net,
    faults: new FaultLedger(() => scheduler.nowUs()),
    nodes: [ONE, TWO],
    report: (_, error) => {
      throw error;
    },
  });
  const until = async (isReached: () => boolean): Promise<void> => {
    while (!isReached()) if (!scheduler.step()) throw new Error('nothing more happens');
  };
  const [one, two] = [ONE, TWO].map((node) => {
    const events: NetEvent[] = [];
    world.up(node, (event) => events.push(event));
    return { port: world.port(node, () => true), events };
  });
  return {
    one: one!,
    two: two!,
    until,
    rest: async () => scheduler.runUntil(scheduler.nowUs() + 1_000_000),
    stopTwo: () => world.down(TWO),
    connect: () => connectFake(world, until),
    close: async () => {},
  };
}

async function connectFake(world: SimulatedNet, until: NetUnderTest['until']): Promise<TestClient> {
  const pieces: Uint8Array[] = [];
  let isConnected = false;
  let isClosed = false;
  const connection = world.connect(ONE, 'client', {
    connected: () => {
      isConnected = true;
    },
    received: (bytes) => pieces.push(bytes),
    closed: () => {
      isClosed = true;
    },
  });
  await until(() => isConnected);
  return {
    send: (bytes) => connection.send(bytes),
    read: (isReading) => connection.read(isReading),
    close: (reset) => connection.close(reset),
    received: () => concatBytes(pieces),
    receivedBytes: () => sizeOf(pieces),
    isClosed: () => isClosed,
  };
}

const HOST = '127.0.0.1';
const PATIENCE_MS = 60_000;
const REST_MS = 100;

/** A network of the machine's own sockets. */
interface RealNet<Opened extends HttpDoor> {
  readonly listen: (host: string, wanted: ListenerPorts) => Promise<Opened | Failure>;
  readonly open: (listeners: Opened, options: DaemonNetOptions) => DaemonNet;
}

const PLAIN: RealNet<Listeners> = {
  listen: openListeners,
  open: (listeners, options) => new PlainNet({ ...options, listeners }),
};

const native = (isThreaded: boolean): RealNet<NativeListeners> => ({
  listen: (host, wanted) => openNativeListeners({ binding: addon!.net, isThreaded }, host, wanted),
  open: (listeners, options) => new NativeNet({ ...options, listeners }),
});

async function openReal<Opened extends HttpDoor>(real: RealNet<Opened>): Promise<NetUnderTest> {
  const nodes = [ONE, TWO];
  const listeners = await Promise.all(nodes.map(() => openAnywhere(real)));
  const peers = nodes.map((id, at) => {
    const { port, gossipPort } = listeners[at]!.ports;
    return { id, host: HOST, port, gossipPort };
  });
  const [one, two] = nodes.map((self, at) => {
    const events: NetEvent[] = [];
    const deliver = (event: NetEvent): void => void events.push(kept(event));
    const reportNoise = (): void => {};
    const port = real.open(listeners[at]!, { self, peers, deliver, reportNoise });
    return { port, events };
  });
  return {
    one: one!,
    two: two!,
    until: untilReal,
    rest: () => pause(REST_MS),
    stopTwo: () => two!.port.shutDown(false),
    connect: () => connectReal(listeners[0]!.ports.port),
    close: async () => {
      for (const { port } of [one!, two!]) port.shutDown(false);
      for (const { http } of listeners) http.close();
    },
  };
}

/** Received bytes are the port's; whoever looks later needs their own. */
function kept(event: NetEvent): NetEvent {
  return event.kind === 'received' ? { ...event, bytes: event.bytes.slice() } : event;
}

async function openAnywhere<Opened extends HttpDoor>(real: RealNet<Opened>): Promise<Opened> {
  const wanted = { port: 0, peerPort: null, gossipPort: 0, httpPort: 0 };
  const listeners = await real.listen(HOST, wanted);
  if ('code' in listeners) throw new Error(listeners.detail);
  return listeners;
}

async function untilReal(isReached: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!isReached()) {
    if (performance.now() > giveUpAt) throw new Error('it does not come');
    await pause(1);
  }
}

function connectReal(port: number): Promise<TestClient> {
  const pieces: Uint8Array[] = [];
  let isClosed = false;
  const socket = net.connect({ port, host: HOST, noDelay: true });
  socket.on('data', (chunk: Buffer) => pieces.push(new Uint8Array(chunk)));
  socket.on('error', () => {});
  socket.on('close', () => {
    isClosed = true;
  });
  const client: TestClient = {
    send: (bytes) => void socket.write(bytes),
    read: (isReading) => void (isReading ? socket.resume() : socket.pause()),
    close: (reset) => void (reset ? socket.resetAndDestroy() : socket.end()),
    received: () => concatBytes(pieces),
    receivedBytes: () => sizeOf(pieces),
    isClosed: () => isClosed,
  };
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(client));
  });
}
