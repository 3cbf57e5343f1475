/**
 * A node's Raft trace in a file (docs/formats/raft-trace.md), written as it happens.
 *
 * 1. The node never waits for it: lines go to a bounded queue, one write is under way at a time.
 * 2. A trace with a gap would accuse the node of what it did not do. So when the queue is full, or a
 *    write fails, the trace ends there, with its last line whole if the disk allows it, and the log
 *    says so; the node goes on.
 * 3. It is appended to: a node that starts again goes on in the same file, with InitState.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { type Failure, failure } from '../base/errors.ts';
import { type TraceEvent, traceLine } from '../node/raft-trace/event.ts';
import type { DaemonLog } from './log.ts';

/** Characters that may wait for the disk. */
const QUEUE_LENGTH_MAX = 8 * 1024 * 1024;

export interface RaftTraceFileOptions {
  readonly path: string;
  readonly log: DaemonLog;
}

/** As much of a file as the trace needs. */
export interface TraceSink {
  appendFile(text: string): Promise<void>;
  close(): Promise<void>;
}

export class RaftTraceFile {
  readonly #sink: TraceSink;
  readonly #options: RaftTraceFileOptions;
  #waiting: string[] = [];
  #waitingLength = 0;
  #writing: Promise<void> | null = null;
  #isEnded = false;
  #lastTs = 0;

  constructor(sink: TraceSink, options: RaftTraceFileOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  static async open(options: RaftTraceFileOptions): Promise<RaftTraceFile | Failure> {
    let file: FileHandle;
    try {
      file = await open(options.path, 'a');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return failure('BAD_FLAG', `--raft-trace: cannot write ${options.path}: ${code}`);
    }
    return new RaftTraceFile(file, options);
  }

  /** Wall-clock time, in microseconds, that never goes back: it orders the files of several nodes. */
  take(event: TraceEvent): void {
    if (this.#isEnded) return;
    const now = Math.floor((performance.timeOrigin + performance.now()) * 1000);
    this.#lastTs = Math.max(this.#lastTs, now);
    const line = traceLine(this.#lastTs, event);
    if (this.#waitingLength + line.length > QUEUE_LENGTH_MAX) {
      this.#end('the disk does not keep up');
      return;
    }
    this.#waiting.push(line);
    this.#waitingLength += line.length;
    this.#writing ??= this.#write();
  }

  /** Everything taken so far is written, or given up. */
  async close(): Promise<void> {
    this.#isEnded = true;
    while (this.#writing !== null) await this.#writing;
    await this.#sink.close();
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    // What the rest of this turn brings goes with the same write.
    await new Promise((resolve) => setImmediate(resolve));
    const text = this.#waiting.join('');
    this.#waiting = [];
    try {
      await this.#sink.appendFile(text);
    } catch (error) {
      this.#waiting = [];
      this.#end((error as NodeJS.ErrnoException).code ?? String(error));
    }
    this.#waitingLength = this.#waiting.reduce((sum, { length }) => sum + length, 0);
    this.#writing = this.#waiting.length > 0 ? this.#write() : null;
  }

  #end(reason: string): void {
    this.#isEnded = true;
    const { path, log } = this.#options;
    const line = { component: 'node', event: 'raft-trace.ended', path, reason } as const;
    log.error(line, `the Raft trace ends here: ${reason}; the node goes on without it`);
  }
}
