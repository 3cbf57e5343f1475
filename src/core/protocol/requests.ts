/**
 * The machine's outbox: requests of any number of connections, one row each, in typed arrays.
 *
 * 1. A row becomes a command (operation > 0, core/command.ts at `at` in `commands`), or is answered
 *    by the node itself (operation 0, its payload at `at`), or is refused (`error` is not null).
 *    Refused rows stand among the others so that their replies leave in order.
 * 2. Rows, commands and peer frames are valid until `clear`; nothing here shrinks, so a node that
 *    has seen its largest turn allocates no more.
 * 3. `closes` come last: whoever drains the outbox answers the rows, then closes.
 */

import { getU64BE, putU32 } from '../../base/bytes.ts';
import { copyBytes } from '../../base/copy.ts';
import type { ErrorCode } from '../../base/errors.ts';
import { clearList } from '../../base/lists.ts';
import {
  ABSENT,
  COMMAND_FLAG,
  commandSize,
  newCommandView,
  writeCommandHead,
  writePlainCommandHead,
} from '../command.ts';
import { type Frame, newFrame } from './frame.ts';
import { commandRow, FIELD, FLAG } from './wire.ts';

const ROWS_FIRST = 256;
const COMMAND_BYTES_FIRST = 64 * 1024;

export class RequestLane {
  count = 0;
  connection = new Float64Array(ROWS_FIRST);
  seq = new Uint32Array(ROWS_FIRST);
  /** The command byte as it came; needed to answer in kind. */
  command = new Uint8Array(ROWS_FIRST);
  /** FLAG bits, those that HELLO agreed on included. */
  flags = new Uint8Array(ROWS_FIRST);
  operation = new Uint8Array(ROWS_FIRST);
  readonly error: (ErrorCode | null)[] = [];
  /** Where the row's command or payload stands in `commands`, and how long it is. */
  at = new Uint32Array(ROWS_FIRST);
  bytes = new Uint32Array(ROWS_FIRST);
  /** The key within `commands`, for routing; 0 bytes where there is none. */
  keyAt = new Uint32Array(ROWS_FIRST);
  keyBytes = new Uint32Array(ROWS_FIRST);
  commands = new Uint8Array(COMMAND_BYTES_FIRST);
  commandBytes = 0;
  readonly #view = newCommandView();

  clear(): void {
    this.count = 0;
    this.commandBytes = 0;
  }

  /** `frame` has been read whole and is right. */
  push(connection: number, frame: Frame): void {
    const row = commandRow(frame.command)!;
    const index = this.#newRow(connection, frame);
    this.operation[index] = row.operation;
    if (row.operation === 0) this.#appendPayload(index, frame);
    else if ((row.fields & FIELD.EXPECTED) !== 0 || (frame.flags & FLAG.SESSION) !== 0) {
      this.#appendCommand(index, frame);
    } else this.#appendPlain(index, frame);
  }

  /** Of a refused frame only the header counts. */
  pushError(connection: number, frame: Frame, error: ErrorCode): void {
    this.error[this.#newRow(connection, frame)] = error;
  }

  #newRow(connection: number, frame: Frame): number {
    if (this.count === this.seq.length) this.#growRows();
    const index = this.count++;
    this.connection[index] = connection;
    this.seq[index] = frame.seq;
    this.command[index] = frame.command;
    this.flags[index] = frame.flags;
    this.operation[index] = 0;
    this.error[index] = null;
    this.at[index] = this.commandBytes;
    this.bytes[index] = 0;
    this.keyAt[index] = 0;
    this.keyBytes[index] = 0;
    return index;
  }

  #appendPayload(index: number, frame: Frame): void {
    const at = this.#reserve(frame.valueBytes);
    copyBytes(this.commands, at, frame.source, frame.valueAt, frame.valueBytes);
    this.bytes[index] = frame.valueBytes;
  }

  /** As #appendCommand, for what most commands are: a key and a value. */
  #appendPlain(index: number, frame: Frame): void {
    const { source, keyAt, keyBytes, valueAt, valueBytes } = frame;
    const size = commandSize(0, keyBytes, valueBytes);
    const at = this.#reserve(size);
    const { commands } = this;
    const to = writePlainCommandHead(commands, at, this.operation[index]!, keyBytes, valueBytes);
    copyBytes(commands, to, source, keyAt, keyBytes);
    if (valueBytes > 0) copyBytes(commands, to + keyBytes, source, valueAt, valueBytes);
    this.bytes[index] = size;
    this.keyAt[index] = to;
    this.keyBytes[index] = keyBytes;
  }

  #appendCommand(index: number, frame: Frame): void {
    const view = this.#view;
    const swap = (commandRow(frame.command)!.fields & FIELD.EXPECTED) !== 0;
    const session = (frame.flags & FLAG.SESSION) !== 0;
    view.operation = this.operation[index]!;
    view.flags = session ? COMMAND_FLAG.SESSION : 0;
    if (session) {
      view.session = getU64BE(frame.source, frame.sessionAt);
      view.sequence = getU64BE(frame.source, frame.sessionAt + 8);
      view.lowestUnacknowledged = getU64BE(frame.source, frame.sessionAt + 16);
    }
    view.keyBytes = frame.keyBytes;
    view.valueBytes = frame.valueBytes + (swap ? expectedPartBytes(frame) : 0);
    const size = commandSize(view.flags, view.keyBytes, view.valueBytes);
    const at = this.#reserve(size);
    writeCommandHead(this.commands, at, view);
    copyBytes(this.commands, view.keyAt, frame.source, frame.keyAt, frame.keyBytes);
    const valueAt = swap ? this.#appendExpected(view.valueAt, frame) : view.valueAt;
    copyBytes(this.commands, valueAt, frame.source, frame.valueAt, frame.valueBytes);
    this.bytes[index] = size;
    this.keyAt[index] = view.keyAt;
    this.keyBytes[index] = frame.keyBytes;
  }

  /** The head of a swap's value, see core/command.ts. Answers where the new value goes. */
  #appendExpected(at: number, frame: Frame): number {
    putU32(this.commands, at, frame.expectedBytes);
    if (frame.expectedBytes === ABSENT) return at + 4;
    copyBytes(this.commands, at + 4, frame.source, frame.expectedAt, frame.expectedBytes);
    return at + 4 + frame.expectedBytes;
  }

  #reserve(bytes: number): number {
    const at = this.commandBytes;
    this.commandBytes += bytes;
    if (this.commandBytes > this.commands.length) {
      const commands = new Uint8Array(Math.max(this.commandBytes, this.commands.length * 2));
      commands.set(this.commands.subarray(0, at));
      this.commands = commands;
    }
    return at;
  }

  #growRows(): void {
    const size = this.seq.length * 2;
    this.connection = grown(this.connection, new Float64Array(size));
    this.seq = grown(this.seq, new Uint32Array(size));
    this.command = grown(this.command, new Uint8Array(size));
    this.flags = grown(this.flags, new Uint8Array(size));
    this.operation = grown(this.operation, new Uint8Array(size));
    this.at = grown(this.at, new Uint32Array(size));
    this.bytes = grown(this.bytes, new Uint32Array(size));
    this.keyAt = grown(this.keyAt, new Uint32Array(size));
    this.keyBytes = grown(this.keyBytes, new Uint32Array(size));
  }
}

function expectedPartBytes(frame: Frame): number {
  return frame.expectedBytes === ABSENT ? 4 : 4 + frame.expectedBytes;
}

/** `larger` with the contents of `old`. */
export function grown<Column extends { set(from: Column): void }>(
  old: Column,
  larger: Column,
): Column {
  larger.set(old);
  return larger;
}

export interface PeerFrame {
  readonly connection: number;
  /** A whole frame, not yet verified: see `readPeerFrame`. */
  readonly bytes: Uint8Array;
}

export interface Close {
  readonly connection: number;
  readonly reason: ErrorCode;
}

export class ProtocolOut {
  readonly requests = new RequestLane();
  readonly peerFrames: PeerFrame[] = [];
  readonly closes: Close[] = [];
  /** The frame under the machine's eyes; nobody else's business. */
  readonly frame = newFrame();

  clear(): void {
    this.requests.clear();
    clearList(this.peerFrames);
    clearList(this.closes);
  }
}
