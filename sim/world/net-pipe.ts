/**
 * One direction of a simulated byte stream: what was sent and has not been taken, in order.
 *
 * Content is copied when it is pushed. With `checkFrozen`, what lies beyond the window (and so is
 * still the sender's) is remembered, and `thawed` tells whether the sender changed it meanwhile.
 */

import { crc32c } from '../../src/base/crc32c.ts';
import { clearList } from '../../src/base/lists.ts';

interface Frozen {
  readonly bytes: Uint8Array;
  readonly crc: number;
  /** Position in the stream of the first byte after it. */
  readonly end: number;
}

export class Pipe {
  private readonly chunks: Uint8Array[] = [];
  private readonly frozen: Frozen[] = [];
  /** Bytes that the machines in between take off the sender's hands. */
  private readonly windowBytes: number;
  private readonly checkFrozen: boolean;
  private pushed = 0;
  private taken = 0;

  constructor(windowBytes: number, checkFrozen: boolean) {
    this.windowBytes = windowBytes;
    this.checkFrozen = checkFrozen;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes.slice());
    this.pushed += bytes.length;
    if (this.checkFrozen && this.unsent() > 0) {
      this.frozen.push({ bytes, crc: crc32c(bytes, 0, bytes.length), end: this.pushed });
    }
  }

  /** Bytes pushed and not taken. */
  queued(): number {
    return this.pushed - this.taken;
  }

  /** Bytes that are still in the sender's hands. */
  unsent(): number {
    return Math.max(0, this.queued() - this.windowBytes);
  }

  /** The next `length` bytes, of those there are. */
  take(length: number): Uint8Array {
    const first = this.chunks[0];
    const size = Math.min(length, this.queued());
    this.taken += size;
    if (first !== undefined && first.length === size) {
      this.chunks.shift();
      return first;
    }
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) at += this.moveInto(bytes, at);
    return bytes;
  }

  /** Loses all but the next `length` bytes. */
  truncate(length: number): void {
    const kept = this.take(length);
    clearList(this.chunks);
    clearList(this.frozen);
    this.pushed = this.taken;
    this.push(kept);
  }

  /** Whether the sender changed bytes that it had not been relieved of yet. */
  thawed(): boolean {
    while (this.frozen.length > 0 && this.frozen[0]!.end <= this.taken + this.windowBytes) {
      const { bytes, crc } = this.frozen.shift()!;
      if (crc32c(bytes, 0, bytes.length) !== crc) return true;
    }
    return false;
  }

  /** Copies as much of the first chunk as fits into `bytes` from `at` on; returns how much. */
  private moveInto(bytes: Uint8Array, at: number): number {
    const chunk = this.chunks[0]!;
    const size = Math.min(chunk.length, bytes.length - at);
    bytes.set(chunk.subarray(0, size), at);
    if (size === chunk.length) this.chunks.shift();
    else this.chunks[0] = chunk.subarray(size);
    return size;
  }
}
