/**
 * What sender and receiver of a snapshot file say: bodies on the SNAPSHOT channel
 * (docs/formats/snapshot-transfer.md). Little-endian, a multiple of 8 bytes.
 *
 *   CHUNK 1                                 ANSWER 2
 *    0  u64 term of the sending leader       0  u64 index
 *    8  u64 index      16  u64 term          8  u64 offset
 *   24  u64 file bytes of the snapshot      16  u64 round, as in the chunk answered
 *   32  u32 file CRC                        24  u32 file CRC
 *   36  u32 data bytes                      28  u32 verdict
 *   40  u64 offset     48  u64 round
 *   56  data, zero-padded to 8
 *
 * 1. A file is named by its content (index, term, bytes, CRC), not by a number that either side
 *    would have to remember over a restart.
 * 2. An answer says where the receiver stands; the sender believes nothing else.
 * 3. Decoding trusts nothing. Null means: drop the message.
 */
import { align8, getU32, getU64, isSafeU64, putU32, putU64 } from '../../base/bytes.ts';
import type { LogIndex, Term } from '../../base/units.ts';
import { HEADER_BYTES_MIN } from './file-format.ts';

export const MESSAGE_TYPE = { CHUNK: 1, ANSWER: 2 } as const;

/** No sender's setting exceeds this, no receiver takes more at once. */
export const CHUNK_BYTES_LIMIT = 1024 * 1024;
const CHUNK_HEAD_BYTES = 56;
const ANSWER_BYTES = 32;

export const VERDICTS = ['held', 'wanted', 'installed', 'refused', 'damaged'] as const;
/**
 * held: everything before `offset` is there. wanted: a chunk was out of place, go on at `offset`.
 * installed: the snapshot, or what is newer, is in force. refused: it is not wanted now.
 * damaged: what arrived is not the file that was announced.
 */
export type Verdict = (typeof VERDICTS)[number];

/** Which file, whoever sends it. */
export interface FileIdentity {
  readonly index: LogIndex;
  readonly term: Term;
  readonly fileBytes: number;
  readonly fileCrc: number;
}

export interface Chunk {
  readonly leaderTerm: Term;
  readonly identity: FileIdentity;
  readonly offset: number;
  /** Grows whenever the sender goes back, so that answers from before are told apart. */
  readonly round: number;
  /** Empty at the end of the file: only asks how things stand. */
  readonly data: Uint8Array;
}

export interface Answer {
  readonly index: LogIndex;
  readonly fileCrc: number;
  readonly offset: number;
  readonly round: number;
  readonly verdict: Verdict;
}

export function sameFile(left: FileIdentity, right: FileIdentity): boolean {
  return (
    left.index === right.index &&
    left.term === right.term &&
    left.fileBytes === right.fileBytes &&
    left.fileCrc === right.fileCrc
  );
}

/** Parts to be laid back to back; whoever frames them pads to 8. */
export function encodeChunk(chunk: Chunk): Uint8Array[] {
  const head = new Uint8Array(CHUNK_HEAD_BYTES);
  const { identity } = chunk;
  putU64(head, 0, chunk.leaderTerm);
  putU64(head, 8, identity.index);
  putU64(head, 16, identity.term);
  putU64(head, 24, identity.fileBytes);
  putU32(head, 32, identity.fileCrc);
  putU32(head, 36, chunk.data.length);
  putU64(head, 40, chunk.offset);
  putU64(head, 48, chunk.round);
  return [head, chunk.data];
}

export function decodeChunk(body: Uint8Array): Chunk | null {
  if (body.length < CHUNK_HEAD_BYTES) return null;
  for (const at of [0, 8, 16, 24, 40, 48]) if (!isSafeU64(body, at)) return null;
  const dataBytes = getU32(body, 36);
  // The length is what tells a short chunk from a whole one: it must fit exactly.
  if (dataBytes > CHUNK_BYTES_LIMIT) return null;
  if (body.length !== align8(CHUNK_HEAD_BYTES + dataBytes)) return null;
  const identity = {
    index: getU64(body, 8) as LogIndex,
    term: getU64(body, 16) as Term,
    fileBytes: getU64(body, 24),
    fileCrc: getU32(body, 32),
  };
  const offset = getU64(body, 40);
  const isAtEnd = offset === identity.fileBytes;
  if (identity.index === 0 || identity.fileBytes < HEADER_BYTES_MIN) return null;
  if (offset + dataBytes > identity.fileBytes || (dataBytes === 0) !== isAtEnd) return null;
  return {
    leaderTerm: getU64(body, 0) as Term,
    identity,
    offset,
    round: getU64(body, 48),
    data: body.subarray(CHUNK_HEAD_BYTES, CHUNK_HEAD_BYTES + dataBytes),
  };
}

export function encodeAnswer(answer: Answer): Uint8Array[] {
  const bytes = new Uint8Array(ANSWER_BYTES);
  putU64(bytes, 0, answer.index);
  putU64(bytes, 8, answer.offset);
  putU64(bytes, 16, answer.round);
  putU32(bytes, 24, answer.fileCrc);
  putU32(bytes, 28, VERDICTS.indexOf(answer.verdict));
  return [bytes];
}

export function decodeAnswer(body: Uint8Array): Answer | null {
  if (body.length !== ANSWER_BYTES) return null;
  for (const at of [0, 8, 16]) if (!isSafeU64(body, at)) return null;
  const verdict = VERDICTS[getU32(body, 28)];
  if (verdict === undefined) return null;
  return {
    index: getU64(body, 0) as LogIndex,
    offset: getU64(body, 8),
    round: getU64(body, 16),
    fileCrc: getU32(body, 24),
    verdict,
  };
}
