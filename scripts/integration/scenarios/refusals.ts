/**
 * What a user or a disk may get wrong: each time the node says which code, what is the matter and
 * what to do, and ends with the code's status. A request that is too large is refused likewise.
 */
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, errorRow } from '../../../src/base/errors.ts';
import { Connection } from '../../../src/client/connection.ts';
import { newRequestView, type RequestView } from '../../../src/core/protocol/client.ts';
import { FLAG, REQUEST } from '../../../src/core/protocol/wire.ts';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../src/core/types.ts';
import { type Cluster, until } from '../cluster.ts';
import { NodeProcess, readLog } from '../node-process.ts';
import { freePort, HOST } from '../ports.ts';
import type { Scenario } from '../scenario.ts';
import { demand } from '../verdict.ts';

const PATIENCE_MS = 20_000;
const FIRST_SEGMENT = 'wal-0000000000000001.segment';
const MIB = 1024 * 1024;
/** More than the log that a node keeps in memory before it takes a snapshot. */
const SNAPSHOT_AFTER_VALUES = 80;

export const refusals: Scenario = {
  name: 'refusals',
  about: 'what users and disks get wrong, each with its code and its remedy',
  cluster: 'direct',
  async run({ cluster, load }) {
    await load.restAndVerify();
    const folder = join(cluster.folder, 'refusals');
    mkdirSync(folder);
    const bench = new Bench(cluster, folder);
    await refuseDirectories(bench);
    await refusePorts(bench);
    await refuseSizes(bench);
    await refuseSnapshot(bench);
    return [`refused as documented: ${bench.told.join(', ')}`];
  },
};

class Bench {
  readonly cluster: Cluster;
  readonly folder: string;
  readonly told: ErrorCode[] = [];
  #lives = 0;

  constructor(cluster: Cluster, folder: string) {
    this.cluster = cluster;
    this.folder = folder;
  }

  start(id: number, args: readonly string[]): NodeProcess {
    const log = join(this.folder, `life-${++this.#lives}.log`);
    return new NodeProcess(id, ['--id', `${id}`, ...args], log);
  }

  /** The node ends by itself with this code, as its last line and as its status. */
  async ends(node: NodeProcess, code: ErrorCode): Promise<void> {
    await until(`the end with ${code}`, PATIENCE_MS, async () => !node.isRunning);
    const { status } = await node.ended;
    const last = readLog(node.logFile).at(-1);
    const { exit, remedy } = errorRow(code);
    demand(last?.code === code, `not ${code}: ended with ${status}, saying ${last?.msg}`);
    demand(status === exit, `${code} ends with ${status}, not ${exit}`);
    demand(last.msg.includes(remedy), `${code} does not say what to do: ${last.msg}`);
    this.told.push(code);
  }
}

async function refuseDirectories(bench: Bench): Promise<void> {
  const { cluster, folder } = bench;
  const port = `${await freePort(new Set())}`;

  const file = join(folder, 'file');
  writeFileSync(file, '');
  const inFile = bench.start(1, ['--port', port, '--wal-dir', file]);
  await bench.ends(inFile, 'DATA_DIR_UNWRITABLE');

  const locked = bench.start(1, ['--port', port, '--wal-dir', cluster.folder]);
  await bench.ends(locked, 'DATA_DIR_LOCKED');

  // Copied while its owner writes: of interest is only whose it is.
  cpSync(cluster.directory(1), join(folder, 'apex-9'), { recursive: true });
  const foreign = bench.start(9, ['--port', port, '--wal-dir', folder]);
  await bench.ends(foreign, 'DATA_DIR_FOREIGN');

  rmSync(join(folder, 'apex-9', 'identity'));
  const nameless = bench.start(9, ['--port', port, '--wal-dir', folder]);
  await bench.ends(nameless, 'DATA_DIR_FOREIGN');
}

/** The client port of one is the other's; and the HTTP port of one is the other's client port. */
async function refusePorts(bench: Bench): Promise<void> {
  const { port } = bench.cluster.seat(1);
  for (const taken of [port, port + 2000]) {
    const node = bench.start(8, ['--port', `${taken}`, '--wal-dir', bench.folder]);
    await bench.ends(node, 'PORT_TAKEN');
  }
}

async function refuseSizes(bench: Bench): Promise<void> {
  const connection = await connect(bench.cluster.seat(2).port);
  const requests: [ErrorCode, Partial<RequestView>][] = [
    ['KEY_TOO_LARGE', { key: new Uint8Array(KEY_BYTES_MAX + 1) }],
    ['VALUE_TOO_LARGE', { key: new Uint8Array(1), value: new Uint8Array(VALUE_BYTES_MAX + 1) }],
  ];
  for (const [code, parts] of requests) {
    const answer = await connection.request(putView(parts));
    demand(answer.kind === 'refused' && answer.code === code, `not ${code} but ${answer.kind}`);
    bench.told.push(code);
  }
  connection.close();
}

const putView = (parts: Partial<RequestView>): RequestView => ({
  ...newRequestView(),
  command: REQUEST.PUT,
  flags: FLAG.TYPED,
  ...parts,
});

async function connect(port: number): Promise<Connection> {
  const connection = await Connection.open({ host: HOST, port }, PATIENCE_MS);
  demand(typeof connection !== 'string', `no connection to ${port}: ${connection}`);
  return connection;
}

/** A node of its own, filled until it has a snapshot, whose middle is then overwritten. */
async function refuseSnapshot(bench: Bench): Promise<void> {
  const { folder } = bench;
  const port = await freePort(new Set());
  const args = ['--port', `${port}`, '--wal-dir', folder];
  const node = bench.start(7, args);
  const data = join(folder, 'apex-7');
  await until('a cluster of one is ready', PATIENCE_MS, () => isReady(port));
  await fill(port);
  // A snapshot that is relied on is one for which the log was cut.
  await until('a snapshot', PATIENCE_MS, async () => !readdirSync(data).includes(FIRST_SEGMENT));
  await node.end('SIGTERM');
  const file = openSync(join(data, snapshotIn(data)), 'r+');
  writeSync(file, new Uint8Array(4096).fill(0x5a), 0, 4096, 4 * MIB);
  closeSync(file);
  await bench.ends(bench.start(7, args), 'SNAPSHOT_DAMAGED');
}

async function isReady(port: number): Promise<boolean> {
  const url = `http://${HOST}:${port + 2000}/readyz`;
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

const snapshotIn = (folder: string): string =>
  readdirSync(folder).find((name) => name.endsWith('.snapshot')) ?? 'no snapshot';

async function fill(port: number): Promise<void> {
  const connection = await connect(port);
  const value = new Uint8Array(MIB).fill(0x2e);
  for (let at = 0; at < SNAPSHOT_AFTER_VALUES; at++) {
    const answer = await connection.request(putView({ key: Uint8Array.of(at), value }));
    demand(answer.kind === 'result', `value ${at} is not taken: ${answer.kind}`);
  }
  connection.close();
}
