/**
 * Additive digests: a content's digest is the sum of its elements' digests, so that order does not
 * matter and one element is replaced by a subtraction and an addition.
 *
 * 1. An element is absorbed word by word into two 32-bit lanes with different multipliers; each
 *    step is a bijection of the lane for a given word (xor, odd multiplication, xor-shift).
 * 2. Sums are modulo 2^32 in each lane.
 *
 * It finds divergence and damage, not forgery: whoever may write the state may also forge it.
 */

const TWO_32 = 0x1_0000_0000;

export class Sum {
  low = 0;
  high = 0;

  add(element: Element): void {
    this.low = (this.low + element.low) >>> 0;
    this.high = (this.high + element.high) >>> 0;
  }

  subtract(element: Element): void {
    this.low = (this.low - element.low) >>> 0;
    this.high = (this.high - element.high) >>> 0;
  }
}

/**
 * One element under way. `begin`, then words, then `end`. Reused.
 *
 * Inside, lanes are signed: V8 keeps a signed 32-bit field as an integer, and an unsigned one as a
 * double that is converted back and forth with every word.
 */
export class Element {
  #low = 0;
  #high = 0;

  get low(): number {
    return this.#low >>> 0;
  }

  get high(): number {
    return this.#high >>> 0;
  }

  begin(kind: number): void {
    this.#low = 0x2545_f491 ^ kind;
    this.#high = 0x6c07_8965 ^ kind;
  }

  word(word: number): void {
    const low = Math.imul(this.#low ^ word, 0x9e37_79b1);
    const high = Math.imul(this.#high ^ word, 0x85eb_ca77);
    this.#low = low ^ (low >>> 15);
    this.#high = high ^ (high >>> 13);
  }

  /** A whole number up to 2^53 - 1, as two words. */
  number(value: number): void {
    // ToInt32 is modulo 2^32, for any whole number.
    this.word(value | 0);
    this.word(Math.floor(value / TWO_32));
  }

  end(): void {
    let low = Math.imul(this.#low, 0xc2b2_ae3d);
    let high = Math.imul(this.#high, 0x27d4_eb2f);
    low ^= low >>> 16;
    high ^= high >>> 16;
    this.#low = Math.imul(low, 0x1656_67b1);
    this.#high = Math.imul(high, 0x9e37_79b1);
  }
}
