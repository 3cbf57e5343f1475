/**
 * A small deterministic generator: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear
 * Pseudorandom Number Generators").
 *
 * 1. Whole 32-bit words in, whole numbers out: no floating point, so every engine agrees.
 * 2. The state is a plain object of four numbers: it can be copied, compared and written as JSON.
 * 3. Choices below a bound are unbiased: words that would favour some outcomes are thrown away, so
 *    a call may take more than one word from the sequence.
 *
 * It deliberately is not for secrets: four outputs reveal the state. What must be unguessable comes
 * from the entropy port.
 */
import { assert } from './assert.ts';

/** Four unsigned 32-bit words, never all zero. */
export interface Prng {
  a: number;
  b: number;
  c: number;
  d: number;
}

const TWO_32 = 0x1_0000_0000;
const GOLDEN = 0x9e37_79b9;

/** The finaliser of MurmurHash3: a bijection of 32-bit words in which every bit matters. */
function mix(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * A generator from any number of 32-bit words, each of which matters. Lists of one length, at most
 * four, never share a state (`mix` is a bijection), but for the one that stands in for all zeros.
 */
export function newPrng(seedWords: readonly number[]): Prng {
  const state: [number, number, number, number] = [1, 2, 3, 4];
  for (let at = 0; at < seedWords.length; at++) {
    const slot = (at & 3) as 0 | 1 | 2 | 3;
    state[slot] = mix((state[slot] ^ seedWords[at]!) + GOLDEN);
  }
  const [a, b, c, d] = state;
  const prng: Prng = { a, b, c, d: (a | b | c | d) === 0 ? 1 : d };
  // A few bits of difference take some steps to spread over the four words.
  for (let round = 0; round < 16; round++) nextWord(prng);
  return prng;
}

/** The next word: an integer in 0…2^32 - 1. */
export function nextWord(prng: Prng): number {
  const scaled = Math.imul(prng.b, 5);
  const word = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
  const shifted = prng.b << 9;
  const c = prng.c ^ prng.a;
  const d = prng.d ^ prng.b;
  prng.b = (prng.b ^ c) >>> 0;
  prng.a = (prng.a ^ d) >>> 0;
  prng.c = (c ^ shifted) >>> 0;
  prng.d = ((d << 11) | (d >>> 21)) >>> 0;
  return word;
}

/** An integer in 0…bound - 1, each equally likely. `bound` is a whole number in 1…2^32. */
export function nextBelow(prng: Prng, bound: number): number {
  assert(Number.isInteger(bound) && bound >= 1 && bound <= TWO_32, 'internal', 'bad bound');
  // Words from the largest multiple of `bound` on are drawn again: of their remainders there would
  // be more than of others. It lies among the last `bound` words, so few draws need to know it.
  let word = nextWord(prng);
  if (word >= TWO_32 - bound) {
    const limit = TWO_32 - (TWO_32 % bound);
    while (word >= limit) word = nextWord(prng);
  }
  // Of integers, for the engine: the remainder of two doubles is a call.
  return bound === TWO_32 ? word : (word >>> 0) % (bound >>> 0);
}

/** An integer in low…high, both included, each equally likely. The span is at most 2^32 values. */
export function nextBetween(prng: Prng, low: number, high: number): number {
  assert(low <= high, 'internal', 'low above high');
  return low + nextBelow(prng, high - low + 1);
}

/** True with probability numerator / denominator exactly. */
export function nextChance(prng: Prng, numerator: number, denominator: number): boolean {
  assert(numerator >= 0 && numerator <= denominator, 'internal', 'not a probability');
  return nextBelow(prng, denominator) < numerator;
}

/** Puts `items` into one of its n! orders, in place (Fisher and Yates; Knuth 3.4.2, algorithm P). */
export function shuffle<Item>(prng: Prng, items: Item[]): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = nextBelow(prng, last + 1);
    const item = items[last]!;
    items[last] = items[other]!;
    items[other] = item;
  }
}
