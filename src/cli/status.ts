/**
 * `kv status`: what the nodes say of themselves, one line each; exit status 9 unless all are ready.
 *
 * It reads two public pages of each node, /readyz?verbose and /metrics, and shows nothing that they
 * do not say.
 */
import { type Command, Option } from 'commander';
import { EXIT } from '../base/errors.ts';
import { type Address, addressText } from '../client/address.ts';
import { addresses, type OutputForm, outputOption, timeoutOption } from './arguments.ts';
import { askPage, readinessOf, readMetric } from './http-door.ts';
import { type Column, endQuietlyWithoutReader, tableText } from './output.ts';

const TIMEOUT_MS = 2000;
/** The HTTP ports of the cluster that `npm start` boots. */
const DEFAULT_ADDRESSES = '127.0.0.1:9001,127.0.0.1:9002,127.0.0.1:9003';
const ROLES = ['follower', 'pre-candidate', 'candidate', 'leader', 'learner', 'removed'] as const;

interface StatusFlags {
  readonly http: readonly Address[];
  readonly timeout: number;
  readonly output?: OutputForm;
}

/** Null: the node did not say. */
export interface NodeStatus {
  readonly address: string;
  readonly state: 'ready' | 'not ready' | 'unreachable';
  readonly role: string | null;
  readonly term: number | null;
  readonly commitIndex: number | null;
  readonly appliedIndex: number | null;
  readonly keys: number | null;
  readonly bytes: number | null;
  readonly notes: readonly string[];
}

export function register(program: Command): void {
  program
    .command('status')
    .description('show the nodes: ready or not, who leads, how far each is')
    .addOption(
      new Option('--http <addresses>', 'HTTP addresses, HOST:PORT with commas: client ports + 2000')
        .argParser(addresses)
        .default(addresses(DEFAULT_ADDRESSES), DEFAULT_ADDRESSES),
    )
    .addOption(timeoutOption(TIMEOUT_MS))
    .addOption(outputOption('table on a terminal, else raw'))
    .action(async ({ http, timeout, output }: StatusFlags) => {
      endQuietlyWithoutReader();
      const nodes = await Promise.all(http.map((address) => statusOf(address, timeout)));
      const form = output ?? (process.stdout.isTTY ? 'table' : 'raw');
      process.stdout.write(statusText(nodes, form, process.stdout));
      const isWell = nodes.every(({ state }) => state === 'ready');
      process.exitCode = isWell ? EXIT.OK : EXIT.CLUSTER_UNHEALTHY;
    });
}

async function statusOf(address: Address, timeoutMs: number): Promise<NodeStatus> {
  const [readiness, metrics] = await Promise.all([
    readinessOf(address, timeoutMs),
    askPage(address, '/metrics', timeoutMs),
  ]);
  const text = typeof metrics === 'string' || metrics.status !== 200 ? '' : metrics.body;
  const isReached = typeof readiness !== 'string';
  return {
    address: addressText(address),
    state: isReached ? (readiness.isReady ? 'ready' : 'not ready') : 'unreachable',
    role: ROLES.find((role) => readMetric(text, 'apex_raft_role', `role="${role}"`) === 1) ?? null,
    term: reading(text, 'apex_raft_term'),
    commitIndex: reading(text, 'apex_raft_commit_index'),
    appliedIndex: reading(text, 'apex_raft_applied_index'),
    keys: reading(text, 'apex_store_keys'),
    bytes: reading(text, 'apex_store_bytes'),
    notes: isReached ? readiness.notes : [readiness],
  };
}

function reading(text: string, name: string): number | null {
  const value = readMetric(text, name);
  return Number.isNaN(value) ? null : value;
}

const column = (title: string, isNumber: boolean): Column => ({ title, isNumber, isGood: null });

const COLUMNS: readonly Column[] = [
  column('HTTP', false),
  { title: 'STATE', isNumber: false, isGood: (state) => state === 'ready' },
  column('ROLE', false),
  ...['TERM', 'COMMIT', 'APPLIED', 'KEYS', 'BYTES'].map((title) => column(title, true)),
  column('NOTES', false),
];

/** raw: the table's cells between tabs, without a header; a dash where a node did not say. */
export function statusText(
  nodes: readonly NodeStatus[],
  form: OutputForm,
  stream: { readonly isTTY?: boolean },
): string {
  switch (form) {
    case 'table':
      return tableText(COLUMNS, nodes.map(cellsOf), stream);
    case 'raw':
      return nodes.map((node) => `${cellsOf(node).join('\t')}\n`).join('');
    case 'json':
      return `${JSON.stringify(nodes, null, 2)}\n`;
    case 'jsonl':
      return nodes.map((node) => `${JSON.stringify(node)}\n`).join('');
  }
}

function cellsOf(node: NodeStatus): string[] {
  const { address, state, role, term, commitIndex, appliedIndex, keys, bytes, notes } = node;
  const told = [role, term, commitIndex, appliedIndex, keys, bytes].map((it) => `${it ?? '-'}`);
  return [address, state, ...told, notes.join('; ') || '-'];
}
