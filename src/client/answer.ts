/**
 * What became of a request: a result, a pong, numbers, or a refusal.
 *
 * A refusal's outcome is what the server said of it; where it said nothing, what the table of
 * errors says of the code; for a code that this version does not know, unknown.
 */
import { type ErrorCode, errorRow, isErrorCode, type Outcome } from '../base/errors.ts';
import { decodeUtf8 } from '../base/text.ts';
import { NO_STATUS, type ReplyReader, readMetrics, readRefusal } from '../core/protocol/replies.ts';
import { REPLY } from '../core/protocol/wire.ts';
import type { WireMetrics } from '../core/protocol/writer.ts';

export interface Refused {
  readonly kind: 'refused';
  /** Of the table of errors, unless the server is newer than this. */
  readonly code: string;
  readonly message: string;
  readonly outcome: Outcome;
  /** 0: no hint. */
  readonly retryAfterMs: number;
}

export interface Result {
  readonly kind: 'result';
  /** STATUS: OK, VALUE, NOT_FOUND or CONDITION_FAILED. */
  readonly status: number;
  readonly value: Uint8Array;
  /** The group's count of changes after this request. */
  readonly revision: number;
}

export type Answer =
  | Result
  | Refused
  | { readonly kind: 'pong' }
  | { readonly kind: 'metrics'; readonly metrics: WireMetrics };

export function refused(code: ErrorCode, message: string): Refused {
  return { kind: 'refused', code, message, outcome: errorRow(code).outcome, retryAfterMs: 0 };
}

/** The answer in a row of `reader`; a copy, good for ever. */
export function readAnswer(reader: ReplyReader, row: number): Answer {
  const status = reader.status[row]!;
  if (status !== NO_STATUS) {
    const value = reader.value(row).slice();
    return { kind: 'result', status, value, revision: reader.revision[row]! };
  }
  switch (reader.command[row]) {
    case REPLY.PONG:
      return { kind: 'pong' };
    case REPLY.METRICS:
      return { kind: 'metrics', metrics: readMetrics(reader, row) };
    case REPLY.REDIRECT:
      return refused('NOT_LEADER', `the leader is at ${decodeUtf8(reader.value(row))}`);
    case REPLY.ERROR:
    case REPLY.FAILURE:
      return readRefused(reader, row);
    default:
      return refused('MALFORMED', `a reply ${reader.command[row]} that nobody asked for`);
  }
}

function readRefused(reader: ReplyReader, row: number): Refused {
  const { code, message, outcome, retryAfterMs } = readRefusal(reader, row);
  const known = isErrorCode(code) ? errorRow(code).outcome : 'unknown';
  return { kind: 'refused', code, message, outcome: outcome ?? known, retryAfterMs };
}
