/**
 * Two of three directories are gone: nobody may invent an empty history.
 *
 * They are put aside rather than removed, so that the remedy that the nodes name can be tried: one
 * of them comes back on the directory it had, and the other is replaced.
 */
import { renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../../../src/client/connection.ts';
import type { Cluster } from '../cluster.ts';
import { until } from '../cluster.ts';
import type { Load } from '../load.ts';
import { readLog } from '../node-process.ts';
import { getOf, putOf, record, viewOf } from '../requests.ts';
import type { Scenario } from '../scenario.ts';
import { demand } from '../verdict.ts';
import { untilReplaced } from './wipe.ts';

const EMPTY_FOR_MS = 6000;
const TOLD_WITHIN_MS = 10_000;
const PATIENCE_MS = 7000;

export const majority: Scenario = {
  name: 'majority',
  about: 'two of three directories gone; then one of them brought back',
  cluster: 'direct',
  async run({ cluster, load }) {
    await load.restAndVerify();
    const [kept, back, gone] = cluster.ids as [number, number, number];
    const stores = await Promise.all([back, gone].map(async (id) => storeOf(cluster, id)));
    for (const id of [back, gone]) {
      await cluster.end(id, 'SIGKILL');
      renameSync(cluster.directory(id), aside(cluster, id));
      cluster.start(id);
    }
    const told = await untilTold(cluster, kept, stores);
    await Promise.all([
      demandNothingServed(cluster, load),
      demandNothingFormed(cluster, [back, gone]),
    ]);
    const logged = readLog(cluster.logFile(kept)).some(({ msg }) => msg.includes('QUORUM_LOST'));
    demand(logged, `node ${kept} does not log that a quorum is gone`);

    await cluster.end(back, 'SIGKILL');
    cluster.wipe(back);
    renameSync(aside(cluster, back), cluster.directory(back));
    cluster.start(back);
    await untilReplaced(cluster, gone, stores[1]!);
    await cluster.untilReady();
    load.work();
    return [`node ${kept} said: ${told}`];
  },
};

const aside = (cluster: Cluster, id: number): string => `${cluster.directory(id)}.aside`;

async function storeOf(cluster: Cluster, id: number): Promise<string> {
  return (await cluster.health(id))?.store ?? '';
}

/** /health of the node that is left names both stores. */
async function untilTold(cluster: Cluster, id: number, stores: string[]): Promise<string> {
  let told = '';
  await until(`node ${id} says what is missing`, TOLD_WITHIN_MS, async () => {
    const health = await cluster.health(id);
    told = health?.checks.find(({ name }) => name === 'leader')?.detail ?? '';
    const namesAll = stores.every((store) => told.includes(store));
    return namesAll && told.includes('QUORUM_LOST') && told.includes('with an empty one');
  });
  return told;
}

/** No node answers a read or a write, of whichever kind of directory. */
async function demandNothingServed(cluster: Cluster, load: Load): Promise<void> {
  const [key] = load.ledger.acknowledged.keys();
  await Promise.all(cluster.ids.map((id) => demandRefused(cluster, load, { id, key: key! })));
}

async function demandRefused(
  cluster: Cluster,
  { recorder }: Load,
  { id, key }: { readonly id: number; readonly key: string },
): Promise<void> {
  const connection = await Connection.open(cluster.address(id), PATIENCE_MS);
  demand(typeof connection !== 'string', `node ${id} cannot be reached`);
  const fresh = `${cluster.name}.orphan.${id}`;
  const answers = [getOf(key), putOf(fresh, 'never')].map(async (action) => {
    const asked = recorder.call(`${cluster.name}-orphan-${id}`, action.key, action.call);
    const { fate } = record(recorder, asked, await connection.request(viewOf(action)));
    const what = action.isWrite ? 'a write' : 'a read';
    demand(fate !== 'answered', `node ${id} answered ${what} without a quorum`);
  });
  await Promise.all(answers);
  connection.close();
}

async function demandNothingFormed(cluster: Cluster, emptied: number[]): Promise<void> {
  const until = performance.now() + EMPTY_FOR_MS;
  while (performance.now() < until) {
    for (const health of await cluster.healthOf(emptied)) {
      demand(health?.status !== 'ready', `node ${health?.node} is ready without its history`);
      const hasLog = health?.groups.some(({ commitIndex }) => commitIndex > 0) === true;
      demand(!hasLog, `node ${health?.node} has a history that nobody gave it`);
    }
    await sleep(200);
  }
}
