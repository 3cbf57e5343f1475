import { describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../base/errors.ts';
import { encodeUtf8 } from '../base/text.ts';
import {
  FORWARD_ROWS_MAX,
  REPLY_HEAD_BYTES,
  type ReplyRow,
  ROW_KIND,
  readReplyRow,
} from '../core/forward/codec.ts';
import { PeerFrameWriter } from '../core/protocol/peer-frame.ts';
import { ResultLane } from '../core/results.ts';
import { STATUS, VALUE_BYTES_MAX } from '../core/types.ts';
import { NODE_DEFAULTS } from './config.ts';
import type { Group } from './group.ts';
import { ROOMY_BYTES, Served } from './served.ts';
import type { NodeState } from './state.ts';

const LEADER_STREAM = { nonce: 1, term: 1, sequence: 1, lowestUnanswered: 1, count: 0 };

/** A batch of as many rows as there are values, each answered by its value; what leaves then. */
function replyTo(valueBytes: readonly number[], kind: 'read' | 'write' = 'read'): Uint8Array {
  const served = new Served(NODE_DEFAULTS.forwardReplyBytesMax);
  const from = { id: 2, store: 's' } as never;
  const stream = served.stream(from, { id: 0 } as Group, LEADER_STREAM);
  const number = -1 - served.open(stream, 1, valueBytes.length);
  const value = new Uint8Array(VALUE_BYTES_MAX);
  for (const [slot, bytes] of valueBytes.entries()) {
    const lane = new ResultLane();
    lane.push(STATUS.VALUE, 1, value, 0, bytes);
    if (kind === 'read') served.markRead(number, slot);
    served.complete(number, slot, lane, 0);
  }
  const sent: Uint8Array[] = [];
  const peers = { send: (_to: unknown, _head: unknown, [body]: Uint8Array[]) => sent.push(body!) };
  served.flush({ peers } as unknown as NodeState);
  expect(sent).toHaveLength(1);
  return sent[0]!;
}

interface Told {
  readonly kind: number;
  readonly status: number;
  readonly revision: number;
  readonly bytes: Uint8Array;
}

function rowsOf(reply: Uint8Array, count: number): Told[] {
  const row: ReplyRow = { kind: 0, status: 0, revision: 0, at: 0, bytes: 0 };
  let at = REPLY_HEAD_BYTES;
  return Array.from({ length: count }, () => {
    at = readReplyRow(reply, at, reply.length, row);
    expect(at).toBeGreaterThan(0);
    return { ...row, bytes: reply.slice(row.at, row.at + row.bytes) };
  });
}

const fits = (reply: Uint8Array): boolean => !new PeerFrameWriter().wouldExceed(reply.length);

describe('the answers to one batch fit into a frame', () => {
  test('whatever they are: a value for which there is no room is refused', () => {
    const reply = replyTo(Array.from({ length: 100 }, () => 256 * 1024));
    expect(fits(reply)).toBe(true);
    const rows = rowsOf(reply, 100);
    // 16 MiB and some.
    const refused = rows.filter(({ kind }) => kind === ROW_KIND.REFUSED);
    expect(refused.every(({ bytes }) => `${bytes}` === `${encodeUtf8('OVERLOADED')}`)).toBe(true);
    expect(100 - refused.length).toBe(64);
  });

  test('what was applied is not said to be refused: its result is dropped', () => {
    const values = Array.from({ length: 100 }, () => 256 * 1024);
    const rows = rowsOf(replyTo(values, 'write'), 100);
    expect(rows.every(({ kind }) => kind === ROW_KIND.RESULT)).toBe(true);
    const dropped = rows.filter(({ status }) => status === STATUS.APPLIED_RESULT_DROPPED);
    expect(dropped).toHaveLength(36);
    expect(dropped.every(({ bytes, revision }) => bytes.length === 0 && revision === 1)).toBe(true);
  });

  test('one largest value among as many rows as there can be is not refused', () => {
    const values = Array.from({ length: FORWARD_ROWS_MAX }, () => ROOMY_BYTES);
    values[7] = VALUE_BYTES_MAX;
    const reply = replyTo(values);
    expect(fits(reply)).toBe(true);
    const rows = rowsOf(reply, values.length);
    expect(rows.every(({ kind }) => kind === ROW_KIND.RESULT)).toBe(true);
    expect(rows[7]!.bytes).toHaveLength(VALUE_BYTES_MAX);
  });

  test('and as many codes', () => {
    const longest = Math.max(...ERROR_CODES.map((code) => code.length));
    expect(longest).toBeLessThanOrEqual(ROOMY_BYTES);
  });
});
