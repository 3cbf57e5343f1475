/** The leader is cut off from the others, from both sides and then on its hearing side only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Marker } from '../marker.ts';
import { Pulse } from '../pulse.ts';
import { type Scenario, type Stage, seconds } from '../scenario.ts';
import { demand } from '../verdict.ts';

const CUT_MS = 4000;
const RESUME_MS_MAX = 5000;
const HEALED_MS = 1000;

export const partition: Scenario = {
  name: 'partition',
  about: 'the leader cut off from the other nodes, not from clients; healed',
  cluster: 'proxied',
  async run(stage) {
    return [await isolateLeader(stage, 'both'), await isolateLeader(stage, 'inbound')];
  },
};

async function isolateLeader({ cluster, load }: Stage, way: 'both' | 'inbound'): Promise<string> {
  load.work();
  const leader = await cluster.untilLed();
  const name = `partition-${way}`;
  const marker = await Marker.place(cluster, load, { name, leader });
  const ids = cluster.others(leader);
  const pulse = await Pulse.start(cluster, load, { name, ids });
  const cutAt = performance.now();
  cluster.isolate(leader, way);
  const span = await pulse.resumed(cutAt);
  demand(span <= RESUME_MS_MAX, `writes resumed only after ${seconds(span)}`);
  await marker.move();
  const answer = marker.ask();
  await sleep(Math.max(0, CUT_MS - (performance.now() - cutAt)));
  cluster.heal();
  const word = await answer;
  await sleep(HEALED_MS);
  await pulse.stop();
  marker.close();
  await cluster.untilReady();
  const cut = way === 'both' ? 'cut off' : 'deaf';
  return `${cut}: writes resumed after ${seconds(span)}; a read at the old leader got ${word}`;
}
