/**
 * A command as bytes: what an entry's body consists of. docs/formats/entry.md has the picture.
 *
 *   0  u32 size of the whole command, padding included; a multiple of 8
 *   4  u8  operation
 *   5  u8  flags
 *   6  u16 zero
 *   8  only with SESSION:  u64 session, u64 sequence, u64 lowest unacknowledged sequence
 *   .  only with DEADLINE: u64 wall-clock milliseconds, compared with log time
 *   .  u32 key bytes, u32 value bytes, key, value, zero padding to 8
 *
 * What `value` means depends on the operation:
 *   PUT, APPEND: the bytes. INCREMENT: a decimal i64 in ASCII. SETTINGS: settings.ts.
 *   COMPARE_AND_SWAP: u32 length of the expected value (ABSENT: the key must not exist),
 *   the expected value, the new value.
 *   OPEN_SESSION: empty key and value; the session's id is the revision the command gets.
 *
 * Decoding trusts nothing: `readCommand` answers false for anything malformed.
 */
import { align8, getU32, getU64, isSafeU64, putU32, putU64 } from '../base/bytes.ts';

export const COMMAND_FLAG = {
  SESSION: 1,
  DEADLINE: 2,
  IF_ABSENT: 4,
  IF_PRESENT: 8,
  KEEP_DEADLINE: 16,
  /** Answer with the value the key held before. */
  RETURN_OLD: 32,
} as const;

/** Of a command without session and deadline: what comes before its key. */
const PLAIN_HEAD_BYTES = 16;

/** In COMPARE_AND_SWAP: expects that the key does not exist. */
export const ABSENT = 0xffff_ffff;

/** A decoded command: offsets into the bytes it was read from. Reused; holds no copy. */
export interface CommandView {
  size: number;
  operation: number;
  flags: number;
  session: number;
  sequence: number;
  lowestUnacknowledged: number;
  deadline: number;
  keyAt: number;
  keyBytes: number;
  valueAt: number;
  valueBytes: number;
}

export function newCommandView(): CommandView {
  return {
    size: 0,
    operation: 0,
    flags: 0,
    session: 0,
    sequence: 0,
    lowestUnacknowledged: 0,
    deadline: 0,
    keyAt: 0,
    keyBytes: 0,
    valueAt: 0,
    valueBytes: 0,
  };
}

/** Bytes of a command with these parts, padding included. */
export function commandSize(flags: number, keyBytes: number, valueBytes: number): number {
  const session = (flags & COMMAND_FLAG.SESSION) !== 0 ? 24 : 0;
  const deadline = (flags & COMMAND_FLAG.DEADLINE) !== 0 ? 8 : 0;
  return align8(8 + session + deadline + 8 + keyBytes + valueBytes);
}

/**
 * Writes everything but key and value at `at`, which must have `view.size` bytes of room, sets
 * `view.keyAt` and `view.valueAt`, and zeroes the padding. The caller copies key and value there.
 * `view.size`, `keyAt` and `valueAt` are outputs; the other fields are inputs.
 */
export function writeCommandHead(bytes: Uint8Array, at: number, view: CommandView): void {
  view.size = commandSize(view.flags, view.keyBytes, view.valueBytes);
  putU32(bytes, at, view.size);
  bytes[at + 4] = view.operation;
  bytes[at + 5] = view.flags;
  bytes[at + 6] = 0;
  bytes[at + 7] = 0;
  let cursor = at + 8;
  if ((view.flags & COMMAND_FLAG.SESSION) !== 0) {
    putU64(bytes, cursor, view.session);
    putU64(bytes, cursor + 8, view.sequence);
    putU64(bytes, cursor + 16, view.lowestUnacknowledged);
    cursor += 24;
  }
  if ((view.flags & COMMAND_FLAG.DEADLINE) !== 0) {
    putU64(bytes, cursor, view.deadline);
    cursor += 8;
  }
  putU32(bytes, cursor, view.keyBytes);
  putU32(bytes, cursor + 4, view.valueBytes);
  view.keyAt = cursor + 8;
  view.valueAt = view.keyAt + view.keyBytes;
  for (let pad = view.valueAt + view.valueBytes; pad < at + view.size; pad++) bytes[pad] = 0;
}

/**
 * The same for a command without session, deadline or flags: answers where the key goes, behind which
 * comes the value.
 */
export function writePlainCommandHead(
  bytes: Uint8Array,
  at: number,
  operation: number,
  keyBytes: number,
  valueBytes: number,
): number {
  const size = commandSize(0, keyBytes, valueBytes);
  putU32(bytes, at, size);
  putU32(bytes, at + 4, operation);
  putU32(bytes, at + 8, keyBytes);
  putU32(bytes, at + 12, valueBytes);
  const keyAt = at + PLAIN_HEAD_BYTES;
  for (let pad = keyAt + keyBytes + valueBytes; pad < at + size; pad++) bytes[pad] = 0;
  return keyAt;
}

/** Decodes the command at `at` into `view`. False: malformed, or not within `end`. */
export function readCommand(
  bytes: Uint8Array,
  at: number,
  end: number,
  view: CommandView,
): boolean {
  if (end - at < 16) return false;
  const size = getU32(bytes, at);
  if (size % 8 !== 0 || size < 16 || size > end - at) return false;
  view.size = size;
  view.operation = bytes[at + 4]!;
  view.flags = bytes[at + 5]!;
  const session = (view.flags & COMMAND_FLAG.SESSION) !== 0;
  const deadline = (view.flags & COMMAND_FLAG.DEADLINE) !== 0;
  const fixed = 16 + (session ? 24 : 0) + (deadline ? 8 : 0);
  if (size < fixed) return false;
  let cursor = at + 8;
  view.session = 0;
  view.sequence = 0;
  view.lowestUnacknowledged = 0;
  view.deadline = 0;
  if (session) {
    if (!isSafeU64(bytes, cursor)) return false;
    if (!isSafeU64(bytes, cursor + 8) || !isSafeU64(bytes, cursor + 16)) return false;
    view.session = getU64(bytes, cursor);
    view.sequence = getU64(bytes, cursor + 8);
    view.lowestUnacknowledged = getU64(bytes, cursor + 16);
    cursor += 24;
  }
  if (deadline) {
    if (!isSafeU64(bytes, cursor)) return false;
    view.deadline = getU64(bytes, cursor);
    cursor += 8;
  }
  view.keyBytes = getU32(bytes, cursor);
  view.valueBytes = getU32(bytes, cursor + 4);
  view.keyAt = cursor + 8;
  view.valueAt = view.keyAt + view.keyBytes;
  return align8(fixed + view.keyBytes + view.valueBytes) === size;
}

/** A command as fresh bytes: for tests, the simulator and rare commands; not for the hot path. */
export function encodeCommand(command: {
  readonly operation: number;
  readonly flags?: number;
  readonly session?: number;
  readonly sequence?: number;
  readonly lowestUnacknowledged?: number;
  readonly deadline?: number;
  readonly key?: Uint8Array;
  readonly value?: Uint8Array;
}): Uint8Array {
  const key = command.key ?? new Uint8Array(0);
  const value = command.value ?? new Uint8Array(0);
  const view = newCommandView();
  view.operation = command.operation;
  view.flags =
    (command.flags ?? 0) |
    (command.session === undefined ? 0 : COMMAND_FLAG.SESSION) |
    (command.deadline === undefined ? 0 : COMMAND_FLAG.DEADLINE);
  view.session = command.session ?? 0;
  view.sequence = command.sequence ?? 0;
  view.lowestUnacknowledged = command.lowestUnacknowledged ?? 0;
  view.deadline = command.deadline ?? 0;
  view.keyBytes = key.length;
  view.valueBytes = value.length;
  const bytes = new Uint8Array(commandSize(view.flags, key.length, value.length));
  writeCommandHead(bytes, 0, view);
  bytes.set(key, view.keyAt);
  bytes.set(value, view.valueAt);
  return bytes;
}

/** The value of a COMPARE_AND_SWAP. `expected === null`: the key must not exist. */
export function encodeSwap(expected: Uint8Array | null, next: Uint8Array): Uint8Array {
  const length = expected === null ? 0 : expected.length;
  const bytes = new Uint8Array(4 + length + next.length);
  putU32(bytes, 0, expected === null ? ABSENT : length);
  if (expected !== null) bytes.set(expected, 4);
  bytes.set(next, 4 + length);
  return bytes;
}
