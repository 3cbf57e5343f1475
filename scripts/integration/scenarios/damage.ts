/** Bits rot in the middle of a stopped node's log: its peers make it whole, or replace its store. */
import { until } from '../cluster.ts';
import { readLog } from '../node-process.ts';
import { damageLog } from '../rot.ts';
import type { Scenario } from '../scenario.ts';
import { untilReplaced } from './wipe.ts';

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
    damageLog(cluster.directory(id!));
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
