/**
 * A node is started on the directory of another cluster: it joins nothing, loses nothing, and both
 * sides say so, by /health and in the log. On its own directory it is a member as before.
 */
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, until } from '../cluster.ts';
import { readLog } from '../node-process.ts';
import type { Scenario } from '../scenario.ts';
import { demand } from '../verdict.ts';

const TOLD_WITHIN_MS = 20_000;
const CODE = 'WRONG_CLUSTER';

export const strangers: Scenario = {
  name: 'strangers',
  about: "a node started on another cluster's directory",
  cluster: 'direct',
  async run({ cluster }) {
    const other = await bootOther(cluster);
    const stranger = cluster.others(await cluster.untilLed())[0]!;
    await cluster.end(stranger, 'SIGTERM');
    const own = cluster.directory(stranger);
    const aside = join(other.folder, 'aside');
    renameSync(own, aside);
    renameSync(other.directory(stranger), own);
    cluster.start(stranger);
    const told = await Promise.all(cluster.ids.map((id) => untilTold(cluster, id)));
    const isApart = (await cluster.health(stranger))?.status === 'unready';
    demand(isApart, 'the stranger says that it is ready');

    await cluster.end(stranger, 'SIGTERM');
    renameSync(own, other.directory(stranger));
    renameSync(aside, own);
    cluster.start(stranger);
    await cluster.untilReady();
    return [`node ${stranger} said: ${told[stranger - 1]}`];
  },
};

/** Three nodes that have formed a cluster, and stand still. */
async function bootOther(cluster: Cluster): Promise<Cluster> {
  const folder = join(cluster.folder, 'strangers');
  mkdirSync(folder);
  const other = await Cluster.boot({ name: 'strangers', folder }, false);
  await other.close();
  return other;
}

/** Both doors tell it. Answers what /health says. */
async function untilTold(cluster: Cluster, id: number): Promise<string> {
  let told = '';
  await until(`node ${id} tells of ${CODE}`, TOLD_WITHIN_MS, async () => {
    const checks = (await cluster.health(id))?.checks ?? [];
    told = checks.find(({ detail }) => detail.startsWith(CODE))?.detail ?? '';
    return told !== '' && readLog(cluster.logFile(id)).some(({ msg }) => msg.startsWith(CODE));
  });
  return told;
}
