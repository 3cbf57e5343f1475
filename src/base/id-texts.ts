/**
 * Hex texts of 16-byte ids that come again and again: those of the peers, in every frame.
 *
 * A memo of bounded size, by content: an id that shares its slot with another takes its place. It
 * never changes what is answered, only what it costs.
 */
import { toHex } from './bytes.ts';

export const ID_BYTES = 16;
const SLOTS = 32;

export class IdTexts {
  readonly #bytes = new Uint8Array(SLOTS * ID_BYTES);
  readonly #texts: string[] = new Array<string>(SLOTS).fill('0'.repeat(ID_BYTES * 2));

  /** The text of bytes [at, at + 16). */
  textOf(bytes: Uint8Array, at: number): string {
    // Ids are random: any of their bits will do.
    const slot = (bytes[at]! ^ bytes[at + ID_BYTES - 1]!) % SLOTS;
    if (!this.#isIn(slot, bytes, at)) {
      this.#bytes.set(bytes.subarray(at, at + ID_BYTES), slot * ID_BYTES);
      this.#texts[slot] = toHex(bytes.subarray(at, at + ID_BYTES));
    }
    return this.#texts[slot]!;
  }

  #isIn(slot: number, bytes: Uint8Array, at: number): boolean {
    const memo = this.#bytes;
    const from = slot * ID_BYTES;
    for (let byte = 0; byte < ID_BYTES; byte++) {
      if (memo[from + byte] !== bytes[at + byte]) return false;
    }
    return true;
  }
}
