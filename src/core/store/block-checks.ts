/**
 * CRCs of the blocks that lie whole in one piece of a snapshot, all computed at once by the scout, which
 * may have help. Without a scout each is computed when its block is read.
 */
import { crc32c } from '../../base/crc32c.ts';
import type { Scout } from '../../base/scout.ts';
import { BLOCK_HEADER_BYTES, readBlockHeader } from './snapshot-format.ts';

/** Blocks that are small come in great numbers, and gain nothing. */
const BLOCKS_MAX = 64;
const NONE = new Uint8Array(0);

export class BlockChecks {
  readonly #scout: Scout | null;
  #bytes: Uint8Array = NONE;
  #count = 0;
  #next = 0;
  readonly #from = new Uint32Array(BLOCKS_MAX);
  readonly #to = new Uint32Array(BLOCKS_MAX);
  readonly #crcs = new Uint32Array(BLOCKS_MAX);

  constructor(scout: Scout | null) {
    this.#scout = scout;
  }

  /** The CRC of the body [from, to); `bytes` must not change until `forget`. */
  crcOf(bytes: Uint8Array, from: number, to: number): number {
    if (this.#scout === null) return crc32c(bytes, from, to);
    if (!this.#isNext(bytes, from, to)) this.#begin(this.#scout, bytes, from - BLOCK_HEADER_BYTES);
    return this.#isNext(bytes, from, to) ? this.#crcs[this.#next++]! : crc32c(bytes, from, to);
  }

  forget(): void {
    this.#bytes = NONE;
    this.#count = 0;
    this.#next = 0;
  }

  #isNext(bytes: Uint8Array, from: number, to: number): boolean {
    const at = this.#next;
    const isThere = at < this.#count && bytes === this.#bytes;
    return isThere && this.#from[at] === from && this.#to[at] === to;
  }

  /** Whole blocks from the header at `at` on, up to one that is not as it should be. */
  #begin(scout: Scout, bytes: Uint8Array, at: number): void {
    this.forget();
    this.#bytes = bytes;
    let next = at;
    while (this.#count < BLOCKS_MAX && bytes.length - next >= BLOCK_HEADER_BYTES) {
      const header = readBlockHeader(bytes, next);
      if (typeof header === 'string') break;
      const from = next + BLOCK_HEADER_BYTES;
      next = from + header.bodyBytes;
      if (next > bytes.length) break;
      this.#from[this.#count] = from;
      this.#to[this.#count++] = next;
    }
    scout.checksum(bytes, this.#count, this.#from, this.#to, this.#crcs);
  }
}
