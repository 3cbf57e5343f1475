/**
 * Raft messages as bytes: the body of a peer-frame message on the RAFT channel
 * (docs/formats/raft-message.md). Little-endian, 8-byte aligned; `from` and `to` are the frame's.
 *
 *   every body   0  u64 term
 *   pre-vote     8  u64 asked term, u64 last index, u64 last term
 *   its reply    8  u64 asked term, u64 granted
 *   vote         8  u64 last index, u64 last term, u64 is transfer
 *   its reply    8  u64 granted, u64 wall
 *   append       8  u64 previous index, previous term, commit index, round, clock;
 *                   u32 entry count, u32 zero; the entries back to back
 *   its reply    8  u64 round, u32 accepted, u32 durability, u64 match index,
 *                   u64 rejected index, hint index, hint term, wall
 *   timeout-now  nothing more
 *
 * Decoding trusts nothing: lengths, ranges, both CRCs of every entry, and that entries follow each
 * other. Null means: drop the message.
 */
import { getU32, getU64, isSafeU64, putU32, putU64 } from '../../base/bytes.ts';
import type { GroupId, LogIndex, Term } from '../../base/units.ts';
import { ENTRY_HEADER_BYTES, isEntryBodyIntact, readEntryHeader } from '../entry.ts';
import type { Durability, Member } from '../types.ts';
import type { Append, AppendReply, Message } from './message.ts';

export const MESSAGE_TYPE = {
  'pre-vote': 1,
  'pre-vote-reply': 2,
  vote: 3,
  'vote-reply': 4,
  append: 5,
  'append-reply': 6,
  'timeout-now': 7,
} as const satisfies Record<Message['type'], number>;

const DURABILITY: readonly Durability[] = ['unsafe', 'durable', 'strict'];

/** u64 fields of each fixed body, term included. */
const FIXED_WORDS = { 1: 4, 2: 3, 3: 4, 4: 3, 6: 8, 7: 1 } as const;
const APPEND_HEAD_BYTES = 56;

/** The body as parts to be laid back to back: a head, and an append's entries as they are. */
export function encodeMessage(message: Message): Uint8Array[] {
  if (message.type !== 'append') {
    const bytes = new Uint8Array(FIXED_WORDS[MESSAGE_TYPE[message.type]] * 8);
    writeHead(message, bytes, 0);
    return [bytes];
  }
  const head = new Uint8Array(APPEND_HEAD_BYTES);
  writeHead(message, head, 0);
  return [head, ...message.entries];
}

/** Bytes of the body: a multiple of 8. */
export function messageBytes(message: Message): number {
  if (message.type !== 'append') return FIXED_WORDS[MESSAGE_TYPE[message.type]] * 8;
  let bytes = APPEND_HEAD_BYTES;
  for (const entry of message.entries) bytes += entry.length;
  return bytes;
}

function writeHead(message: Message, bytes: Uint8Array, at: number): void {
  putU64(bytes, at, message.term);
  switch (message.type) {
    case 'pre-vote':
      putU64s(bytes, at + 8, [message.askedTerm, message.lastIndex, message.lastTerm]);
      break;
    case 'pre-vote-reply':
      putU64s(bytes, at + 8, [message.askedTerm, Number(message.granted)]);
      break;
    case 'vote':
      putU64s(bytes, at + 8, [message.lastIndex, message.lastTerm, Number(message.isTransfer)]);
      break;
    case 'vote-reply':
      putU64s(bytes, at + 8, [Number(message.granted), message.wall]);
      break;
    case 'append':
      writeAppend(message, bytes, at);
      break;
    case 'append-reply':
      writeAppendReply(message, bytes, at);
      break;
    case 'timeout-now':
      break;
  }
}

function putU64s(bytes: Uint8Array, at: number, values: readonly number[]): void {
  for (let n = 0; n < values.length; n++) putU64(bytes, at + n * 8, values[n]!);
}

function writeAppend(append: Append, bytes: Uint8Array, at: number): void {
  const { previousIndex, previousTerm, commitIndex, round, clock } = append;
  putU64s(bytes, at + 8, [previousIndex, previousTerm, commitIndex, round, clock]);
  putU32(bytes, at + 48, append.entries.length);
  putU32(bytes, at + 52, 0);
}

function writeAppendReply(reply: AppendReply, bytes: Uint8Array, at: number): void {
  putU64(bytes, at + 8, reply.round);
  putU32(bytes, at + 16, Number(reply.accepted));
  putU32(bytes, at + 20, DURABILITY.indexOf(reply.durability));
  const { matchIndex, rejectedIndex, hintIndex, hintTerm, wall } = reply;
  putU64s(bytes, at + 24, [matchIndex, rejectedIndex, hintIndex, hintTerm, wall]);
}

export interface MessageSource {
  readonly from: Member;
  readonly to: Member;
  readonly group: GroupId;
}

/** The message of `type` in bytes [at, end), or null. Entries are views into `bytes`. */
export function readMessage(
  type: number,
  source: MessageSource,
  bytes: Uint8Array,
  range: { readonly at: number; readonly end: number },
): Message | null {
  const { at, end } = range;
  if (end - at < 8 || !isSafeU64(bytes, at)) return null;
  const envelope = { from: source.from, to: source.to, term: getU64(bytes, at) as Term };
  if (type === MESSAGE_TYPE.append) return readAppend(envelope, source.group, bytes, range);
  const words = FIXED_WORDS[type as keyof typeof FIXED_WORDS];
  if (words === undefined || end - at !== words * 8) return null;
  return readFixed(type as keyof typeof FIXED_WORDS, envelope, bytes, at);
}

type Envelope = Pick<Message, 'from' | 'to' | 'term'>;

function readFixed(
  type: keyof typeof FIXED_WORDS,
  envelope: Envelope,
  bytes: Uint8Array,
  at: number,
): Message | null {
  if (type === MESSAGE_TYPE['append-reply']) return readAppendReply(envelope, bytes, at);
  for (let word = 1; word < FIXED_WORDS[type]; word++) {
    if (!isSafeU64(bytes, at + word * 8)) return null;
  }
  const word = (n: number): number => getU64(bytes, at + n * 8);
  switch (type) {
    case MESSAGE_TYPE['pre-vote']:
      return {
        type: 'pre-vote',
        ...envelope,
        askedTerm: word(1) as Term,
        lastIndex: word(2) as LogIndex,
        lastTerm: word(3) as Term,
      };
    case MESSAGE_TYPE['pre-vote-reply']:
      return {
        type: 'pre-vote-reply',
        ...envelope,
        askedTerm: word(1) as Term,
        granted: word(2) === 1,
      };
    case MESSAGE_TYPE.vote:
      return {
        type: 'vote',
        ...envelope,
        lastIndex: word(1) as LogIndex,
        lastTerm: word(2) as Term,
        isTransfer: word(3) === 1,
      };
    case MESSAGE_TYPE['vote-reply']:
      return { type: 'vote-reply', ...envelope, granted: word(1) === 1, wall: word(2) };
    case MESSAGE_TYPE['timeout-now']:
      return { type: 'timeout-now', ...envelope };
  }
}

/** Field by field: to spread the envelope takes three times as long, and these are most of all. */
function readAppendReply(envelope: Envelope, bytes: Uint8Array, at: number): AppendReply | null {
  const durability = DURABILITY[getU32(bytes, at + 20)];
  if (durability === undefined || !isSafeU64(bytes, at + 8)) return null;
  for (let cursor = at + 24; cursor < at + 64; cursor += 8) {
    if (!isSafeU64(bytes, cursor)) return null;
  }
  return {
    type: 'append-reply',
    from: envelope.from,
    to: envelope.to,
    term: envelope.term,
    round: getU64(bytes, at + 8),
    accepted: getU32(bytes, at + 16) === 1,
    durability,
    matchIndex: getU64(bytes, at + 24) as LogIndex,
    rejectedIndex: getU64(bytes, at + 32) as LogIndex,
    hintIndex: getU64(bytes, at + 40) as LogIndex,
    hintTerm: getU64(bytes, at + 48) as Term,
    wall: getU64(bytes, at + 56),
  };
}

function readAppend(
  envelope: Envelope,
  group: GroupId,
  bytes: Uint8Array,
  { at, end }: { readonly at: number; readonly end: number },
): Append | null {
  if (end - at < APPEND_HEAD_BYTES) return null;
  for (let word = 1; word < 6; word++) if (!isSafeU64(bytes, at + word * 8)) return null;
  const previousIndex = getU64(bytes, at + 8) as LogIndex;
  const count = getU32(bytes, at + 48);
  const previousTerm = getU64(bytes, at + 16) as Term;
  const expected = { group, previousIndex, previousTerm, count, term: envelope.term };
  const entries = readEntries(expected, bytes, { at: at + APPEND_HEAD_BYTES, end });
  if (entries === null) return null;
  return {
    type: 'append',
    from: envelope.from,
    to: envelope.to,
    term: envelope.term,
    previousIndex,
    previousTerm,
    commitIndex: getU64(bytes, at + 24) as LogIndex,
    round: getU64(bytes, at + 32),
    clock: getU64(bytes, at + 40),
    entries,
  };
}

function readEntries(
  expected: Pick<Append, 'previousIndex' | 'previousTerm' | 'term'> & {
    readonly group: GroupId;
    readonly count: number;
  },
  bytes: Uint8Array,
  { at, end }: { readonly at: number; readonly end: number },
): Uint8Array[] | null {
  const entries: Uint8Array[] = [];
  let cursor = at;
  let lastTerm: number = expected.previousTerm;
  for (let n = 1; n <= expected.count; n++) {
    const header = readEntryHeader(bytes, cursor, end);
    if (header === null || !isEntryBodyIntact(bytes, cursor, end, header)) return null;
    const isNext = header.group === expected.group && header.index === expected.previousIndex + n;
    if (!isNext || header.term < lastTerm || header.term > expected.term) return null;
    lastTerm = header.term;
    const size = ENTRY_HEADER_BYTES + header.bodyBytes;
    entries.push(bytes.subarray(cursor, cursor + size));
    cursor += size;
  }
  return cursor === end ? entries : null;
}
