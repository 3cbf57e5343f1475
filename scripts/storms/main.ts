/**
 * npm run storms: what the world may throw at a node, thrown at a real cluster.
 *
 *   --scale S    share of the full size: 10⁶ random and 10⁵ changed frames at each door, 10,000 idle
 *                connections, 100 readers that do not read, 1,500 swaps that meet 8 MiB. Default: 0.01
 *   --seed N     what the frames are drawn from
 *   --sanitized  nodes whose native helper is built with ASan and UBSan (sanitizer.ts); in the end none
 *                of them may have read or written amiss, or leak
 *   --json       figures as one JSON object, at the end
 *
 * A decent client works all the while at the node that is stormed, the leader. After each storm every
 * node runs and is ready, the node answers as before, has given its descriptors back, and holds no
 * more memory than it may. Ends with 0 if all of that held, else with 1.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { VALUE_BYTES_MAX } from '../../src/core/types.ts';
import { Cluster, until } from '../integration/cluster.ts';
import { connect, putView } from '../integration/lone-node.ts';
import { Broken, demand } from '../integration/verdict.ts';
import { Bytes } from './bytes.ts';
import { askAndSleep, crowd } from './crowds.ts';
import { descriptors, descriptorsMax, residentBytes } from './figures.ts';
import {
  clientProtocol,
  gossipProtocol,
  healthOf,
  PER_CONNECTION,
  peerProtocol,
  throwDatagrams,
  throwFrames,
} from './frames.ts';
import { swapInVain } from './greedy.ts';
import { type Probed, Prober } from './prober.ts';
import { complaints, isSanitized, useSanitizedAddon } from './sanitizer.ts';

const RANDOM_FRAMES = 1_000_000;
const CHANGED_FRAMES = 100_000;
const IDLE = 9_990;
const SLOW_READERS = 100;
const GREEDY_SWAPS = 1_500;
const GREEDY_ATTEMPTS = 5;
const LARGE_VALUE_BYTES = 256 * 1024;
const CALM_MS = 1_500;
const SETTLE_MS = 20_000;
/** Descriptors that come and go by themselves: segments, links. */
const DESCRIPTORS_SLACK = 16;
const MIB = 1024 * 1024;
/** 1 GiB is what a node may owe its clients, 256 MiB what a turn may answer; the rest is its own. */
const RESIDENT_MAX_BYTES = 2_560 * MIB;

interface Figures {
  readonly storm: string;
  readonly thrown: string;
  readonly before: Probed;
  readonly during: Probed;
  readonly after: Probed;
  readonly seconds: number;
  readonly residentMaxMib: number;
}

interface Stormed {
  readonly cluster: Cluster;
  readonly leader: number;
  readonly pid: number;
  readonly prober: Prober;
}

type Storm = readonly [name: string, run: () => Promise<string>];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      scale: { type: 'string', default: '0.01' },
      seed: { type: 'string', default: '1' },
      sanitized: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const scale = Number(values.scale);
  const seed = Number(values.seed);
  demand(scale > 0 && scale <= 1, '--scale: a share above 0, at most 1');
  demand(Number.isInteger(seed), '--seed: a whole number');
  const folder = mkdtempSync(join(tmpdir(), 'apex-kv-storms-'));
  if (values.sanitized) useSanitizedAddon(folder);
  const cluster = await Cluster.boot({ name: 'storms', folder }, false);
  const figures: Figures[] = [];
  try {
    const leader = await cluster.untilLed();
    const { pid } = cluster.seat(leader).process!;
    const prober = await Prober.start(cluster.address(leader));
    const stormed = { cluster, leader, pid, prober };
    for (const storm of await stormsOf(stormed, scale, new Bytes(seed))) {
      figures.push(await weather(stormed, storm));
      print(figures.at(-1)!);
    }
    await prober.stop();
    if (values.sanitized) await endClean(cluster, folder);
  } finally {
    await cluster.close();
  }
  rmSync(folder, { recursive: true });
  if (values.json) console.log(JSON.stringify({ scale, seed, figures }));
}

async function stormsOf(
  { cluster, leader }: Stormed,
  scale: number,
  bytes: Bytes,
): Promise<readonly Storm[]> {
  const { port } = cluster.seat(leader);
  const other = await healthOf(cluster, cluster.others(leader)[0]!);
  const own = await healthOf(cluster, leader);
  const sized = (full: number): number => Math.max(1, Math.round(full * scale));
  const storms: Storm[] = [];
  const doors = [
    [clientProtocol(bytes), throwFrames],
    [peerProtocol(bytes, other, own), throwFrames],
    [gossipProtocol(bytes, other, own), null],
  ] as const;
  for (const [protocol, send] of doors) {
    const { name, random } = protocol;
    const changed = (): Uint8Array => bytes.mutated(protocol.good());
    const all = [
      [
        'random',
        { next: random, count: sized(RANDOM_FRAMES), perConnection: PER_CONNECTION.random },
      ],
      [
        'changed',
        { next: changed, count: sized(CHANGED_FRAMES), perConnection: PER_CONNECTION.changed },
      ],
    ] as const;
    for (const [what, thrown] of all) {
      const run = async (): Promise<string> => {
        if (send === null) await throwDatagrams(port, thrown);
        const connections = send === null ? 0 : await send(port, protocol, thrown);
        return `${thrown.count} frames, ${connections} connections`;
      };
      storms.push([`${name}: ${what}`, run]);
    }
  }
  storms.push(['idle connections', () => idle(port, sized(IDLE))]);
  storms.push(['slow readers', () => slowReaders(port, sized(SLOW_READERS))]);
  storms.push(['greedy swaps', () => greedySwaps(port, sized(GREEDY_SWAPS))]);
  return storms;
}

async function idle(port: number, wanted: number): Promise<string> {
  const room = descriptorsMax() - 200;
  const count = Math.min(wanted, room);
  const sockets = await crowd(port, count);
  await sleep(CALM_MS);
  const open = sockets.filter(({ destroyed }) => !destroyed);
  demand(open.length === count, `of ${count} connections ${open.length} are open`);
  for (const socket of sockets) socket.destroy();
  return count < wanted ? `${count}, for want of descriptors; ${wanted} were asked` : `${count}`;
}

async function slowReaders(port: number, count: number): Promise<string> {
  const key = await largeValue(port, LARGE_VALUE_BYTES);
  const sockets = await crowd(port, count);
  for (const socket of sockets) askAndSleep(socket, key);
  await sleep(2 * CALM_MS);
  for (const socket of sockets) socket.destroy();
  return `${count}, with 64 reads of 256 KiB each`;
}

async function greedySwaps(port: number, count: number): Promise<string> {
  const key = await largeValue(port, VALUE_BYTES_MAX);
  for (let attempt = 1; attempt <= GREEDY_ATTEMPTS; attempt++) {
    const { answered, refused, isLeaderLost } = await swapInVain(port, key, count);
    if (answered > 0) return `${count} that met 8 MiB; ${answered} answered, ${refused} refused`;
    // Who lost its office over them may have answered none: then, and only then, once more.
    if (!isLeaderLost) break;
    await sleep(CALM_MS);
  }
  throw new Broken('no swap is answered with the value that it met');
}

/** A key that holds one. */
async function largeValue(port: number, bytes: number): Promise<Uint8Array> {
  const key = new TextEncoder().encode('large');
  const writer = await connect(port);
  const answer = await writer.request(putView({ key, value: new Uint8Array(bytes).fill(0x2e) }));
  demand(answer.kind === 'result', `the large value is not taken: ${answer.kind}`);
  writer.close();
  return key;
}

/** Calm, the storm, calm again; and what must hold then. */
async function weather(stormed: Stormed, [storm, run]: Storm): Promise<Figures> {
  const { cluster, leader, pid, prober } = stormed;
  prober.take();
  await sleep(CALM_MS);
  const before = prober.take();
  const held = descriptors(pid);
  let resident = 0;
  const watch = setInterval(() => {
    resident = Math.max(resident, residentBytes(pid));
  }, 20);
  const since = performance.now();
  const thrown = await run().finally(() => clearInterval(watch));
  const seconds = (performance.now() - since) / 1_000;
  resident = Math.max(resident, residentBytes(pid));
  const during = prober.take();
  await until(`node ${leader} gives its descriptors back`, SETTLE_MS, async () => {
    return descriptors(pid) <= held + DESCRIPTORS_SLACK;
  });
  await cluster.untilReady();
  prober.take();
  await sleep(CALM_MS);
  const after = prober.take();
  demand(after.answered > 0 && after.failed === 0, `${storm}: not served as before`);
  demand(resident <= RESIDENT_MAX_BYTES, `${storm}: ${resident} bytes of memory`);
  const residentMaxMib = Math.round(resident / MIB);
  return { storm, thrown, before, during, after, seconds, residentMaxMib };
}

/** Whoever leaks is found out when it ends by itself. */
async function endClean(cluster: Cluster, folder: string): Promise<void> {
  for (const id of cluster.ids) {
    const { pid } = cluster.seat(id).process!;
    demand(isSanitized(pid), `node ${id} runs without the sanitizer`);
    await cluster.end(id, 'SIGTERM');
  }
  const found = complaints(folder);
  for (const complaint of found) console.error(complaint);
  demand(found.length === 0, `the sanitizer has ${found.length} complaints; see ${folder}`);
  console.log('sanitizer: no complaints');
}

function print({ storm, thrown, before, during, after, seconds, residentMaxMib }: Figures): void {
  const p99 = ({ get, put }: Probed): string => `${get[1].toFixed(1)}/${put[1].toFixed(1)}`;
  const failed = during.failed === 0 ? '' : `, ${during.failed} refused`;
  console.log(
    `${storm.padEnd(17)} ${thrown}; ${seconds.toFixed(1)} s, at most ${residentMaxMib} MiB; ` +
      `p99 of GET/PUT in ms ${p99(before)}, ${p99(during)}${failed}, ${p99(after)}`,
  );
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Broken)) throw error;
  console.error(`broken: ${error.message}`);
  process.exitCode = 1;
}
