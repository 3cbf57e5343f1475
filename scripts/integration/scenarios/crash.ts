/** kill −9 of all three at once, and a restart. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Scenario, seconds } from '../scenario.ts';

const UNDER_LOAD_MS = 1000;

export const crash: Scenario = {
  name: 'crash',
  about: 'kill -9 of all three nodes, then a restart',
  cluster: 'direct',
  async run({ cluster, load }) {
    await sleep(UNDER_LOAD_MS);
    await Promise.all(cluster.ids.map((id) => cluster.end(id, 'SIGKILL')));
    const startedAt = performance.now();
    for (const id of cluster.ids) cluster.start(id);
    await cluster.untilReady();
    const span = performance.now() - startedAt;
    load.work();
    await sleep(UNDER_LOAD_MS);
    return [`all ready again ${seconds(span)} after their start`];
  },
};
