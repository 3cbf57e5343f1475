/**
 * `kv bench HOST:PORT[,…]`: load and latencies, from native threads where the helper is built.
 *
 * Keys are `key:` and twelve digits. Nothing is warmed up. Reads of keys that were never written are
 * counted as misses; --fill writes every key first.
 */
import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, type ExitStatus, errorRow, type Failure, failure } from '../base/errors.ts';
import type { Address } from '../client/address.ts';
import { VALUE_BYTES_MAX } from '../core/types.ts';
import type { Addon } from '../runtime/native/addon.ts';
import {
  type Choice,
  chooseImplementation,
  IMPLEMENTATIONS,
  type Implementation,
} from '../runtime/native/choice.ts';
import { addresses, integerWithin, timeoutOption } from './arguments.ts';
import { DISTRIBUTIONS, type Distribution } from './bench/keys.ts';
import { runNativeShares } from './bench/native-run.ts';
import {
  fillSharesOf,
  type Mix,
  type Plan,
  parseMix,
  type Share,
  sharesOf,
  WIRES,
  type Wire,
} from './bench/plan.ts';
import { jsonLine, tableReport } from './bench/report.ts';
import { type Finding, runShares } from './bench/run.ts';
import { endQuietlyWithoutReader } from './output.ts';

const CONNECTIONS_MAX = 1024;
const OPERATIONS_MAX = 1_000_000_000;
const KEYS_MAX = 100_000_000;
/** What a node takes from one connection at a time, by default. */
const PIPELINE_MAX = 4096;
const TIMEOUT_MS = 30_000;
const LOAD_THREADS_MAX = 64;

interface BenchFlags {
  readonly threads: number;
  readonly ops: number;
  readonly pipeline: number;
  readonly valueBytes: number;
  readonly mix: Mix;
  readonly keys: number;
  readonly distribution: Distribution;
  readonly read: 'linearizable' | 'stale';
  readonly rate?: number;
  readonly fill?: true;
  readonly timeout: number;
  readonly load?: Implementation;
  readonly loadThreads?: number;
  readonly wire: Wire;
  readonly json?: true;
}

export function register(program: Command): void {
  const command = program
    .command('bench')
    .description('measure a cluster: pipelined requests, latencies from send to reply')
    .argument('<addresses>', 'HOST:PORT, or several with commas among which to spread', addresses);
  const numbers: readonly [string, string, number, number][] = [
    ['--threads <n>', 'connections', 8, CONNECTIONS_MAX],
    ['--ops <n>', 'requests in all', 100_000, OPERATIONS_MAX],
    ['--pipeline <n>', 'requests in flight on each connection', 64, PIPELINE_MAX],
    ['--value-bytes <n>', 'size of a value', 100, VALUE_BYTES_MAX],
    ['--keys <n>', 'how many keys there are', 100_000, KEYS_MAX],
  ];
  for (const [flags, description, otherwise, highest] of numbers) {
    const parse = integerWithin(flags.includes('value') ? 0 : 1, highest);
    command.addOption(new Option(flags, description).argParser(parse).default(otherwise));
  }
  command
    .addOption(
      new Option('--mix <weights>', 'what to ask for: get, put, del')
        .argParser(mix)
        .default(mix('get=50,put=50'), 'get=50,put=50'),
    )
    .addOption(
      new Option('--distribution <name>', 'which keys').choices(DISTRIBUTIONS).default('uniform'),
    )
    .addOption(
      new Option('--read <how>', 'how to read')
        .choices(['linearizable', 'stale'])
        .default('linearizable'),
    )
    .option(
      '--rate <n>',
      'open loop: so many requests a second, timed from when each was due',
      integerWithin(1, OPERATIONS_MAX),
    )
    .option('--fill', 'write every key once before, unmeasured')
    .addOption(timeoutOption(TIMEOUT_MS))
    .addOption(
      new Option(
        '--load <kind>',
        'native threads, or JavaScript (default: native, where built)',
      ).choices(IMPLEMENTATIONS),
    )
    .option(
      '--load-threads <n>',
      'threads that share the connections (default: native one for four cores, node one a core)',
      integerWithin(1, LOAD_THREADS_MAX),
    )
    .addOption(
      new Option('--wire <protocol>', 'client: our own frames; resp: those of Redis')
        .choices(WIRES)
        .default('client'),
    )
    .option('--json', 'as the last line, one JSON object')
    .action(async (to: readonly Address[], flags: BenchFlags) => {
      endQuietlyWithoutReader();
      const choice = choiceOf(flags);
      if ('code' in choice) command.error(`error: ${choice.detail}`, { exitCode: EXIT.USAGE });
      else process.exitCode = await bench(planOf(to, flags), flags, runnerOf(choice.addon));
    });
}

function mix(text: string): Mix {
  const parsed = parseMix(text);
  if (typeof parsed === 'string') throw new InvalidArgumentError(`${parsed}.`);
  return parsed;
}

/** What makes the load; a failure: not with these flags, or not on this machine. */
function choiceOf({ load, wire, read }: BenchFlags): Choice | Failure {
  if (wire === 'client') return chooseImplementation('--load', load ?? null);
  if (load === 'node') return failure('BAD_FLAG', '--wire resp is spoken by --load native only');
  if (read === 'stale') return failure('BAD_FLAG', 'RESP has no stale reads');
  return chooseImplementation('--load', 'native');
}

type Runner = (plan: Plan, shares: readonly Share[]) => Promise<Finding | string>;

function runnerOf(addon: Addon | null): Runner {
  if (addon === null) return runShares;
  return (plan, shares) => {
    const total = shares.reduce((sum, { operations }) => sum + operations, 0);
    return runNativeShares(addon, plan, shares, (answered) => showProgress(answered, total));
  };
}

/** For a person who waits; nothing where nobody looks. */
function showProgress(answered: number, total: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${Math.floor((100 * answered) / total)} %\r`);
}

function planOf(to: readonly Address[], flags: BenchFlags): Plan {
  return {
    addresses: to,
    connections: Math.min(flags.threads, flags.ops),
    operations: flags.ops,
    pipeline: flags.pipeline,
    valueBytes: flags.valueBytes,
    mix: flags.mix,
    keys: flags.keys,
    distribution: flags.distribution,
    isStale: flags.read === 'stale',
    rate: flags.rate ?? null,
    timeoutMs: flags.timeout,
    wire: flags.wire,
    threads: threadsFor(flags.loadThreads ?? null),
  };
}

/** JavaScript takes a core to keep one busy; a native thread drives several nodes. */
function threadsFor(asked: number | null): Plan['threads'] {
  const cores = availableParallelism();
  return { native: asked ?? Math.ceil(cores / 4), node: asked ?? cores };
}

async function bench(plan: Plan, { fill, json }: BenchFlags, runThem: Runner): Promise<ExitStatus> {
  if (fill === true) {
    const filled = await runThem(plan, fillSharesOf(plan));
    const complaint = complaintOf(filled);
    if (complaint !== null) return complain(`filling: ${complaint}`);
  }
  const finding = await runThem(plan, sharesOf(plan));
  if (typeof finding === 'string') return complain(finding);
  const report = tableReport(plan, finding);
  if (json === true) process.stderr.write(report);
  process.stdout.write(json === true ? `${jsonLine(finding)}\n` : report);
  if (finding.complaint !== null) return complain(finding.complaint);
  return finding.tally.total().errors === 0 ? EXIT.OK : EXIT.ERROR;
}

/** Null: every key was written. */
function complaintOf(filled: Finding | string): string | null {
  if (typeof filled === 'string') return filled;
  const [reason] = filled.tally.reasons.keys();
  return filled.complaint ?? reason ?? null;
}

function complain(reason: string): ExitStatus {
  process.stderr.write(`UNAVAILABLE ${reason}\n  ${errorRow('UNAVAILABLE').remedy}\n`);
  return EXIT.UNAVAILABLE;
}
