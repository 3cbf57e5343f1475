/**
 * `kv serve`: runs a node until it is told to stop or cannot go on.
 *
 * 1. Directory, then ports, then the node: what is taken is found before a byte is written.
 * 2. SIGINT and SIGTERM ask the node to stop; after `STOP_WITHIN_MS`, or at the second signal, it is
 *    ended where it stands, which its log survives like any crash.
 * 3. Why it ended is the last line of the log and the exit status.
 */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { EXIT, errorRow, type Failure } from '../base/errors.ts';
import { SYSTEM_CLOCK } from '../runtime/clock.ts';
import { Daemon, type DaemonEnd } from '../runtime/daemon.ts';
import { type DataDirectory, openDataDirectory } from '../runtime/data-directory.ts';
import type { Listeners } from '../runtime/listeners.ts';
import { DaemonLog } from '../runtime/log.ts';
import {
  type Choice,
  chooseImplementation,
  chooseNet,
  type NetChoice,
} from '../runtime/native/choice.ts';
import type { NativeListeners } from '../runtime/native/listeners.ts';
import { openListenersFor } from '../runtime/open-listeners.ts';
import { RaftTraceFile } from '../runtime/raft-trace-file.ts';
import { askedOf, endpointsOf, listenerPortsOf, nodeConfigOf, warningsOf } from './node-config.ts';
import { addServeFlags, readServeFlags, type ServeFlags } from './serve-flags.ts';
import { SERVICE, VERSION } from './version.ts';

const STOP_WITHIN_MS = 4500;
const SIGNAL_STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

export function register(program: Command): void {
  const command = program
    .command('serve')
    .description('run a node (the default when --id is given)')
    .allowExcessArguments(false);
  addServeFlags(command).action(async () => {
    process.exit(await serve(readServeFlags(command)));
  });
}

async function serve(flags: ServeFlags): Promise<number> {
  const { id: node, debug, logFormat: format } = flags;
  const log = DaemonLog.open({ format, debug, service: SERVICE, version: VERSION, node });
  const status = await run(flags, log);
  await log.close();
  return status;
}

async function run(flags: ServeFlags, log: DaemonLog): Promise<number> {
  const disk = chooseImplementation('--disk', flags.disk);
  if ('code' in disk) return tellFailure(log, disk);
  const net = chooseNet(flags.net, flags.netThread, availableParallelism());
  if ('code' in net) return tellFailure(log, net);
  const directory = await openDataDirectory(flags.walDir, flags.id);
  if ('code' in directory) return tellFailure(log, directory);
  try {
    const listeners = await openListenersFor(net, flags.listen, listenerPortsOf(flags));
    if ('code' in listeners) return tellFailure(log, listeners);
    return await runTraced(flags, { log, disk, net, directory, listeners });
  } finally {
    directory.release();
  }
}

/** With a Raft trace if one is asked for: it is opened before the node, and closed after it. */
async function runTraced(flags: ServeFlags, opened: Opened): Promise<number> {
  if (flags.raftTrace === null) return await runNode(flags, opened, null);
  const { log } = opened;
  const raftTrace = await RaftTraceFile.open({ path: flags.raftTrace, log });
  if ('code' in raftTrace) return tellFailure(log, raftTrace);
  try {
    return await runNode(flags, opened, raftTrace);
  } finally {
    await raftTrace.close();
  }
}

interface Opened {
  readonly log: DaemonLog;
  readonly disk: Choice;
  readonly net: NetChoice;
  readonly directory: DataDirectory;
  readonly listeners: Listeners | NativeListeners;
}

async function runNode(
  flags: ServeFlags,
  opened: Opened,
  raftTrace: RaftTraceFile | null,
): Promise<number> {
  const { log, disk, directory, listeners } = opened;
  const warnings = warningsOf(flags);
  tellStart(opened, warnings);
  const daemon = new Daemon({
    version: VERSION,
    config: nodeConfigOf(flags, VERSION),
    listeners,
    directory: directory.path,
    disk,
    peers: endpointsOf(flags),
    log,
    clock: SYSTEM_CLOCK,
    warnings,
    asked: askedOf(flags),
    journal: null,
    raftTrace,
  });
  const end = await Promise.race([daemon.ended, impatience(daemon, log)]);
  const status = typeof end === 'number' ? tellHaste(log, end) : tellEnd(log, end);
  await daemon.close();
  return status;
}

function tellStart(opened: Opened, warnings: readonly string[]): void {
  const { log, disk, net, directory, listeners } = opened;
  const { ports } = listeners;
  const line = {
    component: 'node',
    event: 'node.starting',
    ...ports,
    net: net.implementation,
    netThread: net.isThreaded,
    disk: disk.implementation,
  } as const;
  log.info(
    line,
    `clients at port ${ports.port}, HTTP at ${ports.httpPort}, data in ${directory.path}`,
  );
  const reason = disk.reason ?? net.reason;
  if (reason !== null) {
    const without = { component: 'node', event: 'node.no-native-helper', reason } as const;
    log.info(without, `sockets or disk run on plain Node: there is no native helper: ${reason}`);
  }
  for (const warning of warnings) log.warn({ component: 'node', event: 'node.warning' }, warning);
}

/** Asks for a stop at the first signal; resolves to a status when waiting is over. */
function impatience(daemon: Daemon, log: DaemonLog): Promise<number> {
  return new Promise((resolve) => {
    let isAsked = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isAsked) resolve(SIGNAL_STATUS[signal]);
        else setTimeout(() => resolve(SIGNAL_STATUS[signal]), STOP_WITHIN_MS).unref();
        isAsked = true;
        log.info({ component: 'node', event: 'node.stopping', signal }, `stopping: ${signal}`);
        daemon.stop();
      });
    }
  });
}

function tellHaste(log: DaemonLog, status: number): number {
  log.warn({ component: 'node', event: 'node.cut-off' }, 'ended before all was drained');
  return status;
}

/** The last line, and the exit status. */
function tellEnd(log: DaemonLog, end: DaemonEnd): number {
  switch (end.kind) {
    case 'stopped':
      log.info({ component: 'node', event: 'node.stopped' }, 'the node has stopped');
      return EXIT.OK;
    case 'failed':
      return tellFailure(log, end.failure);
    case 'violated': {
      const line = { component: 'node', event: 'node.violated', err: end.error } as const;
      log.fatal(line, 'an invariant does not hold; the node has ended and sent nothing since');
      return EXIT.ERROR;
    }
  }
}

function tellFailure(log: DaemonLog, { code, detail }: Failure): number {
  const { exit, remedy } = errorRow(code);
  log.fatal(
    { component: 'node', event: 'node.failed', code, remedy },
    `${code}: ${detail}. ${remedy}`,
  );
  return exit;
}
