/**
 * Many seeds on a few threads, reported in the order of the seeds.
 *
 * A thread is started when it has something to do, and again after it died. Whoever stops taking
 * reports ends all of it: what is still running is given up.
 */
import { Worker } from 'node:worker_threads';
import { type RunSpec, reportWithoutRun, type SeedReport } from './report.ts';
import type { WorkerOrder, WorkerTask } from './worker.ts';

export interface ThreadOptions {
  /** The id of a known bug to put back; null: none. */
  readonly mutant: string | null;
  /** A run that takes longer is given up as undecided; null: it takes what it takes. */
  readonly seedWallMsMax: number | null;
}

export interface PoolOptions extends ThreadOptions {
  readonly spec: RunSpec;
  readonly view: WorkerOrder['view'];
  readonly jobs: number;
}

/** One thread and the seed that it is at. */
export class SeedThread {
  readonly #options: ThreadOptions;
  #worker: Worker | null = null;
  #seed = '';
  #isDone: ((report: SeedReport) => void) | null = null;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  async run(order: WorkerOrder): Promise<SeedReport> {
    const { seedWallMsMax } = this.#options;
    this.#seed = order.seed;
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const answer = new Promise<SeedReport>((resolve) => {
      this.#isDone = resolve;
    });
    const timer = seedWallMsMax === null ? null : this.#giveUpAfter(seedWallMsMax);
    worker.postMessage(order);
    const report = await answer;
    if (timer !== null) clearTimeout(timer);
    return report;
  }

  stop(): void {
    void this.#worker?.terminate();
    this.#worker = null;
  }

  #giveUpAfter(limitMs: number): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.stop();
      const message = `no end after ${limitMs / 1_000} s`;
      this.#isDone?.(reportWithoutRun(this.#seed, 'undecided', message));
    }, limitMs);
    // A thread that was stopped answers no more: the alarm alone must not keep the process.
    return timer.unref();
  }

  #start(): Worker {
    const { mutant } = this.#options;
    const workerData: WorkerTask = { mutant };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
    worker.on('message', (report: SeedReport) => this.#isDone?.(report));
    worker.on('error', (error: Error) => {
      this.stop();
      const report = reportWithoutRun(this.#seed, 'violation', error.message);
      this.#isDone?.({ ...report, stack: error.stack ?? '' });
    });
    return worker;
  }
}

/** The reports of `seeds`, in their order. */
export async function* runSeeds(
  seeds: Iterator<string>,
  options: PoolOptions,
): AsyncGenerator<SeedReport, void> {
  const done = new Map<number, SeedReport>();
  const threads = Array.from({ length: options.jobs }, () => new SeedThread(options));
  let handed = 0;
  let working = threads.length;
  let isOver = false;
  let tell = (): void => {};
  const work = async (thread: SeedThread): Promise<void> => {
    for (let next = seeds.next(); !isOver && next.done !== true; next = seeds.next()) {
      const at = handed++;
      done.set(at, await thread.run({ seed: next.value, spec: options.spec, view: options.view }));
      tell();
    }
    working--;
    tell();
  };
  for (const thread of threads) void work(thread);
  try {
    for (let at = 0; ; at++) {
      while (!done.has(at)) {
        if (working === 0) return;
        await new Promise<void>((resolve) => {
          tell = resolve;
        });
      }
      yield done.get(at)!;
      done.delete(at);
    }
  } finally {
    isOver = true;
    for (const thread of threads) thread.stop();
  }
}

/** One run in a thread of its own, which loads the sources anew. */
export async function runApart(order: WorkerOrder, mutant: string | null): Promise<SeedReport> {
  const thread = new SeedThread({ mutant, seedWallMsMax: null });
  try {
    return await thread.run(order);
  } finally {
    thread.stop();
  }
}
