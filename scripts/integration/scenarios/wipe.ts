/** One node's directory is lost: it is replaced under load, and then counts like any other. */
import type { Cluster } from '../cluster.ts';
import { until } from '../cluster.ts';
import { Pulse } from '../pulse.ts';
import { type Scenario, seconds } from '../scenario.ts';
import { demand } from '../verdict.ts';

const REPLACED_WITHIN_MS = 30_000;
const RESUME_MS_MAX = 5000;

export const wipe: Scenario = {
  name: 'wipe',
  about: "one node's directory removed; then another node killed",
  cluster: 'direct',
  async run({ cluster, load }) {
    const leader = await cluster.untilLed();
    const [wiped] = cluster.others(leader);
    const lost = (await cluster.health(wiped!))?.store;
    await cluster.end(wiped!, 'SIGKILL');
    cluster.wipe(wiped!);
    const startedAt = performance.now();
    cluster.start(wiped!);
    await untilReplaced(cluster, wiped!, lost ?? '');
    const replacedAfter = performance.now() - startedAt;
    await cluster.untilReady();
    load.work();

    const victim = await cluster.untilLed();
    const ids = cluster.others(victim);
    const pulse = await Pulse.start(cluster, load, { name: 'wipe', ids });
    const killedAt = performance.now();
    await cluster.end(victim, 'SIGKILL');
    const span = await pulse.resumed(killedAt);
    await pulse.stop();
    cluster.start(victim);
    await cluster.untilReady();
    demand(span <= RESUME_MS_MAX, `writes resumed only after ${seconds(span)}`);
    return [
      `replaced and a voter again after ${seconds(replacedAfter)}`,
      `with it and without another node, writes resumed after ${seconds(span)}`,
    ];
  },
};

/** The leader's configuration has the node's new store for a voter, and nothing of the old one. */
export async function untilReplaced(cluster: Cluster, id: number, lost: string): Promise<void> {
  await until(`a new store of node ${id} votes`, REPLACED_WITHIN_MS, async () => {
    const own = (await cluster.health(id))?.store ?? null;
    const leader = await cluster.leader();
    if (own === null || own === lost || leader === null) return false;
    const configuration = (await cluster.health(leader))?.groups[0]?.configuration;
    if (configuration === undefined || configuration.outgoing.length > 0) return false;
    const seats = [...configuration.voters, ...configuration.learners];
    const isVoter = configuration.voters.some(({ store }) => store === own);
    return isVoter && seats.every(({ store }) => store !== lost);
  });
}
