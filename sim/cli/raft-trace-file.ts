/** A file that takes a run's Raft trace as it happens: no more of it is in memory than one block. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type TraceEvent, traceLine } from '../../src/node/raft-trace/event.ts';
import { UsageError } from './arguments.ts';

const BLOCK_LENGTH = 64 * 1024;

export class RaftTraceFile {
  readonly #file: number;
  #waiting = '';

  constructor(path: string) {
    this.#file = openAnew(path);
  }

  /** The order of the file is that of the run; times may repeat. */
  take(timeUs: number, event: TraceEvent): void {
    this.#waiting += traceLine(timeUs, event);
    if (this.#waiting.length >= BLOCK_LENGTH) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }
}

function openAnew(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--raft-trace: cannot write ${path}: ${code}`);
  }
}
