/**
 * Outgoing bytes: appended now, handed over whole, never written again.
 *
 * What is handed over may be on its way for long, so it cannot be reused; but many small pieces
 * share one slab, which the garbage collector takes once the last of them has been sent.
 *
 *   slab: | handed over | handed over | pending … used |  free  |
 *                                     ^ start          ^ used
 */

const SLAB_BYTES = 256 * 1024;

export class Arena {
  bytes = new Uint8Array(0);
  /** Where the pending piece begins. Moves when room is made: keep no position over `reserve`. */
  start = 0;
  /** Where it ends for now. */
  used = 0;

  get pendingBytes(): number {
    return this.used - this.start;
  }

  /** Makes room for `size` more bytes and counts them as used. Answers where they begin. */
  reserve(size: number): number {
    if (this.used + size > this.bytes.length) this.#newSlab(size);
    const at = this.used;
    this.used += size;
    return at;
  }

  /** The pending piece, frozen from now on; empty if nothing was appended. */
  take(): Uint8Array {
    const piece = this.bytes.subarray(this.start, this.used);
    this.start = this.used;
    return piece;
  }

  #newSlab(size: number): void {
    const pending = this.pendingBytes;
    // A piece that outgrows its slab doubles, so that its bytes are moved a constant number of times.
    const bytes = new Uint8Array(Math.max(SLAB_BYTES, pending * 2, pending + size));
    bytes.set(this.bytes.subarray(this.start, this.used));
    this.bytes = bytes;
    this.start = 0;
    this.used = pending;
  }
}
