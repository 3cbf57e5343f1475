/**
 * Answers as a person or a program reads them, and the exit status that each is worth.
 *
 * 1. As text an answer is one line, but for a value that has line ends. On a terminal what could
 *    move its cursor is escaped; elsewhere values pass byte by byte.
 * 2. raw is the value and nothing else, not even a line end.
 */
import { EXIT, type ExitStatus, errorRow, isErrorCode } from '../../base/errors.ts';
import { decodeUtf8, isUtf8 } from '../../base/text.ts';
import type { Answer, Refused, Result } from '../../client/answer.ts';
import type { RequestParts } from '../../client/client.ts';
import { STATUS } from '../../core/types.ts';
import { ABSENT_TEXT } from './grammar.ts';
import { printable } from './quoting.ts';

const encoder = new TextEncoder();
const LINE_END = Uint8Array.of(0x0a);
const NOTHING = new Uint8Array(0);

/** One line, or a value's bytes and a line end. */
export function answerLine(answer: Answer, isForTerminal: boolean): Uint8Array {
  const bytes = isValue(answer) && !isForTerminal ? answer.value : encoder.encode(lineOf(answer));
  return Buffer.concat([bytes, LINE_END]);
}

/** The value alone. */
export function rawAnswer(answer: Answer): Uint8Array {
  if (answer.kind === 'result') return isValue(answer) ? answer.value : NOTHING;
  return answer.kind === 'refused' ? NOTHING : encoder.encode(lineOf(answer));
}

const isValue = (answer: Answer): answer is Result =>
  answer.kind === 'result' && answer.status === STATUS.VALUE;

function lineOf(answer: Answer): string {
  switch (answer.kind) {
    case 'result':
      return resultLine(answer);
    case 'refused':
      return refusalLine(answer);
    case 'pong':
      return 'PONG';
    case 'metrics': {
      const { opsGet, opsPut, p99GetMicros, p99PutMicros } = answer.metrics;
      const counts = `ops_get=${opsGet} ops_put=${opsPut}`;
      return `${counts} p99_get=${p99GetMicros}µs p99_put=${p99PutMicros}µs`;
    }
  }
}

function resultLine({ status, value }: Result): string {
  switch (status) {
    case STATUS.OK:
      return 'OK';
    case STATUS.VALUE:
      return printable(value);
    case STATUS.NOT_FOUND:
      return ABSENT_TEXT;
    default:
      return `CONDITION_FAILED ${conditionOf(value)}`;
  }
}

/** On the wire an empty value and an absent key look alike here. */
const conditionOf = (value: Uint8Array): string =>
  value.length === 0 ? 'the key does not exist or is empty' : `it holds ${printable(value)}`;

/** `CODE message`, on one line whatever the server wrote. */
export function refusalLine({ code, message }: Pick<Refused, 'code' | 'message'>): string {
  return `${code} ${message}`.replaceAll(/\s+/g, ' ').trimEnd();
}

/** What to do about it; null where there is nothing to do. */
export function remedyOf(answer: Answer): string | null {
  if (answer.kind !== 'refused') return null;
  const hint = answer.retryAfterMs > 0 ? ` The node suggests ${answer.retryAfterMs} ms.` : '';
  return isErrorCode(answer.code) ? `${errorRow(answer.code).remedy}${hint}` : null;
}

/** `isMissFailure`: whether a missing key is one. */
export function exitOf(answer: Answer, isMissFailure: boolean): ExitStatus {
  switch (answer.kind) {
    case 'result':
      if (answer.status === STATUS.NOT_FOUND && isMissFailure) return EXIT.NOT_FOUND;
      return answer.status === STATUS.CONDITION_FAILED ? EXIT.PRECONDITION_FAILED : EXIT.OK;
    case 'refused':
      if (answer.outcome === 'unknown') return EXIT.OUTCOME_UNKNOWN;
      return isErrorCode(answer.code) ? errorRow(answer.code).exit : EXIT.ERROR;
    default:
      return EXIT.OK;
  }
}

const STATUS_NAMES = ['OK', 'VALUE', 'NOT_FOUND', 'CONDITION_FAILED'];

/** What `-o json` prints of a command. Bytes that are not UTF-8 come as base64. */
export function answerObject(name: string, request: RequestParts, answer: Answer): object {
  const head = { command: name, ...(request.key === undefined ? {} : textOf('key', request.key)) };
  switch (answer.kind) {
    case 'result': {
      const { status, value, revision } = answer;
      const hasValue = status === STATUS.VALUE || status === STATUS.CONDITION_FAILED;
      const told = hasValue ? textOf('value', value) : {};
      return { ...head, status: STATUS_NAMES[status] ?? `${status}`, ...told, revision };
    }
    case 'refused': {
      const { code, message, outcome } = answer;
      return { ...head, error: { code, message, outcome, remedy: remedyOf(answer) } };
    }
    case 'pong':
      return { ...head, status: 'PONG' };
    case 'metrics':
      return { ...head, status: 'OK', ...answer.metrics };
  }
}

function textOf(name: string, bytes: Uint8Array): object {
  if (isUtf8(bytes)) return { [name]: decodeUtf8(bytes) };
  return { [`${name}Base64`]: Buffer.from(bytes).toString('base64') };
}
