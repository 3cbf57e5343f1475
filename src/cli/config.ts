/**
 * `kv config get`, `kv config set quota|durability VALUE`: the cluster's replicated settings.
 *
 * It asks the nodes' HTTP doors one after the other until one that leads has taken the change; it is
 * printed as it is in force.
 */
import http from 'node:http';
import { type Command, Option } from 'commander';
import { type ErrorCode, errorRow } from '../base/errors.ts';
import type { Address } from '../client/address.ts';
import { DURABILITIES } from '../core/settings.ts';
import type { Durability } from '../core/types.ts';
import { addresses, type OutputForm, outputOption, timeoutOption } from './arguments.ts';
import { askPage, type Page } from './http-door.ts';
import { tableText } from './output.ts';
import { parseSize } from './quantities.ts';

const TIMEOUT_MS = 10_000;
/** The HTTP ports of the cluster that `npm start` boots. */
const DEFAULT_ADDRESSES = '127.0.0.1:9001,127.0.0.1:9002,127.0.0.1:9003';
const PATH = '/api/v1/config';
const HEADERS = { 'x-apex-kv': 'config', 'content-type': 'application/json' };

interface ConfigFlags {
  readonly http: readonly Address[];
  readonly timeout: number;
  readonly output?: OutputForm;
}

export function register(program: Command): void {
  const command = program
    .command('config')
    .description("show or change the cluster's replicated settings");
  withFlags(command.command('get').description('show the settings')).action(
    async (flags: ConfigFlags) => {
      await tell(flags, (address) => askPage(address, PATH, flags.timeout));
    },
  );
  withFlags(command.command('set').description('change one setting'))
    .argument('<setting>', 'quota (a size, like 2GiB) or durability (unsafe, durable, strict)')
    .argument('<value>', 'what it is to be')
    .action(async (name: string, text: string, flags: ConfigFlags) => {
      const value = settingOf(name, text);
      if (value === null) return complain('BAD_SETTING', `${name} ${text}`);
      const body = JSON.stringify({ [name]: value });
      await tell(flags, (address) => post(address, body, flags.timeout));
    });
}

function withFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--http <addresses>', 'HTTP addresses, HOST:PORT with commas: client ports + 2000')
        .argParser(addresses)
        .default(addresses(DEFAULT_ADDRESSES), DEFAULT_ADDRESSES),
    )
    .addOption(timeoutOption(TIMEOUT_MS))
    .addOption(outputOption('table on a terminal, else raw'));
}

/** Null: no such setting, or no such value. */
function settingOf(name: string, text: string): number | string | null {
  if (name === 'quota') return parseSize(text);
  return name === 'durability' && DURABILITIES.includes(text as Durability) ? text : null;
}

/** The first answer that settles it is printed; a node that does not lead settles nothing. */
async function tell(
  { http: nodes, output }: ConfigFlags,
  ask: (address: Address) => Promise<Page | string>,
): Promise<void> {
  let last: { code: ErrorCode; detail: string } = {
    code: 'UNAVAILABLE',
    detail: 'no node answers',
  };
  for (const address of nodes) {
    const page = await ask(address);
    if (typeof page === 'string') {
      last = { ...last, detail: page };
      continue;
    }
    const body = JSON.parse(page.body) as Record<string, unknown>;
    if (page.status === 200) return print(body, output);
    const { code, detail } = body;
    last = { code: code as ErrorCode, detail: `${detail}` };
    if (page.status !== 503) break;
  }
  complain(last.code, last.detail);
}

function print(settings: Record<string, unknown>, output: OutputForm | undefined): void {
  const form = output ?? (process.stdout.isTTY ? 'table' : 'raw');
  process.stdout.write(settingsText(settings, form));
}

export function settingsText(settings: Record<string, unknown>, form: OutputForm): string {
  if (form === 'json' || form === 'jsonl') return `${JSON.stringify(settings)}\n`;
  const rows = Object.entries(settings).map(([name, value]) => [name, `${value}`]);
  if (form === 'raw') return rows.map((row) => `${row.join('\t')}\n`).join('');
  const column = { isNumber: false, isGood: null };
  const columns = ['SETTING', 'VALUE'].map((title) => ({ ...column, title }));
  return tableText(columns, rows, process.stdout);
}

function complain(code: ErrorCode, detail: string): void {
  process.stderr.write(`${code} ${detail}\n`);
  process.exitCode = errorRow(code).exit;
}

function post({ host, port }: Address, body: string, timeoutMs: number): Promise<Page | string> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const options = { host, port, path: PATH, method: 'POST', headers: HEADERS, signal };
    const request = http.request({ ...options, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', (error) => resolve(error.message));
    });
    request.on('error', (error) => resolve(error.message));
    request.end(body);
  });
}
