/**
 * Randomness: one seed string, any number of independent named streams.
 *
 * 1. A stream's sequence depends on the seed and on its own name, never on what other streams
 *    exist or have drawn: taking a fault away does not shift the others.
 * 2. seedrandom turns "seed/name" into four seed words; the draws come from the integer generator
 *    of src/base/prng.ts. No floating point takes part in a choice.
 * 3. `permille(0)` and `ppm(0)` still take a word, so that a rate of nought leaves the alignment of
 *    the same stream's later draws alone.
 * 4. Delays are heavy-tailed: the number of leading zeros of a random word is geometric, and a
 *    table of powers of √2 over it is a Pareto law with exponent 2, without a logarithm.
 */
import seedrandom from 'seedrandom';
import { assert } from '../../src/base/assert.ts';
import {
  newPrng,
  nextBelow,
  nextBetween,
  nextWord,
  type Prng,
  shuffle,
} from '../../src/base/prng.ts';

/** Multipliers by number of leading zeros; beyond the table the last one holds. */
const TAIL = [1, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256] as const;

/** A delay's shape, in microseconds: at least `min`, mostly below min + spread, never past `max`. */
export interface Delay {
  readonly min: number;
  readonly spread: number;
  readonly max: number;
}

export class Stream {
  private readonly prng: Prng;

  constructor(prng: Prng) {
    this.prng = prng;
  }

  /** An integer in 0…2^32 - 1. */
  word(): number {
    return nextWord(this.prng);
  }

  /** An integer in 0…bound - 1; bound in 1…2^32. */
  below(bound: number): number {
    return nextBelow(this.prng, bound);
  }

  /** An integer in low…high, both included. */
  between(low: number, high: number): number {
    return nextBetween(this.prng, low, high);
  }

  /** True `rate` times in a thousand. */
  permille(rate: number): boolean {
    return nextBelow(this.prng, 1_000) < rate;
  }

  /** True `rate` times in a million. */
  ppm(rate: number): boolean {
    return nextBelow(this.prng, 1_000_000) < rate;
  }

  delay(shape: Delay): number {
    const word = nextWord(this.prng);
    const multiplier = TAIL[Math.min(Math.clz32(word), TAIL.length - 1)]!;
    const share = (word & 0xffff) + 1;
    const extra = Math.floor((shape.spread * multiplier * share) / 0x1_0000);
    return Math.min(shape.min + extra, shape.max);
  }

  pick<Item>(items: readonly Item[]): Item {
    assert(items.length > 0, 'internal', 'nothing to pick from');
    return items[nextBelow(this.prng, items.length)]!;
  }

  /** An index into `weights`, each with its weight; weights are whole and not all nought. */
  weighted(weights: readonly number[]): number {
    let total = 0;
    for (const weight of weights) total += weight;
    let left = nextBelow(this.prng, total);
    for (let at = 0; at < weights.length; at++) {
      if (left < weights[at]!) return at;
      left -= weights[at]!;
    }
    assert(false, 'internal', 'weights do not add up');
  }

  /** Shuffles in place and returns the same array. */
  shuffle<Item>(items: Item[]): Item[] {
    shuffle(this.prng, items);
    return items;
  }

  fill(bytes: Uint8Array): Uint8Array {
    for (let at = 0; at < bytes.length; at++) bytes[at] = nextWord(this.prng);
    return bytes;
  }

  /** A new stream, for a thing that comes and goes (a connection): its draws leave ours alone. */
  fork(): Stream {
    return new Stream(newPrng([nextWord(this.prng), nextWord(this.prng)]));
  }

  /** The generator's state, to be written down or compared. */
  state(): Prng {
    return { ...this.prng };
  }
}

export class Streams {
  /** The seed in canonical form: decimal, without leading zeros. */
  readonly seed: string;

  constructor(seed: string) {
    const canonical = parseSeed(seed);
    assert(canonical !== null, 'internal', 'not a seed');
    this.seed = canonical;
  }

  /** The start of the stream `name`: asked for twice, it is the same sequence twice. */
  stream(name: string): Stream {
    const expand = seedrandom(`${this.seed}/${name}`);
    return new Stream(newPrng([expand.int32(), expand.int32(), expand.int32(), expand.int32()]));
  }
}

/** A seed as users write it (0…2^64 - 1, decimal or 0x…) in canonical decimal; null if it is none. */
export function parseSeed(text: string): string | null {
  if (!/^(?:\d+|0[xX][\da-fA-F]+)$/.test(text)) return null;
  const value = BigInt(text);
  return value < 1n << 64n ? value.toString() : null;
}
