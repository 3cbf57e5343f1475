/**
 * wyhash, final version 4.2 (Wang Yi): 64 bits of hash for the table, the ring and digests.
 *
 * 1. "wyhash final 4" names several functions. This one has the secret 2d358dcc… and takes its wide
 *    loop from 48 bytes on; the tests hold it apart from its relatives. It decides where keys live,
 *    on disk and on every node, so it can never change.
 * 2. No BigInt: a 64-bit word is two 32-bit halves. Inside they are signed, because V8 keeps a
 *    signed 32-bit field as an integer and would box an unsigned one.
 * 3. One instance belongs to one seed and is reused: `hash` writes its result into it and allocates
 *    nothing. The seed's own mixing is done once, in the constructor.
 *
 *      length ≤ 16          a, b = overlapping reads that cover the input
 *      length > 16          fold whole blocks into the seed, a, b = the last sixteen bytes
 *      always               (a, b) = (a ^ s1) × (b ^ seed);  result = mix(a ^ s0 ^ length, b ^ s1)
 *
 *    where × is the full 128-bit product and mix(x, y) = its low half ^ its high half.
 *
 * It is no cryptographic hash: a secret random seed keeps strangers from aiming at buckets, nothing
 * more. Doubles (a × b in 53-bit pieces) and carries by comparison were measured and are slower.
 */
import { assert } from './assert.ts';

const S0_HIGH = 0x2d35_8dcc;
const S0_LOW = 0xaa6c_78a5 | 0;
const S1_HIGH = 0x8bb8_4b93 | 0;
const S1_LOW = 0x962e_acc9 | 0;
const S2_HIGH = 0x4b33_a62e;
const S2_LOW = 0xd433_d4a3 | 0;
const S3_HIGH = 0x4d5a_2da5;
const S3_LOW = 0x1de1_aa47;

const WIDE_BYTES = 48;

/** Little-endian, signed. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

export class Wyhash {
  readonly seedHigh: number;
  readonly seedLow: number;
  // The mixed seed; a running accumulator; the two factors; their product, lowest word first.
  readonly #seedHigh: number;
  readonly #seedLow: number;
  #stateHigh = 0;
  #stateLow = 0;
  #aHigh = 0;
  #aLow = 0;
  #bHigh = 0;
  #bLow = 0;
  #p0 = 0;
  #p1 = 0;
  #p2 = 0;
  #p3 = 0;

  /** A hash of its own for every seed of two 32-bit halves. */
  constructor(seedHigh: number, seedLow: number) {
    this.seedHigh = seedHigh;
    this.seedLow = seedLow;
    this.#multiply(seedHigh ^ S0_HIGH, seedLow ^ S0_LOW, S1_HIGH, S1_LOW);
    this.#seedHigh = seedHigh ^ this.#p1 ^ this.#p3;
    this.#seedLow = seedLow ^ this.#p0 ^ this.#p2;
  }

  /** The upper half of the last hash, unsigned. */
  get high(): number {
    return (this.#p1 ^ this.#p3) >>> 0;
  }

  /** The lower half of the last hash, unsigned. */
  get low(): number {
    return (this.#p0 ^ this.#p2) >>> 0;
  }

  /** Hashes bytes [from, to); `high` and `low` hold the result until the next call. */
  hash(bytes: Uint8Array, from: number, to: number): void {
    assert(from >= 0 && from <= to && to <= bytes.length, 'internal', 'hash out of bounds');
    const length = to - from;
    this.#stateHigh = this.#seedHigh;
    this.#stateLow = this.#seedLow;
    if (length > 16) this.#readLong(bytes, from, to);
    else this.#readShort(bytes, from, length);
    this.#multiply(
      this.#aHigh ^ S1_HIGH,
      this.#aLow ^ S1_LOW,
      this.#bHigh ^ this.#stateHigh,
      this.#bLow ^ this.#stateLow,
    );
    // No array of ours reaches 2^32 bytes: the upper half of the length is zero.
    this.#multiply(
      this.#p1 ^ S0_HIGH,
      this.#p0 ^ S0_LOW ^ length,
      this.#p3 ^ S1_HIGH,
      this.#p2 ^ S1_LOW,
    );
  }

  #readShort(bytes: Uint8Array, from: number, length: number): void {
    if (length >= 4) {
      const last = from + length - 4;
      const step = (length >>> 3) << 2;
      this.#aHigh = word(bytes, from);
      this.#aLow = word(bytes, from + step);
      this.#bHigh = word(bytes, last);
      this.#bLow = word(bytes, last - step);
      return;
    }
    this.#aHigh = 0;
    this.#bHigh = 0;
    this.#bLow = 0;
    this.#aLow =
      length === 0
        ? 0
        : (bytes[from]! << 16) | (bytes[from + (length >>> 1)]! << 8) | bytes[from + length - 1]!;
  }

  #readLong(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    if (to - at >= WIDE_BYTES) at = this.#foldWide(bytes, at, to);
    while (to - at > 16) {
      this.#fold(bytes, at, S1_HIGH, S1_LOW);
      at += 16;
    }
    this.#aHigh = word(bytes, to - 12);
    this.#aLow = word(bytes, to - 16);
    this.#bHigh = word(bytes, to - 4);
    this.#bLow = word(bytes, to - 8);
  }

  /** Three accumulators over 48 bytes a round, joined at the end. Returns where it stopped. */
  #foldWide(bytes: Uint8Array, from: number, to: number): number {
    const end = to - ((to - from) % WIDE_BYTES);
    this.#foldLane(bytes, from, end, S1_HIGH, S1_LOW);
    const firstHigh = this.#stateHigh;
    const firstLow = this.#stateLow;
    this.#foldLane(bytes, from + 16, end, S2_HIGH, S2_LOW);
    const secondHigh = this.#stateHigh;
    const secondLow = this.#stateLow;
    this.#foldLane(bytes, from + 32, end, S3_HIGH, S3_LOW);
    this.#stateHigh ^= firstHigh ^ secondHigh;
    this.#stateLow ^= firstLow ^ secondLow;
    return end;
  }

  /** One accumulator: every third sixteen bytes from `from` on. */
  #foldLane(
    bytes: Uint8Array,
    from: number,
    end: number,
    secretHigh: number,
    secretLow: number,
  ): void {
    this.#stateHigh = this.#seedHigh;
    this.#stateLow = this.#seedLow;
    for (let at = from; at < end; at += WIDE_BYTES) this.#fold(bytes, at, secretHigh, secretLow);
  }

  /** state = mix(first word ^ secret, second word ^ state). */
  #fold(bytes: Uint8Array, at: number, secretHigh: number, secretLow: number): void {
    this.#multiply(
      word(bytes, at + 4) ^ secretHigh,
      word(bytes, at) ^ secretLow,
      word(bytes, at + 12) ^ this.#stateHigh,
      word(bytes, at + 8) ^ this.#stateLow,
    );
    this.#stateHigh = this.#p1 ^ this.#p3;
    this.#stateLow = this.#p0 ^ this.#p2;
  }

  /**
   * 64 × 64 → 128 bits, from sixteen products of 16-bit digits.
   *
   * Each block is one 32 × 32 → 64 product: in `x`, `y`, `z` no sum passes 2^32 - 1, since
   * (2^16 - 1)^2 + (2^16 - 1) < 2^32; its low word is (z, x), its high word `high`. Then the
   * blocks are added in columns of sixteen bits, whose carries fit without masking.
   */
  #multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
    const a0 = aLow & 0xffff;
    const a1 = aLow >>> 16;
    const a2 = aHigh & 0xffff;
    const a3 = aHigh >>> 16;
    const b0 = bLow & 0xffff;
    const b1 = bLow >>> 16;
    const b2 = bHigh & 0xffff;
    const b3 = bHigh >>> 16;

    const xLL = Math.imul(a0, b0);
    const yLL = (Math.imul(a1, b0) + (xLL >>> 16)) | 0;
    const zLL = (Math.imul(a0, b1) + (yLL & 0xffff)) | 0;
    const highLL = (Math.imul(a1, b1) + (yLL >>> 16) + (zLL >>> 16)) | 0;

    const xLH = Math.imul(a0, b2);
    const yLH = (Math.imul(a1, b2) + (xLH >>> 16)) | 0;
    const zLH = (Math.imul(a0, b3) + (yLH & 0xffff)) | 0;
    const highLH = (Math.imul(a1, b3) + (yLH >>> 16) + (zLH >>> 16)) | 0;

    const xHL = Math.imul(a2, b0);
    const yHL = (Math.imul(a3, b0) + (xHL >>> 16)) | 0;
    const zHL = (Math.imul(a2, b1) + (yHL & 0xffff)) | 0;
    const highHL = (Math.imul(a3, b1) + (yHL >>> 16) + (zHL >>> 16)) | 0;

    const xHH = Math.imul(a2, b2);
    const yHH = (Math.imul(a3, b2) + (xHH >>> 16)) | 0;
    const zHH = (Math.imul(a2, b3) + (yHH & 0xffff)) | 0;
    const highHH = (Math.imul(a3, b3) + (yHH >>> 16) + (zHH >>> 16)) | 0;

    const c2 = (highLL & 0xffff) + (xLH & 0xffff) + (xHL & 0xffff);
    const c3 = (highLL >>> 16) + (zLH & 0xffff) + (zHL & 0xffff) + (c2 >>> 16);
    const c4 = (highLH & 0xffff) + (highHL & 0xffff) + (xHH & 0xffff) + (c3 >>> 16);
    const c5 = (highLH >>> 16) + (highHL >>> 16) + (zHH & 0xffff) + (c4 >>> 16);

    this.#p0 = (zLL << 16) | (xLL & 0xffff);
    this.#p1 = (c3 << 16) | (c2 & 0xffff);
    this.#p2 = (c5 << 16) | (c4 & 0xffff);
    this.#p3 = (highHH + (c5 >>> 16)) | 0;
  }
}

/** Order of two hashes given as unsigned halves: negative, zero or positive. */
export function compareHash(
  leftHigh: number,
  leftLow: number,
  rightHigh: number,
  rightLow: number,
): number {
  return leftHigh === rightHigh ? leftLow - rightLow : leftHigh - rightHigh;
}

/** Sixteen lower-case hex digits. */
export function hashToHex(high: number, low: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** A hash whose seed is sixteen lower-case hex digits; anything else is our bug. */
export function wyhashFromHex(seed: string): Wyhash {
  assert(/^[0-9a-f]{16}$/.test(seed), 'internal', 'not a 64-bit seed');
  return new Wyhash(Number.parseInt(seed.slice(0, 8), 16), Number.parseInt(seed.slice(8), 16));
}
