/**
 * `kv bench HOST:PORT[,…]`: load and latencies, from JavaScript.
 *
 * Keys are `key:` and twelve digits. Nothing is warmed up. Reads of keys that were never written are
 * counted as misses; --fill writes every key first.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, type ExitStatus, errorRow } from '../base/errors.ts';
import type { Address } from '../client/address.ts';
import { VALUE_BYTES_MAX } from '../core/types.ts';
import { addresses, integerWithin, timeoutOption } from './arguments.ts';
import { DISTRIBUTIONS, type Distribution } from './bench/keys.ts';
import { fillSharesOf, type Mix, type Plan, parseMix, sharesOf } from './bench/plan.ts';
import { jsonLine, tableReport } from './bench/report.ts';
import { type Finding, runShares } from './bench/run.ts';
import { endQuietlyWithoutReader } from './output.ts';

const CONNECTIONS_MAX = 1024;
const OPERATIONS_MAX = 1_000_000_000;
const KEYS_MAX = 100_000_000;
/** What a node takes from one connection at a time, by default. */
const PIPELINE_MAX = 4096;
const TIMEOUT_MS = 30_000;

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
    .option('--json', 'as the last line, one JSON object')
    .action(async (to: readonly Address[], flags: BenchFlags) => {
      endQuietlyWithoutReader();
      process.exitCode = await bench(planOf(to, flags), flags);
    });
}

function mix(text: string): Mix {
  const parsed = parseMix(text);
  if (typeof parsed === 'string') throw new InvalidArgumentError(`${parsed}.`);
  return parsed;
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
  };
}

async function bench(plan: Plan, { fill, json }: BenchFlags): Promise<ExitStatus> {
  if (fill === true) {
    const filled = await runShares(plan, fillSharesOf(plan));
    const complaint = complaintOf(filled);
    if (complaint !== null) return complain(`filling: ${complaint}`);
  }
  const finding = await runShares(plan, sharesOf(plan));
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
