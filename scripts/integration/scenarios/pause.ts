/** SIGSTOP of the leader for three seconds, then SIGCONT: it does not know that it was deposed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Marker } from '../marker.ts';
import { Pulse } from '../pulse.ts';
import { type Scenario, seconds } from '../scenario.ts';
import { demand } from '../verdict.ts';

const STOPPED_MS = 3000;
const AFTERWARDS_MS = 1500;

export const pause: Scenario = {
  name: 'pause',
  about: 'SIGSTOP of the leader for 3 s, then SIGCONT',
  cluster: 'direct',
  async run({ cluster, load }) {
    const leader = await cluster.untilLed();
    const marker = await Marker.place(cluster, load, { name: 'pause', leader });
    const ids = cluster.others(leader);
    const pulse = await Pulse.start(cluster, load, { name: 'pause', ids });
    const stoppedAt = performance.now();
    cluster.signal(leader, 'SIGSTOP');
    const span = await pulse.resumed(stoppedAt);
    demand(span <= STOPPED_MS, `writes resumed only after ${seconds(span)}`);
    await marker.move();
    const answer = marker.ask();
    await sleep(Math.max(0, STOPPED_MS - (performance.now() - stoppedAt)));
    cluster.signal(leader, 'SIGCONT');
    const word = await answer;
    await sleep(AFTERWARDS_MS);
    await pulse.stop();
    await cluster.untilReady();
    marker.close();
    return [`writes resumed after ${seconds(span)}; the paused leader's read got ${word}`];
  },
};
