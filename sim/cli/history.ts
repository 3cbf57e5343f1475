/**
 * The door `--history FILE.jsonl`: judges a recorded client history.
 *
 * One JSON object a line, in real-time order:
 *   {"process": 3, "type": "invoke|ok|fail|info", "f": …, "key": "r", "value": …}
 * f is read or get, write or put, cas (value [old, new]), append, del. `info`, and whatever is
 * still open at the end, has an unknown outcome. Every key begins with the initial value, and a
 * deletion brings that back. A failed cas is an observation under `--cas-fail mismatch` and says
 * nothing under `noop`, like every other failure.
 *
 * Exit: 0 linearizable, 10 not linearizable, 11 undecided within the limit, 2 usage.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkLinearizable, DEFAULT_LIMITS, type Verdict } from '../check/linearizable/check.ts';
import { type Operation, type State, UNKNOWN } from '../check/linearizable/model.ts';
import {
  DONE,
  MISMATCH,
  type RegisterCall,
  registerModel,
  textValue,
} from '../check/linearizable/register.ts';

export const HISTORY_USAGE =
  '--history FILE.jsonl [--initial JSON] [--cas-fail mismatch|noop] [--limit 10s] [--json]';

export interface HistoryOptions {
  readonly file: string;
  readonly initial: State;
  readonly casFail: 'mismatch' | 'noop';
  readonly limitMs: number;
  readonly json: boolean;
}

export interface Output {
  readonly out: (line: string) => void;
  readonly error: (line: string) => void;
}

/** What is wrong with the arguments or the file, for the user; never one of our own bugs. */
class UsageError extends Error {}

const EXIT = { linearizable: 0, 'not-linearizable': 10, unknown: 11 } as const;
const EXIT_USAGE = 2;

/** `argv` without the program's name. Answers the exit code. */
export function judgeHistory(argv: readonly string[], output: Output): number {
  try {
    const options = parseOptions(argv);
    const startedMs = performance.now();
    const deadlineMs = startedMs + options.limitMs;
    const verdict = judge(readFile(options.file), options, () => performance.now() > deadlineMs);
    report(verdict, Math.round(performance.now() - startedMs), options, output);
    return EXIT[verdict.verdict];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.error(`${error.message}\nusage: ${HISTORY_USAGE}`);
    return EXIT_USAGE;
  }
}

/** The checker on a history's text. Throws a usage error for a malformed one. */
export function judge(
  text: string,
  options: Pick<HistoryOptions, 'initial' | 'casFail'>,
  expired: () => boolean,
): Verdict {
  const history = readHistory(text, options);
  const limits = { ...DEFAULT_LIMITS, stepsMax: Number.MAX_SAFE_INTEGER, expired };
  return checkLinearizable(history, registerModel(options.initial), limits);
}

function report(
  { verdict, key, detail }: Verdict,
  wallMs: number,
  options: HistoryOptions,
  { out }: Output,
): void {
  const named: unknown = key === null ? null : JSON.parse(key);
  const where = key === null ? '' : ` (key ${key})`;
  out(`${options.file}: ${verdict}${where}, ${wallMs} ms`);
  if (detail !== '') out(detail);
  if (options.json) out(JSON.stringify({ verdict, key: named, wallMs }));
}

function parseOptions(argv: readonly string[]): HistoryOptions {
  const values = parseArguments(argv);
  if (values.history === undefined) throw new UsageError('no history named');
  const casFail = values['cas-fail'];
  if (casFail !== 'mismatch' && casFail !== 'noop') {
    throw new UsageError(`--cas-fail is mismatch or noop, not ${casFail}`);
  }
  return {
    file: values.history,
    initial: canonical(parseJson(values.initial, '--initial')),
    casFail,
    limitMs: parseSpan(values.limit),
    json: values.json,
  };
}

function parseArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        history: { type: 'string' },
        initial: { type: 'string', default: 'null' },
        'cas-fail': { type: 'string', default: 'noop' },
        limit: { type: 'string', default: '10s' },
        json: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const SPAN_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function parseSpan(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text);
  if (match === null) throw new UsageError(`--limit is a span such as 10s, not ${text}`);
  return Number(match[1]) * SPAN_UNITS_MS[match[2] ?? 's']!;
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${where}: not JSON: ${text}`);
  }
}

/** A value as the register's text. JSON's null is the absent value. */
function canonical(value: unknown): State {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? textValue(value) : JSON.stringify(value);
}

interface Opened {
  readonly callAt: number;
  readonly key: string;
  readonly call: RegisterCall;
}

function readHistory(
  text: string,
  options: Pick<HistoryOptions, 'initial' | 'casFail'>,
): Operation<RegisterCall>[] {
  const history: Operation<RegisterCall>[] = [];
  const open = new Map<number | string, Opened>();
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const where = `line ${index + 1}`;
    const event = asEvent(parseJson(line, where), where);
    const { process } = event;
    const opened = open.get(process);
    if (event.type === 'invoke') {
      if (opened !== undefined) throw new UsageError(`${where}: process ${process} is not done`);
      open.set(process, { callAt: index, ...asCall(event, options, where) });
      return;
    }
    if (opened === undefined) throw new UsageError(`${where}: process ${process} asked nothing`);
    open.delete(process);
    if (event.type === 'info') {
      history.push({ process, ...opened, returnAt: UNKNOWN, result: null });
      return;
    }
    const result = resultOf(event, opened.call, options.casFail);
    if (result !== undefined) history.push({ process, ...opened, returnAt: index, result });
  });
  for (const [process, opened] of open) {
    history.push({ process, ...opened, returnAt: UNKNOWN, result: null });
  }
  return history;
}

interface HistoryEvent {
  readonly process: number | string;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: string;
  readonly key: unknown;
  readonly value: unknown;
}

const TYPES: readonly unknown[] = ['invoke', 'ok', 'fail', 'info'];

function asEvent(event: unknown, where: string): HistoryEvent {
  if (typeof event !== 'object' || event === null) throw new UsageError(`${where}: no object`);
  const { process, type, f, key, value } = event as Record<string, unknown>;
  if (typeof process !== 'number' && typeof process !== 'string') {
    throw new UsageError(`${where}: no process`);
  }
  if (!TYPES.includes(type)) throw new UsageError(`${where}: no type`);
  if (typeof f !== 'string') throw new UsageError(`${where}: no f`);
  return { process, type: type as HistoryEvent['type'], f, key: key ?? null, value };
}

function asCall(
  { f, key, value }: HistoryEvent,
  { initial }: Pick<HistoryOptions, 'initial'>,
  where: string,
): Pick<Opened, 'key' | 'call'> {
  return { key: JSON.stringify(key), call: nameCall(f, value, initial, where) };
}

function nameCall(f: string, value: unknown, initial: State, where: string): RegisterCall {
  switch (f) {
    case 'read':
    case 'get':
      return { name: 'read' };
    case 'write':
    case 'put':
      return { name: 'write', value: canonical(value) };
    case 'del':
      return { name: 'write', value: initial };
    case 'append':
      if (typeof value !== 'string') throw new UsageError(`${where}: append takes a text`);
      return { name: 'append', text: value };
    case 'cas':
      if (!Array.isArray(value) || value.length !== 2) {
        throw new UsageError(`${where}: the value of cas is [old, new]`);
      }
      return { name: 'swap', expected: canonical(value[0]), value: canonical(value[1]) };
    default:
      throw new UsageError(`${where}: unknown f ${f}`);
  }
}

/** What the operation answered; undefined: it did not happen and reveals nothing. */
function resultOf(
  { type, value }: HistoryEvent,
  call: RegisterCall,
  casFail: HistoryOptions['casFail'],
): State | undefined {
  if (type === 'ok') return call.name === 'read' ? canonical(value) : DONE;
  return call.name === 'swap' && casFail === 'mismatch' ? MISMATCH : undefined;
}

if (import.meta.main) {
  const output = { out: console.log, error: console.error };
  process.exitCode = judgeHistory(process.argv.slice(2), output);
}
