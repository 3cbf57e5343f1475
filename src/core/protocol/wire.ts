/**
 * The client wire's numbers. docs/protocol/wire.md has the pictures and the worked bytes.
 *
 * 1. A frame is a 16-byte big-endian header, then the payload:
 *      0 u32 magic · 4 u8 command · 5 u8 flags · 6 u16 sender · 8 u32 payload bytes · 12 u32 seq
 * 2. The five seed commands with flags 0 are answered by the seed's plain replies. Command bytes
 *    from 0x20 on, and whatever carries TYPED, are answered by typed replies.
 * 3. One row per command says everything that delimiting and decoding need; there is no code per
 *    command. A byte without a row is an unknown command, whatever it may mean one day.
 */
import { KEY_BYTES_MAX, OPERATION, VALUE_BYTES_MAX } from '../types.ts';

export const FRAME_MAGIC = 0xa9ecbd10;
export const FRAME_FIRST_BYTE = 0xa9;
export const FRAME_HEADER_BYTES = 16;
export const WIRE_VERSION = 2;

export const REQUEST = {
  GET: 0x01,
  PUT: 0x02,
  DEL: 0x03,
  PING: 0x04,
  METRICS: 0x05,
  HELLO: 0x20,
  OPEN_SESSION: 0x21,
  CLOSE_SESSION: 0x22,
  COMPARE_AND_SWAP: 0x23,
  INCREMENT: 0x24,
  APPEND: 0x25,
} as const;

export const REPLY = {
  OK: 0x10,
  VALUE: 0x11,
  NOT_FOUND: 0x12,
  ERROR: 0x13,
  REDIRECT: 0x14,
  PONG: 0x15,
  METRICS: 0x16,
  WELCOME: 0x30,
  RESULT: 0x31,
  FAILURE: 0x32,
} as const;

export const FLAG = {
  /** The payload begins with u64 session, u64 sequence, u64 lowest unacknowledged. Writes only. */
  SESSION: 1,
  /** Any node may answer from what it has applied. Reads only. */
  STALE: 2,
  /** Answer REDIRECT instead of passing the request on to the leader. */
  REDIRECT: 4,
  /** Answer RESULT or FAILURE instead of the plain replies. */
  TYPED: 8,
} as const;
export const SESSION_PREFIX_BYTES = 24;

/** What a client may ask for in HELLO; the bits that WELCOME returns are granted. */
export const FEATURE = {
  /** Replies leave as they complete, matched by seq, instead of in request order. */
  COMPLETION_ORDER: 1,
  /** As if every request carried FLAG.REDIRECT. */
  REDIRECT: 2,
  /** As if every request carried FLAG.TYPED. */
  TYPED: 4,
} as const;
export const FEATURES_KNOWN = FEATURE.COMPLETION_ORDER | FEATURE.REDIRECT | FEATURE.TYPED;

export const ROLE = { CLIENT: 0, PEER: 1 } as const;

/** A longer payload is taken for garbage and ends the connection; a shorter one can be skipped. */
export const PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;
export const HELLO_BYTES_MAX = 1024;

/** The longest frame that is ever kept: a swap of a largest value under a session. */
export const KEPT_FRAME_BYTES_MAX =
  FRAME_HEADER_BYTES + SESSION_PREFIX_BYTES + 12 + KEY_BYTES_MAX + 2 * VALUE_BYTES_MAX;

/** What a payload consists of, in this order, after the session prefix. */
export const FIELD = {
  KEY: 1,
  /** A string, or the bare length ABSENT: "the key must not exist". */
  EXPECTED: 2,
  VALUE: 4,
  /** The payload is handed on as it is. */
  RAW: 8,
} as const;

export interface CommandRow {
  readonly name: string;
  readonly command: number;
  /** OPERATION of the core command it becomes; 0: the node answers by itself. */
  readonly operation: number;
  readonly fields: number;
  /** Flags that make sense. REDIRECT and TYPED are wishes and always do. */
  readonly flagsAllowed: number;
  readonly flagsNeeded: number;
}

const WISHES = FLAG.REDIRECT | FLAG.TYPED;

function row(
  name: keyof typeof REQUEST,
  operation: number,
  fields: number,
  flags: { readonly allowed: number; readonly needed: number },
): CommandRow {
  const flagsAllowed = WISHES | flags.allowed | flags.needed;
  const command = REQUEST[name];
  return { name, command, operation, fields, flagsAllowed, flagsNeeded: flags.needed };
}

const NONE = { allowed: 0, needed: 0 };
const READ = { allowed: FLAG.STALE, needed: 0 };
const WRITE = { allowed: FLAG.SESSION, needed: 0 };
const IN_SESSION = { allowed: 0, needed: FLAG.SESSION };
const PAIR = FIELD.KEY | FIELD.VALUE;

export const COMMAND_ROWS: readonly CommandRow[] = [
  row('GET', OPERATION.GET, FIELD.KEY, READ),
  row('PUT', OPERATION.PUT, PAIR, WRITE),
  row('DEL', OPERATION.DELETE, FIELD.KEY, WRITE),
  row('PING', 0, 0, NONE),
  row('METRICS', 0, 0, NONE),
  row('HELLO', 0, FIELD.RAW, NONE),
  row('OPEN_SESSION', OPERATION.OPEN_SESSION, 0, NONE),
  row('CLOSE_SESSION', OPERATION.CLOSE_SESSION, 0, IN_SESSION),
  row('COMPARE_AND_SWAP', OPERATION.COMPARE_AND_SWAP, PAIR | FIELD.EXPECTED, WRITE),
  row('INCREMENT', OPERATION.INCREMENT, PAIR, WRITE),
  row('APPEND', OPERATION.APPEND, PAIR, WRITE),
];

/** COMMAND_ROWS by command byte; null: unknown. Filled while the module loads. */
const ROW_OF: readonly (CommandRow | null)[] = Array.from(
  { length: 256 },
  (_, command) => COMMAND_ROWS.find((known) => known.command === command) ?? null,
);

export const commandRow = (command: number): CommandRow | null => ROW_OF[command]!;

/** Whether the reply to this request is typed: by wish, or because the seed did not know it. */
export const isTyped = (command: number, flags: number): boolean =>
  (flags & FLAG.TYPED) !== 0 || command >= REQUEST.HELLO;
