/** kill −9 of the leader, ten times in a row. */
import { Pulse } from '../pulse.ts';
import { type Scenario, type Stage, seconds } from '../scenario.ts';
import { demand } from '../verdict.ts';

const KILLS = 10;
const LIMIT_MS = 2000;
const WITHIN_LIMIT_MIN = 9;
const NEVER_OVER_MS = 5000;

export const kill: Scenario = {
  name: 'kill',
  about: 'kill -9 of the leader, ten times in a row',
  cluster: 'direct',
  async run(stage) {
    const spans: number[] = [];
    for (let round = 1; round <= KILLS; round++) spans.push(await killOnce(stage, round));
    const inTime = spans.filter((span) => span <= LIMIT_MS).length;
    const all = spans.map(seconds).join(', ');
    demand(inTime >= WITHIN_LIMIT_MIN, `writes resumed within 2 s only ${inTime} times: ${all}`);
    demand(Math.max(...spans) <= NEVER_OVER_MS, `writes took over 5 s to resume: ${all}`);
    return [`writes resumed after ${all} (at most ${seconds(Math.max(...spans))})`];
  },
};

async function killOnce({ cluster, load }: Stage, round: number): Promise<number> {
  load.work();
  const leader = await cluster.untilLed();
  const ids = cluster.others(leader);
  const pulse = await Pulse.start(cluster, load, { name: `kill${round}`, ids });
  await pulse.resumed(performance.now());
  const killedAt = performance.now();
  const ended = cluster.end(leader, 'SIGKILL');
  const span = await pulse.resumed(killedAt);
  await ended;
  await pulse.stop();
  cluster.start(leader);
  await cluster.untilReady();
  return span;
}
