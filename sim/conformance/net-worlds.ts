/** The networks that the conformance suite is run on, behind one face: nodes 1 and 2, and clients. */
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { concatBytes } from '../../src/base/bytes.ts';
import { nodeId } from '../../src/base/units.ts';
import type { NetEvent, NetPort } from '../../src/ports/net.ts';
import { type Listeners, openListeners } from '../../src/runtime/listeners.ts';
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
  open(): Promise<NetUnderTest>;
}

export const netWorlds: readonly NetWorld[] = [
  { name: 'the simulated network', open: openFake },
  { name: 'the plain network', open: openPlain },
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

async function openPlain(): Promise<NetUnderTest> {
  const nodes = [ONE, TWO];
  const listeners = await Promise.all(nodes.map(openAnywhere));
  const peers = nodes.map((id, at) => {
    const { port, gossipPort } = listeners[at]!.ports;
    return { id, host: HOST, port, gossipPort };
  });
  const [one, two] = nodes.map((self, at) => {
    const events: NetEvent[] = [];
    const deliver = (event: NetEvent): void => void events.push(event);
    const reportNoise = (): void => {};
    const port = new PlainNet({ self, listeners: listeners[at]!, peers, deliver, reportNoise });
    return { port, events };
  });
  return {
    one: one!,
    two: two!,
    until: untilPlain,
    rest: () => pause(REST_MS),
    stopTwo: () => two!.port.shutDown(false),
    connect: () => connectPlain(listeners[0]!.ports.port),
    close: async () => {
      for (const { port } of [one!, two!]) port.shutDown(false);
      for (const { http } of listeners) http.close();
    },
  };
}

async function openAnywhere(): Promise<Listeners> {
  const wanted = { port: 0, peerPort: null, gossipPort: 0, httpPort: 0 };
  const listeners = await openListeners(HOST, wanted);
  if ('code' in listeners) throw new Error(listeners.detail);
  return listeners;
}

async function untilPlain(isReached: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!isReached()) {
    if (performance.now() > giveUpAt) throw new Error('it does not come');
    await pause(1);
  }
}

function connectPlain(port: number): Promise<TestClient> {
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
