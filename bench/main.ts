/** `npm run bench -- …`: measures the project itself; docs/performance.md says what came of it. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { compare, PEER_NAMES, type PeerName } from './compare/compare.ts';
import { compareJson, compareTable } from './compare/report.ts';
import { runDisk } from './disk.ts';
import { diskJson, diskTable } from './disk-report.ts';
import { isPassed, runMemory } from './memory.ts';
import { memoryJson, memoryTable } from './memory-report.ts';
import { runNet } from './net.ts';
import { pathJson, pathTable } from './path-report.ts';
import { type PathFinding, runPath } from './path-run.ts';
import { profileTable, runProfile } from './profile.ts';
import { runThroughput } from './throughput.ts';
import { hasErrors, throughputJson, throughputTable } from './throughput-report.ts';

const MIB = 1024 * 1024;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PATH_SHAPES = [
  ['get', 1],
  ['stale', 1],
  ['put', 1],
  ['get', 3],
  ['put', 3],
] as const;

function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It is an integer from ${low} to ${high}.`);
  };
}

/** With --json the table goes to stderr, and the last line of stdout is the object. */
function print(isJson: boolean, table: string, json: string): void {
  if (isJson) process.stderr.write(table);
  process.stdout.write(isJson ? `${json}\n` : table);
}

const program = new Command('bench').showSuggestionAfterError().showHelpAfterError();

function peers(text: string): PeerName[] {
  const names = text.split(',').map((name) => PEER_NAMES.find((known) => known === name));
  if (names.every((name) => name !== undefined)) return [...new Set(names)];
  throw new InvalidArgumentError(`It is a list of ${PEER_NAMES.join(', ')}.`);
}

// A flag of ours that follows the name of another bench is that bench's.
program
  .enablePositionalOptions()
  .option('--compare <peers>', 'us beside redis, etcd: ratios of interleaved runs', peers)
  .option('--rounds <n>', 'rounds that must count', integer(1, 1000), 3)
  .option('--ops <n>', 'requests in a run; etcd gets a tenth', integer(1000, 1e9), 1_000_000)
  .option('--json', 'as the last line, one JSON object', false)
  .action(async ({ compare: asked, rounds, ops: operations, json }) => {
    if (asked === undefined) program.help({ error: true });
    const shape = { connections: 8, pipeline: 64, keys: 100_000, valueBytes: 100 };
    const plan = { rounds, operations, shape };
    const finding = await compare(asked, plan, (line) => process.stderr.write(`${line}\n`));
    if (typeof finding === 'string') {
      process.stderr.write(`${finding}\n`);
      process.exitCode = 1;
      return;
    }
    print(json, compareTable(finding), compareJson(finding));
    process.exitCode = finding.verdict.isConclusive ? 0 : 1;
  });

program
  .command('memory')
  .description('memory per key, size of the log, time to recover: one node')
  .option('--keys <n>', 'keys', integer(1, 50_000_000), 500_000)
  .option('--value-bytes <n>', 'size of a value', integer(0, MIB), 100)
  .option('--churn-mib <n>', 'overwrites after that, in MiB', integer(1, 1_000_000), 1024)
  .option('--json', 'as the last line, one JSON object', false)
  .action(async ({ keys, valueBytes, churnMib, json }) => {
    const finding = await runMemory({ keys, valueBytes, churnBytes: churnMib * MIB });
    print(json, memoryTable(finding), memoryJson(finding));
    process.exitCode = isPassed(finding) ? 0 : 1;
  });

const loads = [
  ['--connections <n>', 'connections', 1024, 8],
  ['--pipeline <n>', 'requests in flight on each', 4096, 64],
  ['--ops <n>', 'requests in a run', 1_000_000_000, 200_000],
  ['--keys <n>', 'keys', 50_000_000, 100_000],
  ['--value-bytes <n>', 'size of a value', MIB, 100],
] as const;

function withLoad(command: Command): Command {
  for (const [flags, description, most, otherwise] of loads) {
    command.option(flags, description, integer(1, most), otherwise);
  }
  return command;
}

withLoad(program.command('throughput'))
  .description('requests per second: one node and three, in turns')
  .option('--rounds <n>', 'rounds', integer(1, 1000), 3)
  .option('--json', 'as the last line, one JSON object', false)
  .action(async ({ ops: operations, json, ...plan }) => {
    const finding = await runThroughput({ ...plan, operations });
    print(json, throughputTable(finding), throughputJson(finding));
    process.exitCode = hasErrors(finding) ? 1 : 0;
  });

withLoad(program.command('profile'))
  .description('where a single node spends its CPU while it takes PUTs')
  .option('--rows <n>', 'functions to show', integer(1, 1000), 20)
  .option('--json', 'as the last line, one JSON object', false)
  .action(async ({ ops: operations, json, rows, ...plan }) => {
    const times = await runProfile({ ...plan, operations, rounds: 1 });
    const shown = times.slice(0, rows);
    print(json, profileTable(shown), JSON.stringify({ bench: 'profile', functions: shown }));
  });

withLoad(program.command('disk'))
  .description('the native disk against the plain one: durable writes, and PUTs to a single node')
  .option('--rounds <n>', 'rounds', integer(1, 1000), 5)
  .option('--writes <n>', 'durable writes of each size in a round', integer(1, 1_000_000), 1000)
  .option('--json', 'as the last line, one JSON object', false)
  .action(async ({ ops: operations, json, ...plan }) => {
    const rows = await runDisk({ ...plan, operations });
    print(json, diskTable(rows), diskJson(rows));
  });

withLoad(program.command('net'))
  .description('native sockets against plain ones: PUTs and GETs to single nodes')
  .option('--rounds <n>', 'rounds', integer(1, 1000), 5)
  .option('--json', 'as the last line, one JSON object', false)
  .action(async ({ ops: operations, json, ...plan }) => {
    const rows = await runNet({ ...plan, operations });
    print(json, diskTable(rows), diskJson(rows, 'net'));
  });

withLoad(program.command('path'))
  .description('CPU of a request in the node itself, without sockets and disks')
  .option('--against <folder>', 'another checkout, measured in turns with this one')
  .option('--rounds <n>', 'rounds', integer(1, 1000), 7)
  .option('--json', 'as the last line, one JSON object', false)
  .action(async ({ against, ops: operations, rounds, json, ...load }) => {
    const trees = [ROOT, ...(against === undefined ? [] : [resolve(against)])];
    const findings: PathFinding[] = [];
    for (const [kind, nodes] of PATH_SHAPES) {
      const shape = { ...load, kind, isSequential: false };
      findings.push(await runPath({ trees, nodes, shape, rounds, operations }));
    }
    print(json, pathTable(findings), pathJson(findings));
  });

await program.parseAsync();
