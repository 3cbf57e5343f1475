/** Daemons under test: a cluster in one process, on ports of the kernel's choice. */
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Failure } from '../../base/errors.ts';
import { decodeUtf8, encodeUtf8 } from '../../base/text.ts';
import { type NodeId, nodeId } from '../../base/units.ts';
import { newRequestView, writeRequest } from '../../core/protocol/client.ts';
import { FrameWriter } from '../../core/protocol/frame-writer.ts';
import { ReplyReader } from '../../core/protocol/replies.ts';
import { REPLY, REQUEST } from '../../core/protocol/wire.ts';
import { isFormed } from '../../core/raft/configurations.ts';
import { DEFAULT_SETTINGS } from '../../core/settings.ts';
import { NODE_DEFAULTS, type NodeConfig } from '../../node/config.ts';
import { type Clock, SYSTEM_CLOCK } from '../clock.ts';
import { Daemon } from '../daemon.ts';
import { type DataDirectory, openDataDirectory } from '../data-directory.ts';
import { Journal } from '../journal.ts';
import { type HttpDoor, type Listeners, openListeners } from '../listeners.ts';
import { DaemonLog } from '../log.ts';
import { bestImplementation, type Choice } from '../native/choice.ts';
import type { NativeListeners } from '../native/listeners.ts';
import type { RaftTraceFile } from '../raft-trace-file.ts';

const HOST = '127.0.0.1';
const PATIENCE_MS = 60_000;

export interface Member<Opened extends HttpDoor = Listeners> {
  readonly id: NodeId;
  readonly listeners: Opened;
  readonly directory: DataDirectory;
  readonly daemon: Daemon;
  readonly journal: Journal;
  /** What the journal has written so far. */
  readonly recorded: Uint8Array[];
}

export async function until(isReached: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await isReached())) {
    if (performance.now() > giveUpAt) throw new Error('it does not come');
    await pause(5);
  }
}

/** Throws what has gone wrong instead of answering it. */
export function good<Value extends object>(value: Value | Failure): Value {
  if (isFailure(value)) throw new Error(`${value.code}: ${value.detail}`);
  return value;
}

const isFailure = (value: object): value is Failure => 'code' in value;

export const openAnywhere = async (): Promise<Listeners> =>
  good(await openListeners(HOST, { port: 0, peerPort: null, gossipPort: 0, httpPort: 0 }));

export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'apex-kv-'));
}

export const removeDirectory = (path: string): Promise<void> => rm(path, { recursive: true });

function configOf(id: NodeId, ports: ReadonlyMap<NodeId, number>): NodeConfig {
  const addresses = new Map([...ports].map(([peer, port]) => [peer, `${HOST}:${port}`]));
  return {
    ...NODE_DEFAULTS,
    id,
    ids: [...ports.keys()],
    addresses,
    settings: DEFAULT_SETTINGS,
    segmentBytes: 1024 * 1024,
    regionBytes: 1024 * 1024,
  };
}

export interface BootOptions {
  readonly clock?: Clock;
  /** One a node. */
  readonly traces?: readonly RaftTraceFile[];
  /** Unset: what a user gets who asks for nothing. */
  readonly disk?: Choice;
  /** Other than the daemon's own. */
  readonly knobs?: Partial<NodeConfig>;
}

/** Boots `count` nodes on plain Node's sockets below `walDirectory`, each with a journal. */
export async function bootCluster(
  walDirectory: string,
  count: number,
  options: BootOptions = {},
): Promise<Member[]> {
  const listeners = await Promise.all(Array.from({ length: count }, openAnywhere));
  return bootOn(walDirectory, listeners, options);
}

/** Boots a node on each of `listeners`. */
export async function bootOn<Opened extends Listeners | NativeListeners>(
  walDirectory: string,
  listeners: readonly Opened[],
  { clock = SYSTEM_CLOCK, traces = [], disk = bestImplementation(), knobs = {} }: BootOptions = {},
): Promise<Member<Opened>[]> {
  const ids = listeners.map((_, at) => nodeId(at + 1));
  const ports = new Map(ids.map((id, at) => [id, listeners[at]!.ports.port]));
  const peers = ids.map((id, at) => {
    const { port, gossipPort } = listeners[at]!.ports;
    return { id, host: HOST, port, gossipPort };
  });
  const members: Member<Opened>[] = [];
  for (const [at, id] of ids.entries()) {
    const directory = good(await openDataDirectory(walDirectory, id));
    const recorded: Uint8Array[] = [];
    const journal = new Journal((bytes) => recorded.push(bytes));
    const daemon = new Daemon({
      version: '0.0.0',
      config: { ...configOf(id, ports), ...knobs },
      listeners: listeners[at]!,
      directory: directory.path,
      disk,
      peers,
      log: DaemonLog.silent(),
      clock,
      warnings: [],
      asked: {},
      journal,
      raftTrace: traces[at] ?? null,
    });
    members.push({ id, listeners: listeners[at]!, directory, daemon, journal, recorded });
  }
  return members;
}

export async function closeCluster(members: readonly Member<HttpDoor>[]): Promise<void> {
  for (const { daemon } of members) await daemon.close();
  for (const { directory } of members) directory.release();
}

/** Whether the cluster is formed, and every node has applied what the one leader has committed. */
export function isSettled(members: readonly Member<HttpDoor>[]): boolean {
  const rafts = members.map(({ daemon }) => daemon.node.state.groups[0]?.raft);
  const leader = rafts.find((raft) => raft?.role === 'leader');
  if (leader === undefined || !isFormed(leader)) return false;
  return rafts.every(
    (raft) => raft?.leader === leader.leader && raft.appliedIndex === leader.commitIndex,
  );
}

/** A reply as a word: OK, a value, or whatever else was said. */
export function wordOf(reader: ReplyReader, row: number): string {
  const names = Object.entries(REPLY).find(([, byte]) => byte === reader.command[row]);
  const name = names?.[0] ?? '?';
  return `${name} ${decodeUtf8(reader.value(row))}`.trim();
}

/** Sends PUTs, then GETs, for `keys` keys in one go; answers the replies in words. */
export function putAndGet(port: number, keys: number): Promise<string[]> {
  const writer = new FrameWriter(0);
  const request = newRequestView();
  for (const command of [REQUEST.PUT, REQUEST.GET]) {
    for (let key = 0; key < keys; key++) {
      request.command = command;
      request.seq++;
      request.key = encodeUtf8(`key ${key}`);
      request.value = encodeUtf8(`value ${key}`);
      writeRequest(writer, request);
    }
  }
  return exchange(port, writer.take(), keys * 2);
}

/** Sends `bytes` and answers the first `replies` replies in words. */
export function exchange(port: number, bytes: Uint8Array, replies: number): Promise<string[]> {
  const reader = new ReplyReader();
  const socket = net.connect({ port, host: HOST });
  socket.write(bytes);
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed before the last reply')));
    socket.on('data', (chunk: Buffer) => {
      reader.receive(chunk);
      if (reader.count < replies) return;
      socket.destroy();
      resolve(Array.from({ length: reader.count }, (_, row) => wordOf(reader, row)));
    });
  });
}
