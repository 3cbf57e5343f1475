/**
 * Keys that will be located soon, hashed together, and what their look-ups need drawn into the cache.
 *
 * A look-up waits for memory twice: for its slot and for its record. One after the other those waits
 * are half of what a GET costs; begun for many keys at once they overlap. Only that is gained: what
 * is found is looked up again, so a key looked ahead for may be changed, moved or removed meanwhile.
 *
 * 1. A hash is used only for the same bytes at the same place, which must not change until `forget`.
 * 2. Keys are located in the order in which they were added; one that is not costs a hash, no more.
 */

/** A slot and those behind it; a small record's head, key and value. */
export const NEAR_SLOT_BYTES = 64;
export const NEAR_RECORD_BYTES = 192;

/** As many as the cache and a processor's outstanding loads have a use for. */
export const LOOK_AHEAD_KEYS = 64;

const NONE = new Uint8Array(0);

export class LookAhead {
  #bytes: Uint8Array = NONE;
  count = 0;
  #next = 0;
  readonly from = new Uint32Array(LOOK_AHEAD_KEYS);
  readonly to = new Uint32Array(LOOK_AHEAD_KEYS);
  readonly high = new Uint32Array(LOOK_AHEAD_KEYS);
  readonly low = new Uint32Array(LOOK_AHEAD_KEYS);
  /** The address that the key's place held, or 0. */
  readonly address = new Uint32Array(LOOK_AHEAD_KEYS);
  /** What a scout is to draw near. */
  readonly place = new Float64Array(LOOK_AHEAD_KEYS);
  /** What was read, so that reading is no dead code. */
  touched = 0;

  /** Forgets what was added, and takes keys of `bytes` from now on. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.count = 0;
    this.#next = 0;
  }

  get isFull(): boolean {
    return this.count === LOOK_AHEAD_KEYS;
  }

  add(from: number, to: number): void {
    this.from[this.count] = from;
    this.to[this.count] = to;
    this.count++;
  }

  forget(): void {
    this.begin(NONE);
  }

  /** The row of the key that begins at `from`; -1: it was not looked ahead for. */
  rowOf(bytes: Uint8Array, from: number): number {
    if (bytes !== this.#bytes) return -1;
    while (this.#next < this.count && this.from[this.#next]! < from) this.#next++;
    return this.#next < this.count && this.from[this.#next] === from ? this.#next : -1;
  }
}
