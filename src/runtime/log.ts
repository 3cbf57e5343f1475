/**
 * The daemon's log: one line an event on stdout.
 *
 * 1. Writing never waits: lines go through a bounded buffer that a thread of the pool empties; what
 *    does not fit is dropped and counted.
 * 2. `event` is a stable id for programs, `msg` is for people, `component` says who speaks.
 * 3. The cluster's id is on every line once it is known.
 * 4. Whoever ends the process closes the log first and waits: a line may be with the thread pool, and
 *    what is written past it arrives before it, or alone.
 */
import { once } from 'node:events';
import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';
import { formatOptions, type LogFormat, type Speaker } from './log-formats.ts';

/** Characters that may wait for stdout. */
const BUFFER_LENGTH_MAX = 1024 * 1024;
const STDOUT = 1;
/** Who does not read our stdout does not keep the process alive for longer than this. */
const CLOSE_WITHIN_MS = 2000;
/** What a person does not want to read on every line. */
const QUIET_FIELDS = 'service,version,cluster,component,event';

export type Component = 'node' | 'disk' | 'net' | 'http';

export interface LogLine {
  readonly component: Component;
  /** Stable: dotted, lower case. */
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface LogOptions {
  readonly format: LogFormat;
  readonly debug: boolean;
  readonly service: string;
  readonly version: string;
  readonly node: number;
}

export class DaemonLog {
  readonly #logger: Logger;
  readonly #speaker: Speaker;
  readonly #close: () => Promise<void>;
  linesDropped = 0;

  private constructor(logger: Logger, speaker: Speaker, close: () => Promise<void>) {
    this.#logger = logger;
    this.#speaker = speaker;
    this.#close = close;
  }

  static open(options: LogOptions): DaemonLog {
    const stdout = pino.destination({ dest: STDOUT, sync: false, maxLength: BUFFER_LENGTH_MAX });
    const isPretty = options.format === 'pretty';
    const colorize = process.stdout.isTTY && !('NO_COLOR' in process.env);
    const destination = isPretty
      ? pretty({ destination: stdout, colorize, singleLine: true, ignore: QUIET_FIELDS })
      : stdout;
    const log = DaemonLog.to(destination, options, async () => {
      const closed = once(stdout, 'close', { signal: AbortSignal.timeout(CLOSE_WITHIN_MS) });
      destination.end();
      // Nothing more can be done for a reader that does not read; what is left is lost.
      await closed.catch(() => {});
    });
    stdout.on('drop', () => {
      log.linesDropped++;
    });
    return log;
  }

  /** A log to anything that takes lines. */
  static to(
    destination: { write(line: string): unknown },
    { format, debug, service, version, node }: LogOptions,
    close: () => Promise<void> = async () => {},
  ): DaemonLog {
    const speaker: Speaker = { service, version, node, cluster: null };
    const options = {
      ...formatOptions(format, speaker),
      level: debug ? 'debug' : 'info',
      mixin: () => (speaker.cluster === null ? {} : { cluster: speaker.cluster }),
    };
    // A bare one: pino flushes what it can at a fatal line, past what is on its way (rule 4).
    const lines = { write: (line: string) => void destination.write(line) };
    return new DaemonLog(pino(options, lines), speaker, close);
  }

  /** Says nothing. For tests, and for whoever embeds a node. */
  static silent(): DaemonLog {
    const nowhere = { write: () => {} };
    const options: LogOptions = { format: 'json', debug: false, service: '', version: '', node: 0 };
    return DaemonLog.to(nowhere, options);
  }

  joinCluster(cluster: string): void {
    this.#speaker.cluster = cluster;
  }

  debug(line: LogLine, message: string): void {
    this.#logger.debug(line, message);
  }

  info(line: LogLine, message: string): void {
    this.#logger.info(line, message);
  }

  warn(line: LogLine, message: string): void {
    this.#logger.warn(line, message);
  }

  error(line: LogLine, message: string): void {
    this.#logger.error(line, message);
  }

  fatal(line: LogLine, message: string): void {
    this.#logger.fatal(line, message);
  }

  /** Resolves when everything said is out (rule 4). Nothing is said afterwards. */
  async close(): Promise<void> {
    await this.#close();
  }
}
