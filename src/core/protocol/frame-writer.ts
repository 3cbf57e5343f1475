/**
 * Client frames, outgoing: requests of a client, replies of a node.
 *
 * `frame` reserves a whole frame and writes its header; the caller fills in exactly the payload.
 */
import { putU16BE, putU32BE } from '../../base/bytes.ts';
import { copyBytes } from '../../base/copy.ts';
import { Arena } from './arena.ts';
import { FRAME_HEADER_BYTES, FRAME_MAGIC } from './wire.ts';

export class FrameWriter {
  readonly sender: number;
  readonly #arena = new Arena();

  /** `sender`: the node's id in replies; whatever a client likes in requests. */
  constructor(sender: number) {
    this.sender = sender;
  }

  get bytes(): Uint8Array {
    return this.#arena.bytes;
  }

  /** Bytes appended since the last `take`. */
  get pendingBytes(): number {
    return this.#arena.pendingBytes;
  }

  /** What was appended since the last `take`, frozen from now on. */
  take(): Uint8Array {
    return this.#arena.take();
  }

  /** Answers where the payload begins in `bytes`; good until the next `frame`. */
  frame(command: number, flags: number, seq: number, payloadBytes: number): number {
    const at = this.#arena.reserve(FRAME_HEADER_BYTES + payloadBytes);
    const bytes = this.#arena.bytes;
    putU32BE(bytes, at, FRAME_MAGIC);
    bytes[at + 4] = command;
    bytes[at + 5] = flags;
    putU16BE(bytes, at + 6, this.sender);
    putU32BE(bytes, at + 8, payloadBytes);
    putU32BE(bytes, at + 12, seq);
    return at + FRAME_HEADER_BYTES;
  }

  /** Writes str(source[from, from + length)) at `at`; answers where it ends. */
  string(at: number, source: Uint8Array, from: number, length: number): number {
    putU32BE(this.#arena.bytes, at, length);
    copyBytes(this.#arena.bytes, at + 4, source, from, length);
    return at + 4 + length;
  }
}
