/**
 * `npm run bench -- storm`: what a node's other clients feel of strangers that misbehave.
 *
 *   calm ─▶ frames that are none ─▶ idle connections ─▶ readers that do not read ─▶ calm
 *
 * 1. In each stage a small load of well-behaved clients is measured; its requests must all succeed.
 * 2. Frames: a whole one of random content after a right magic, or a right one with bytes changed.
 *    The node answers or closes; who is closed connects again.
 * 3. The node must still be there and serve at the end.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeId } from '../src/base/units.ts';
import { newRequestView, writeRequest } from '../src/core/protocol/client.ts';
import { FrameWriter } from '../src/core/protocol/frame-writer.ts';
import { PEER_HEADER_BYTES, PEER_MAGIC } from '../src/core/protocol/peer-frame.ts';
import { COMMAND_ROWS, REQUEST } from '../src/core/protocol/wire.ts';
import { peerGreeting } from '../src/runtime/greeting.ts';
import type { Implementation } from '../src/runtime/native/choice.ts';
import { startNode } from './net.ts';
import type { Servers } from './servers.ts';
import { load, type Sample, type ThroughputPlan } from './throughput.ts';

const HOST = '127.0.0.1';
const FRAMES_PER_WRITE = 500;
const PAYLOAD_BYTES_MAX = 64;
const LARGE_VALUE_BYTES = 256 * 1024;
const READS_UNREAD = 64;
const CONNECT_AT_ONCE = 100;
const PLAN: ThroughputPlan = {
  rounds: 1,
  connections: 2,
  pipeline: 4,
  operations: 20_000,
  keys: 10_000,
  valueBytes: 100,
};

export interface StormPlan {
  readonly implementation: Implementation;
  readonly random: number;
  readonly mutated: number;
  readonly idle: number;
  readonly readers: number;
}

export interface Stage {
  readonly name: string;
  readonly sample: Sample;
  readonly residentBytes: number;
}

export async function runStorm(plan: StormPlan): Promise<Stage[]> {
  const folder = await mkdtemp(join(tmpdir(), 'apex-kv-bench-'));
  const servers = await startNode({ net: plan.implementation, netThread: 'off' }, folder, PLAN);
  const port = servers.ports[0]!;
  const stages: Stage[] = [];
  const during = async (name: string, trouble: () => Promise<() => void>): Promise<void> => {
    const end = await trouble();
    const sample = await load(servers, PLAN, ['--mix', 'put=1,get=1']);
    stages.push({ name, sample, residentBytes: await residentBytes(servers) });
    end();
  };
  try {
    await during('calm', async () => () => {});
    for (const [name, count, next] of [
      [`${plan.random} random frames`, plan.random, randomFrame],
      [`${plan.mutated} changed frames`, plan.mutated, changedFrame],
      [`${plan.mutated} random peer frames`, plan.mutated, randomPeerFrame],
    ] as const) {
      let sent: Promise<void> = Promise.resolve();
      await during(name, async () => {
        const greeting = next === randomPeerFrame ? peerGreeting(nodeId(9)) : null;
        sent = pour(port, { count, next, greeting });
        return () => {};
      });
      await sent;
    }
    await during(`${plan.idle} idle connections`, () => crowd(port, plan.idle, null));
    await during(`${plan.readers} readers that do not read`, async () => {
      await putLarge(port);
      return crowd(port, plan.readers, unreadGets());
    });
    await sleep(500);
    await during('calm again', async () => () => {});
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true });
  }
  return stages;
}

const random = (below: number): number => Math.floor(Math.random() * below);

function fillRandom(bytes: Uint8Array, from: number): void {
  for (let at = from; at < bytes.length; at++) bytes[at] = random(256);
}

/** Right in its magic and its length, so that the next one is found; the rest is anything. */
function randomFrame(): Uint8Array {
  const writer = new FrameWriter(random(65_536));
  const payloadBytes = random(PAYLOAD_BYTES_MAX);
  const known = COMMAND_ROWS[random(COMMAND_ROWS.length)]!.command;
  writer.frame(random(2) === 0 ? known : random(256), random(256), random(2 ** 32), payloadBytes);
  const bytes = writer.take();
  fillRandom(bytes, bytes.length - payloadBytes);
  return bytes;
}

function changedFrame(): Uint8Array {
  const writer = new FrameWriter(1);
  const request = newRequestView();
  request.command = REQUEST.PUT;
  request.key = Uint8Array.of(1, random(256));
  request.value = new Uint8Array(random(PAYLOAD_BYTES_MAX));
  writeRequest(writer, request);
  const bytes = writer.take();
  for (let n = random(3); n >= 0; n--) bytes[random(bytes.length)] = random(256);
  return bytes;
}

function randomPeerFrame(): Uint8Array {
  const bytes = new Uint8Array(PEER_HEADER_BYTES + 8 * random(16));
  fillRandom(bytes, 0);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, PEER_MAGIC, true);
  view.setUint32(8, random(50) === 0 ? random(2 ** 32) : bytes.length, true);
  return bytes;
}

interface Pouring {
  readonly count: number;
  readonly next: () => Uint8Array;
  /** What is said first on each connection; null: nothing. */
  readonly greeting: Uint8Array | null;
}

async function pour(port: number, { count, next, greeting }: Pouring): Promise<void> {
  let socket = await connect(port, greeting);
  for (let left = count; left > 0; left -= FRAMES_PER_WRITE) {
    const frames = Array.from({ length: Math.min(left, FRAMES_PER_WRITE) }, next);
    if (socket.destroyed || socket.readyState !== 'open') socket = await connect(port, greeting);
    const isTaken = socket.write(Buffer.concat(frames));
    if (isTaken) await sleep(0);
    else await untilTaken(socket);
  }
  socket.destroy();
}

/** Or until the connection is gone, for whatever reason. */
function untilTaken(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', () => resolve());
    socket.once('close', () => resolve());
  });
}

async function connect(port: number, greeting: Uint8Array | null): Promise<net.Socket> {
  const socket = net.connect({ port, host: HOST, noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.resume();
  if (greeting !== null) socket.write(greeting);
  return socket;
}

/** Connections that say `word`, if anything, and read nothing. Answers how to end them. */
async function crowd(port: number, count: number, word: Uint8Array | null): Promise<() => void> {
  const sockets: net.Socket[] = [];
  while (sockets.length < count) {
    const more = Math.min(CONNECT_AT_ONCE, count - sockets.length);
    const come = await Promise.all(Array.from({ length: more }, () => connect(port, null)));
    for (const socket of come) {
      socket.pause();
      if (word !== null) socket.write(word);
    }
    sockets.push(...come);
  }
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

const LARGE_KEY = Uint8Array.of(0);

async function putLarge(port: number): Promise<void> {
  const writer = new FrameWriter(1);
  const value = new Uint8Array(LARGE_VALUE_BYTES);
  writeRequest(writer, { ...newRequestView(), command: REQUEST.PUT, key: LARGE_KEY, value });
  const socket = await connect(port, null);
  socket.write(writer.take());
  await once(socket, 'data');
  socket.destroy();
}

function unreadGets(): Uint8Array {
  const writer = new FrameWriter(1);
  for (let n = 0; n < READS_UNREAD; n++) {
    writeRequest(writer, { ...newRequestView(), command: REQUEST.GET, key: LARGE_KEY });
  }
  return writer.take();
}

async function residentBytes(servers: Servers): Promise<number> {
  const answer = await fetch(`http://${HOST}:${servers.ports[0]! + 2000}/metrics`);
  return Number(/^process_resident_memory_bytes (\S+)$/m.exec(await answer.text())?.[1] ?? 0);
}
