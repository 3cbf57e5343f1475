/** Nodes of their own beside the cluster, and what they say when they cannot go on. */
import { join } from 'node:path';
import { type ErrorCode, errorRow } from '../../src/base/errors.ts';
import { Connection } from '../../src/client/connection.ts';
import { newRequestView, type RequestView } from '../../src/core/protocol/client.ts';
import { FLAG, REQUEST } from '../../src/core/protocol/wire.ts';
import { HOST } from '../../src/runtime/testing/ports.ts';
import { until } from './cluster.ts';
import { NodeProcess, readLog } from './node-process.ts';
import { demand } from './verdict.ts';

export const PATIENCE_MS = 20_000;

/** A folder for nodes that stand alone, and the codes with which they ended. */
export class Bench {
  readonly folder: string;
  readonly told: ErrorCode[] = [];
  #lives = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  start(id: number, args: readonly string[]): NodeProcess {
    const logFile = join(this.folder, `life-${++this.#lives}.log`);
    const { folder } = this;
    return new NodeProcess(id, ['serve', '--id', `${id}`, ...args], { logFile, folder });
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

export async function isReady(port: number): Promise<boolean> {
  const url = `http://${HOST}:${port + 2000}/readyz`;
  return await fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

export async function connect(port: number): Promise<Connection> {
  const connection = await Connection.open({ host: HOST, port }, PATIENCE_MS);
  demand(typeof connection !== 'string', `no connection to ${port}: ${connection}`);
  return connection;
}

export const putView = (parts: Partial<RequestView>): RequestView => ({
  ...newRequestView(),
  command: REQUEST.PUT,
  flags: FLAG.TYPED,
  ...parts,
});

/** `count` values of `valueBytes`, one after the other: an entry each. */
export async function fill(port: number, count: number, valueBytes: number): Promise<void> {
  const connection = await connect(port);
  const value = new Uint8Array(valueBytes).fill(0x2e);
  for (let at = 0; at < count; at++) {
    const answer = await connection.request(putView({ key: Uint8Array.of(at), value }));
    demand(answer.kind === 'result', `value ${at} is not taken: ${answer.kind}`);
  }
  connection.close();
}
