/** SIGTERM of the leader under load: leadership is handed over, nothing is cut off. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readLog } from '../node-process.ts';
import { Pulse } from '../pulse.ts';
import { type Scenario, seconds } from '../scenario.ts';
import { demand } from '../verdict.ts';

const GAP_MS_MAX = 1000;
const AFTERWARDS_MS = 500;

export const stop: Scenario = {
  name: 'stop',
  about: 'SIGTERM of the leader: a graceful stop',
  cluster: 'direct',
  async run({ cluster, load }) {
    const leader = await cluster.untilLed();
    const ids = cluster.others(leader);
    const pulse = await Pulse.start(cluster, load, { name: 'stop', ids });
    await pulse.resumed(performance.now());
    const askedAt = performance.now();
    const { status, signal } = await cluster.end(leader, 'SIGTERM');
    const span = performance.now() - askedAt;
    await pulse.resumed(performance.now());
    await sleep(AFTERWARDS_MS);
    const gap = pulse.longestGap(askedAt);
    await pulse.stop();
    const last = readLog(cluster.logFile(leader)).at(-1)?.event;
    demand(status === 0, `the node ended with ${status ?? signal}, its log with ${last}`);
    cluster.start(leader);
    await cluster.untilReady();
    demand(gap <= GAP_MS_MAX, `no write was acknowledged for ${seconds(gap)}`);
    return [`stopped within ${seconds(span)}; longest gap between writes ${seconds(gap)}`];
  },
};
