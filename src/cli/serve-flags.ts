/**
 * The flags of `kv serve`. One name everywhere: `--wal-dir`, APEX_WAL_DIR, `walDir`.
 * A flag goes before the environment, the environment before the default.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { NodeId } from '../base/units.ts';
import { DEFAULT_SETTINGS, DURABILITIES } from '../core/settings.ts';
import type { Durability } from '../core/types.ts';
import { LOG_FORMATS, type LogFormat } from '../runtime/log-formats.ts';
import {
  IMPLEMENTATIONS,
  type Implementation,
  NET_THREADS,
  type NetThread,
} from '../runtime/native/choice.ts';
import {
  CLIENT_PORT_MAX,
  type ListedPeer,
  NODE_ID_MAX,
  PORT_MAX,
  parsePeers,
} from './peer-list.ts';
import { parseInteger, parseSize } from './quantities.ts';

export interface ServeFlags {
  readonly id: NodeId;
  readonly port: number;
  readonly peers: readonly ListedPeer[];
  readonly walDir: string;
  readonly debug: boolean;
  readonly listen: string;
  readonly advertise: string | null;
  readonly peerPort: number | null;
  /** Null: not asked for. */
  readonly durability: Durability | null;
  readonly quota: number | null;
  readonly logFormat: LogFormat;
  readonly raftTrace: string | null;
  /** Null: native where it is there. */
  readonly disk: Implementation | null;
  readonly net: Implementation | null;
  readonly netThread: NetThread;
}

export function addServeFlags(command: Command): Command {
  for (const option of serveOptions()) {
    command.addOption(option.env(environmentName(option.name())));
  }
  return command;
}

function serveOptions(): Option[] {
  const within = (low: number, high: number) => (text: string) => integer(text, low, high);
  return [
    new Option('--id <n>', `this node's number, 1 to ${NODE_ID_MAX}`)
      .argParser(within(1, NODE_ID_MAX))
      .default(1),
    new Option('--port <p>', 'client and peer port; gossip at p + 1000, HTTP at p + 2000')
      .argParser(within(1, CLIENT_PORT_MAX))
      .default(7001),
    new Option('--peers <list>', 'the other nodes, "HOST:PORT:ID,…"; none: a cluster of one')
      .argParser(peers)
      .default([], 'none'),
    new Option('--wal-dir <dir>', 'where the data directory apex-<id> is').default('.'),
    new Option('--debug [flag]', 'log more').argParser(boolean).preset('true').default(false),
    new Option('--listen <address>', 'the address to listen on').default('127.0.0.1'),
    new Option('--advertise <host>', 'the name under which clients reach this node'),
    new Option('--peer-port <p>', 'a port of its own for peers').argParser(within(1, PORT_MAX)),
    new Option('--durability <mode>', `a new cluster's promise (default: "durable")`).choices(
      DURABILITIES,
    ),
    new Option(
      '--quota <size>',
      `a new cluster's bound of data (default: ${defaultQuota()})`,
    ).argParser(size),
    new Option('--log-format <format>', 'how log lines are written')
      .choices(LOG_FORMATS)
      .default('json'),
    new Option('--raft-trace <file>', "append Raft's events for an outside judge, as JSON lines"),
    new Option(
      '--net <kind>',
      'what moves the bytes of sockets (default: native if it is built)',
    ).choices(IMPLEMENTATIONS),
    new Option(
      '--net-thread <when>',
      'native sockets on a thread of their own (auto: from 4 cores on)',
    )
      .choices(NET_THREADS)
      .default('auto'),
    new Option(
      '--disk <kind>',
      'what performs disk operations (default: native if it is built)',
    ).choices(IMPLEMENTATIONS),
  ];
}

/** What commander collected, with nulls where nothing was said. */
export function readServeFlags(command: Command): ServeFlags {
  const {
    advertise = null,
    peerPort = null,
    durability = null,
    quota = null,
    raftTrace = null,
    disk = null,
    net = null,
    ...rest
  } = command.opts<Partial<ServeFlags>>();
  return { ...(rest as ServeFlags), advertise, peerPort, durability, quota, raftTrace, disk, net };
}

const environmentName = (name: string): string => `APEX_${name.replaceAll('-', '_').toUpperCase()}`;

const defaultQuota = (): string => `"${DEFAULT_SETTINGS.quotaBytes / 2 ** 30}GiB"`;

function integer(text: string, low: number, high: number): number {
  const value = parseInteger(text, low, high);
  if (value === null) throw new InvalidArgumentError(`It is an integer from ${low} to ${high}.`);
  return value;
}

function size(text: string): number {
  const bytes = parseSize(text);
  if (bytes === null || bytes < 1) throw new InvalidArgumentError('A size is like 64MiB.');
  return bytes;
}

function boolean(text: string): boolean {
  if (['1', 'true', 'yes', 'on'].includes(text)) return true;
  if (['', '0', 'false', 'no', 'off'].includes(text)) return false;
  throw new InvalidArgumentError('It is true or false.');
}

function peers(text: string): readonly ListedPeer[] {
  const list = parsePeers(text);
  if (typeof list === 'string') throw new InvalidArgumentError(`${list}.`);
  return list;
}
