/**
 * Requests that a follower passes on to the leader, and the leader's answers: bodies of messages on
 * the FORWARD channel. Little-endian, 8-byte aligned.
 *
 *   request   0 u64 nonce · 8 u64 term · 16 u64 sequence · 24 u64 lowest unanswered sequence
 *            32 u32 command count · 36 u32 zero · 40 the commands (command.ts), in order
 *   reply     0 u64 nonce · 8 u64 term · 16 u64 sequence · 24 u32 row count · 28 u32 zero
 *            32 rows: u8 kind · u8 status · u16 zero · u32 bytes · u64 revision · bytes, padded to 8
 *
 * A stream is (sender's store, nonce of its boot, group, term of the leader it speaks to); its
 * sequences begin at 1. A row's kind: 0 a result with its value, 1 refused with an error code in
 * its bytes, 2 unknown.
 */
import { align8, getU32, getU64, isSafeU64, putU32, putU64 } from '../../base/bytes.ts';

export const FORWARD_TYPE = { REQUEST: 1, REPLY: 2 } as const;
/** Commands in one request: as many answers with a number or a code fit into one frame. */
export const FORWARD_ROWS_MAX = 16_384;
export const REQUEST_HEAD_BYTES = 40;
export const REPLY_HEAD_BYTES = 32;
export const ROW_HEAD_BYTES = 16;
export const ROW_KIND = { RESULT: 0, REFUSED: 1, UNKNOWN: 2 } as const;

export interface ForwardRequest {
  readonly nonce: number;
  readonly term: number;
  readonly sequence: number;
  readonly lowestUnanswered: number;
  readonly count: number;
}

export function encodeRequestHead(request: ForwardRequest): Uint8Array {
  const head = new Uint8Array(REQUEST_HEAD_BYTES);
  putU64(head, 0, request.nonce);
  putU64(head, 8, request.term);
  putU64(head, 16, request.sequence);
  putU64(head, 24, request.lowestUnanswered);
  putU32(head, 32, request.count);
  return head;
}

function areSafe(bytes: Uint8Array, at: number, words: number): boolean {
  for (let word = 0; word < words; word++) if (!isSafeU64(bytes, at + word * 8)) return false;
  return true;
}

export function readRequestHead(bytes: Uint8Array, at: number, end: number): ForwardRequest | null {
  if (end - at < REQUEST_HEAD_BYTES || !areSafe(bytes, at, 4)) return null;
  return {
    nonce: getU64(bytes, at),
    term: getU64(bytes, at + 8),
    sequence: getU64(bytes, at + 16),
    lowestUnanswered: getU64(bytes, at + 24),
    count: getU32(bytes, at + 32),
  };
}

export interface ForwardReply {
  readonly nonce: number;
  readonly term: number;
  readonly sequence: number;
  readonly count: number;
}

export interface ReplyRow {
  kind: number;
  status: number;
  revision: number;
  at: number;
  bytes: number;
}

export function writeReplyHead(bytes: Uint8Array, reply: ForwardReply): void {
  putU64(bytes, 0, reply.nonce);
  putU64(bytes, 8, reply.term);
  putU64(bytes, 16, reply.sequence);
  putU32(bytes, 24, reply.count);
}

export const replyRowBytes = (valueBytes: number): number => align8(ROW_HEAD_BYTES + valueBytes);

/** Writes a row at `at`; answers where the next one begins. */
export function writeReplyRow(
  bytes: Uint8Array,
  at: number,
  row: { readonly kind: number; readonly status: number; readonly revision: number },
  value: Uint8Array,
): number {
  bytes[at] = row.kind;
  bytes[at + 1] = row.status;
  putU32(bytes, at + 4, value.length);
  putU64(bytes, at + 8, row.revision);
  bytes.set(value, at + ROW_HEAD_BYTES);
  return at + replyRowBytes(value.length);
}

export function readReplyHead(bytes: Uint8Array, at: number, end: number): ForwardReply | null {
  if (end - at < REPLY_HEAD_BYTES || !areSafe(bytes, at, 3)) return null;
  return {
    nonce: getU64(bytes, at),
    term: getU64(bytes, at + 8),
    sequence: getU64(bytes, at + 16),
    count: getU32(bytes, at + 24),
  };
}

/** Reads the row at `at`; answers where the next one begins, or -1 for a malformed one. */
export function readReplyRow(bytes: Uint8Array, at: number, end: number, row: ReplyRow): number {
  if (end - at < ROW_HEAD_BYTES || !isSafeU64(bytes, at + 8)) return -1;
  row.kind = bytes[at]!;
  row.status = bytes[at + 1]!;
  row.bytes = getU32(bytes, at + 4);
  row.revision = getU64(bytes, at + 8);
  row.at = at + ROW_HEAD_BYTES;
  const next = at + replyRowBytes(row.bytes);
  return next > end || row.kind > ROW_KIND.UNKNOWN ? -1 : next;
}
