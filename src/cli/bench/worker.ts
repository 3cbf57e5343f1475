/** A thread of the benchmark: connects its shares, waits for the word, runs them, reports. */
import { parentPort, workerData } from 'node:worker_threads';
import { Load } from './load.ts';
import type { Plan, Share } from './plan.ts';
import { Tally, type TallyCopy } from './tally.ts';

export interface WorkerInput {
  readonly plan: Plan;
  readonly shares: readonly Share[];
}

export type WorkerMessage =
  | { readonly kind: 'connected' }
  | { readonly kind: 'failed'; readonly complaint: string }
  | {
      readonly kind: 'done';
      readonly tally: TallyCopy;
      /** Milliseconds since 1970, with fractions: threads have no other clock in common. */
      readonly startedAt: number;
      readonly endedAt: number;
      readonly cpuSeconds: number;
      readonly complaint: string | null;
    };

async function work({ plan, shares }: WorkerInput, port: NonNullable<typeof parentPort>) {
  const say = (message: WorkerMessage) => port.postMessage(message);
  const loads = shares.map((share) => new Load(plan, share));
  const complaints = await Promise.all(loads.map((load) => load.connect()));
  const complaint = complaints.find((one) => one !== null) ?? null;
  if (complaint !== null) {
    say({ kind: 'failed', complaint });
    return;
  }
  say({ kind: 'connected' });
  await new Promise((resolve) => port.once('message', resolve));
  const before = process.threadCpuUsage();
  const ends = await Promise.all(loads.map((load) => load.run()));
  const { user, system } = process.threadCpuUsage(before);
  const tally = new Tally();
  for (const load of loads) tally.add(load.tally.copy());
  say({
    kind: 'done',
    tally: tally.copy(),
    startedAt: performance.timeOrigin + Math.min(...loads.map((load) => load.startedAt)),
    endedAt: performance.timeOrigin + Math.max(...loads.map((load) => load.endedAt)),
    cpuSeconds: (user + system) / 1e6,
    complaint: ends.find((end) => end !== null) ?? null,
  });
}

if (parentPort !== null) void work(workerData as WorkerInput, parentPort);
