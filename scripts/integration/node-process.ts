/**
 * One node as a process of its own, started by ./build/kv like a user's.
 *
 * A process is only ever signalled through the handle of its start, never by a name or a noted id;
 * whatever is left when this script ends, for whatever reason, is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const LAUNCHER = fileURLToPath(new URL('../../build/kv', import.meta.url));

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly msg: string;
  readonly code?: string;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class NodeProcess {
  readonly id: number;
  readonly logFile: string;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  /** `folder` is where the process works: without a `--wal-dir` its data is there. */
  constructor(id: number, args: readonly string[], at: { logFile: string; folder: string }) {
    this.id = id;
    this.logFile = at.logFile;
    const log = openSync(at.logFile, 'a');
    this.#child = spawn(LAUNCHER, args, { stdio: ['ignore', log, log], cwd: at.folder });
    closeSync(log);
    running.add(this.#child);
    this.ended = once(this.#child, 'exit').then(([status, signal]) => {
      running.delete(this.#child);
      return { status, signal };
    });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.signal(signal);
    return await this.ended;
  }
}

/** What a node said in all its lives; what is no JSON object is left out. */
export function readLog(file: string): LogLine[] {
  const lines: LogLine[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('{')) lines.push(JSON.parse(line) as LogLine);
  }
  return lines;
}
