/** What storms throw: bytes at random, and good bytes with something changed. Drawn from one seed. */
import { newPrng, nextBelow, nextWord, type Prng } from '../../src/base/prng.ts';

export class Bytes {
  readonly #prng: Prng;

  constructor(seed: number) {
    this.#prng = newPrng([seed, 0x5704, 0x2b99, 0x11]);
  }

  below(bound: number): number {
    return nextBelow(this.#prng, bound);
  }

  random(bytes: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(bytes / 4));
    for (let at = 0; at < words.length; at++) words[at] = nextWord(this.#prng);
    return new Uint8Array(words.buffer, 0, bytes);
  }

  /** Some bytes of a copy are others; or it is cut, or a piece of it comes twice. */
  mutated(good: Uint8Array): Uint8Array {
    const bytes = good.slice();
    switch (this.below(4)) {
      case 0:
        return bytes.subarray(0, this.below(bytes.length));
      case 1: {
        const from = this.below(bytes.length);
        return new Uint8Array([...bytes, ...bytes.subarray(from)]);
      }
      default:
        for (let left = 1 + this.below(3); left > 0; left--) {
          bytes[this.below(bytes.length)]! ^= 1 + this.below(255);
        }
        return bytes;
    }
  }
}
