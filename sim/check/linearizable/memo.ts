/**
 * The configurations that a search has been in, as rows of one growing Int32Array.
 *
 * A row is [fixed words | used words]. The used words count, four to a word and at most 127 each,
 * how many unknown operations of each sort a configuration has spent. Of two rows with equal fixed
 * words the one that spent less can do whatever the other can: a row that spends at least what a
 * seen one spent is not worth a visit. That keeps the unknown from multiplying the search.
 */

/** The sign bits of the four counters in a word. */
const GUARDS = 0x8080_8080 | 0;

export class Memo {
  readonly #fixed: number;
  readonly #width: number;
  /** Row r at r * (width + 1): its words, then the next row of its chain, or -1. */
  #rows: Int32Array;
  #heads: Int32Array;
  #count = 0;

  constructor(fixedWords: number, usedWords: number) {
    this.#fixed = fixedWords;
    this.#width = fixedWords + usedWords;
    this.#rows = new Int32Array(16 * (this.#width + 1));
    this.#heads = new Int32Array(32).fill(-1);
  }

  get count(): number {
    return this.#count;
  }

  /** False if `row` was seen, or one that dominates it. */
  add(row: Int32Array): boolean {
    let bucket = this.#hash(row, 0) & (this.#heads.length - 1);
    for (let seen = this.#heads[bucket]!; seen >= 0; seen = this.#next(seen)) {
      if (this.#dominates(seen, row)) return false;
    }
    if ((this.#count + 1) * 2 > this.#heads.length) {
      this.#grow();
      bucket = this.#hash(row, 0) & (this.#heads.length - 1);
    }
    const at = this.#count * (this.#width + 1);
    for (let word = 0; word < this.#width; word++) this.#rows[at + word] = row[word]!;
    this.#rows[at + this.#width] = this.#heads[bucket]!;
    this.#heads[bucket] = this.#count++;
    return true;
  }

  #next(seen: number): number {
    return this.#rows[seen * (this.#width + 1) + this.#width]!;
  }

  #dominates(seen: number, row: Int32Array): boolean {
    const rows = this.#rows;
    const at = seen * (this.#width + 1);
    for (let word = 0; word < this.#fixed; word++) {
      if (rows[at + word] !== row[word]) return false;
    }
    for (let word = this.#fixed; word < this.#width; word++) {
      // Four comparisons in one subtraction: a counter that is too large borrows its guard bit.
      if ((((row[word]! | GUARDS) - rows[at + word]!) & GUARDS) !== GUARDS) return false;
    }
    return true;
  }

  /** Over the fixed words only: rows that differ in what they spent must meet in one chain. */
  #hash(words: Int32Array, at: number): number {
    let hash = 0x9e37_79b9 | 0;
    for (let word = 0; word < this.#fixed; word++) {
      hash = Math.imul(hash ^ words[at + word]!, 0x85eb_ca6b);
      hash ^= hash >>> 15;
    }
    hash = Math.imul(hash, 0xc2b2_ae35);
    return hash ^ (hash >>> 16);
  }

  #grow(): void {
    const rows = new Int32Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
    this.#heads = new Int32Array(this.#heads.length * 2).fill(-1);
    for (let row = 0; row < this.#count; row++) {
      const at = row * (this.#width + 1);
      const bucket = this.#hash(rows, at) & (this.#heads.length - 1);
      rows[at + this.#width] = this.#heads[bucket]!;
      this.#heads[bucket] = row;
    }
  }
}
