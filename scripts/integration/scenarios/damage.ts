/** Bits rot in the middle of a stopped node's log: it says so, and is replaced once it is emptied. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../../src/base/errors.ts';
import type { Cluster } from '../cluster.ts';
import { readLog } from '../node-process.ts';
import type { Scenario } from '../scenario.ts';
import { demand } from '../verdict.ts';
import { untilReplaced } from './wipe.ts';

const DAMAGED_BYTES = 4096;

export const damage: Scenario = {
  name: 'damage',
  about: "a stopped node's log damaged in the middle",
  cluster: 'direct',
  async run({ cluster }) {
    const leader = await cluster.untilLed();
    const [, id] = cluster.others(leader);
    const store = (await cluster.health(id!))?.store;
    await cluster.end(id!, 'SIGTERM');
    damageLog(cluster, id!);
    const { status } = await cluster.start(id!).ended;
    const last = readLog(cluster.logFile(id!)).at(-1);
    demand(last?.code === 'WAL_DAMAGED', `it ended with ${status} and said: ${last?.msg}`);
    demand(status === EXIT.CLUSTER_UNHEALTHY, `WAL_DAMAGED, but the exit status is ${status}`);
    cluster.wipe(id!);
    cluster.start(id!);
    await untilReplaced(cluster, id!, store ?? '');
    await cluster.untilReady();
    return [`it said: ${last.msg}`];
  },
};

/** Overwrites a part in the middle of what the fullest segment holds. */
function damageLog(cluster: Cluster, id: number): void {
  const folder = cluster.directory(id);
  let fullest = { file: '', used: 0 };
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.segment')) continue;
    const file = join(folder, name);
    const used = usedBytes(file);
    if (used > fullest.used) fullest = { file, used };
  }
  demand(fullest.used > 4 * DAMAGED_BYTES, `node ${id} has no log to damage`);
  const descriptor = openSync(fullest.file, 'r+');
  const at = Math.floor(fullest.used / 2);
  writeSync(descriptor, new Uint8Array(DAMAGED_BYTES).fill(0x5a), 0, DAMAGED_BYTES, at);
  closeSync(descriptor);
}

/** Up to the last byte that is not zero: segments are made in full length. */
function usedBytes(file: string): number {
  const descriptor = openSync(file, 'r');
  const bytes = new Uint8Array(fstatSync(descriptor).size);
  readSync(descriptor, bytes);
  closeSync(descriptor);
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}
