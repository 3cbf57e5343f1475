/**
 * Which key comes next: uniform, or zipfian with the exponent 0.99 that YCSB uses.
 *
 * Zipfian ranks are drawn by the method of Gray et al. ("Quickly generating billion-record synthetic
 * databases", SIGMOD 1994, section 3.2): one sum over all ranks beforehand, then a power a draw.
 * Rank 0 is the hottest. A multiplication scatters the ranks, so that hot keys are no neighbours.
 */
import { newPrng, nextBelow, nextWord, type Prng } from '../../base/prng.ts';

export type Distribution = 'uniform' | 'zipfian';
export const DISTRIBUTIONS: readonly Distribution[] = ['uniform', 'zipfian'];

/** Answers a key's number, 0 to keys − 1. */
export type KeyDraw = () => number;

const EXPONENT = 0.99;
const TWO_32 = 0x1_0000_0000;
const SCATTER = 2_654_435_761;

export function newKeyDraw(distribution: Distribution, keys: number, seed: number): KeyDraw {
  const prng = newPrng([seed, keys, 0x6b657973, 1]);
  return distribution === 'uniform' ? () => nextBelow(prng, keys) : zipfian(prng, keys);
}

/**
 * What a zipfian draw multiplies with. Computed here only, and handed to the native load: powers and
 * sums of powers are the one thing that two languages need not round alike.
 */
export interface Zipf {
  readonly zeta: number;
  readonly zetaOfTwo: number;
  readonly eta: number;
  readonly stride: number;
}

export function zipfOf(keys: number): Zipf {
  const zeta = zetaOf(keys);
  const zetaOfTwo = zetaOf(Math.min(2, keys));
  const eta = (1 - (2 / keys) ** (1 - EXPONENT)) / (1 - zetaOfTwo / zeta);
  return { zeta, zetaOfTwo, eta, stride: strideFor(keys) };
}

function zipfian(prng: Prng, keys: number): KeyDraw {
  const { zeta, zetaOfTwo, eta, stride } = zipfOf(keys);
  return () => {
    const chance = nextWord(prng) / TWO_32;
    const share = chance * zeta;
    let rank = Math.floor(keys * powerOf100(eta * chance - eta + 1));
    if (share < 1) rank = 0;
    else if (share < zetaOfTwo) rank = 1;
    return (Math.min(rank, keys - 1) * stride) % keys;
  };
}

/** Gray's 1 / (1 − 0.99), as products in the order of native/load/keys.cc: the same to the last bit. */
function powerOf100(x: number): number {
  const to4 = x * x * (x * x);
  const to16 = to4 * to4 * (to4 * to4);
  const to32 = to16 * to16;
  return to32 * to32 * to32 * to4;
}

function zetaOf(keys: number): number {
  let sum = 0;
  for (let rank = 1; rank <= keys; rank++) sum += 1 / rank ** EXPONENT;
  return sum;
}

/** Prime to `keys`, so that every rank gets a key of its own; products stay exact. */
function strideFor(keys: number): number {
  let stride = SCATTER % keys;
  while (greatestCommonDivisor(stride, keys) !== 1) stride++;
  return stride;
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

const DIGITS = 12;
const PREFIX = 'key:';
export const KEY_BYTES = PREFIX.length + DIGITS;

/** Writes `key:000000000042` into `key`, which has KEY_BYTES bytes. */
export function writeKey(key: Uint8Array, number: number): void {
  for (let at = 0; at < PREFIX.length; at++) key[at] = PREFIX.charCodeAt(at);
  let rest = number;
  for (let at = KEY_BYTES - 1; at >= PREFIX.length; at--) {
    key[at] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
