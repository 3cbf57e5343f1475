/** Bits rot in the middle of a stopped node's log: its peers make it whole, or replace its store. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, until } from '../cluster.ts';
import { readLog } from '../node-process.ts';
import type { Scenario } from '../scenario.ts';
import { demand } from '../verdict.ts';
import { untilReplaced } from './wipe.ts';

const DAMAGED_BYTES = 4096;
const NOTICED_WITHIN_MS = 10_000;
const HEALED_WITHIN_MS = 30_000;

export const damage: Scenario = {
  name: 'damage',
  about: "a stopped node's log damaged in the middle",
  cluster: 'direct',
  async run({ cluster }) {
    const leader = await cluster.untilLed();
    const [, id] = cluster.others(leader);
    await until(`node ${id} has a log`, HEALED_WITHIN_MS, async () => {
      return ((await cluster.health(id!))?.groups[0]?.appliedIndex ?? 0) > 200;
    });
    const store = (await cluster.health(id!))?.store;
    await cluster.end(id!, 'SIGTERM');
    damageLog(cluster, id!);
    cluster.start(id!);
    await until(`node ${id} notices`, NOTICED_WITHIN_MS, async () =>
      readLog(cluster.logFile(id!)).some(({ msg }) => msg === 'the node is mending'),
    );
    await until(`node ${id} serves`, HEALED_WITHIN_MS, async () => {
      return (await cluster.health(id!))?.phase === 'serving';
    });
    const isReplaced = (await cluster.health(id!))?.store !== store;
    if (isReplaced) await untilReplaced(cluster, id!, store ?? '');
    await cluster.untilReady();
    return [isReplaced ? 'an empty store took its place' : 'its peers supplied what was lost'];
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
