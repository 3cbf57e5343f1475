/**
 * Runs a plan on worker threads and sums what they report.
 *
 * All connections are made before the first request leaves.
 */
import { Worker } from 'node:worker_threads';
import type { Implementation } from '../../runtime/native/choice.ts';
import type { Plan, Share } from './plan.ts';
import { Tally } from './tally.ts';
import type { WorkerInput, WorkerMessage } from './worker.ts';

export interface Finding {
  /** Whose threads made the requests. */
  readonly load: Implementation;
  readonly tally: Tally;
  /** From the first request to the last reply. */
  readonly seconds: number;
  readonly workers: number;
  /** CPU time of the client's threads. */
  readonly clientCpuSeconds: number;
  /** Null: everything was done. */
  readonly complaint: string | null;
}

type Done = Extract<WorkerMessage, { kind: 'done' }>;

/** Runs the shares; a string: no connection. */
export async function runShares(plan: Plan, shares: readonly Share[]): Promise<Finding | string> {
  const count = Math.min(shares.length, plan.threads.node);
  const crews = Array.from({ length: count }, (_, at) => {
    const own = shares.filter(({ number }) => number % count === at);
    return new Crew({ plan, shares: own });
  });
  try {
    const complaints = await Promise.all(crews.map((crew) => crew.connected));
    const complaint = complaints.find((one) => one !== null) ?? null;
    if (complaint !== null) return complaint;
    for (const crew of crews) crew.go();
    return sum(await Promise.all(crews.map((crew) => crew.done)));
  } finally {
    await Promise.all(crews.map((crew) => crew.end()));
  }
}

function sum(reports: readonly Done[]): Finding {
  const tally = new Tally();
  for (const report of reports) tally.add(report.tally);
  const startedAt = Math.min(...reports.map((report) => report.startedAt));
  const endedAt = Math.max(...reports.map((report) => report.endedAt));
  return {
    load: 'node',
    tally,
    seconds: Math.max(0, endedAt - startedAt) / 1000,
    workers: reports.length,
    clientCpuSeconds: reports.reduce((total, report) => total + report.cpuSeconds, 0),
    complaint: reports.find((report) => report.complaint !== null)?.complaint ?? null,
  };
}

/** A worker thread and its two messages. */
class Crew {
  /** Null, or why there is no connection. */
  readonly connected: Promise<string | null>;
  readonly done: Promise<Done>;
  readonly #worker: Worker;

  constructor(input: WorkerInput) {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: input });
    this.#worker = worker;
    this.connected = new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'connected') resolve(null);
        if (message.kind === 'failed') resolve(message.complaint);
      });
    });
    this.done = new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'done') resolve(message);
      });
    });
    // Whoever awaits hears of it; when nobody does any more, it is no news.
    this.done.catch(() => {});
  }

  go(): void {
    this.#worker.postMessage('go');
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
