/**
 * The consistent-hash ring: which group owns a key. (Karger et al., "Consistent Hashing and Random
 * Trees", STOC 1997.)
 *
 * 1. Point of (group g, vnode v) = wyhash64(u32le g ‖ u32le v, seed 0). A key's point =
 *    wyhash64(its part inside the first non-empty {…}, else the whole key, seed 0). An empty {}
 *    is passed over (Redis Cluster stops at it), and a brace closes at the first } after it.
 * 2. The owner is the group of the first point at or after the key's, wrapping at the end; of equal
 *    points the lower group's counts.
 * 3. Group count and vnodes are settings, so every node and every client computes the same ring;
 *    nothing here may ever change for a given pair.
 *
 *        0                                             2^64
 *        ├──●1───●0──k──●2────●1─────●0──────●2──●1────┤      k belongs to 2
 *
 * When a group joins, the keys that move all move to it, about 1/N of them.
 */
import { assert } from '../../base/assert.ts';
import { putU32 } from '../../base/bytes.ts';
import { compareHash, Wyhash } from '../../base/hash.ts';
import type { GroupId } from '../../base/units.ts';

export const VNODES = 150;

const OPEN = 0x7b;
const CLOSE = 0x7d;

/** One point of the ring. */
export interface RingPoint {
  readonly high: number;
  readonly low: number;
  readonly group: number;
}

export class Ring {
  /** The points in order, as halves, each with its group. */
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #group: Uint32Array;
  readonly #hash = new Wyhash(0, 0);
  /** The one group there is, which owns every key; null: there are several. */
  readonly #only: GroupId | null;

  /** Takes points in any order. `buildRing` makes the real ones. */
  constructor(points: readonly RingPoint[]) {
    assert(points.length > 0, 'internal', 'a ring without points');
    const sorted = [...points].sort(comparePoints);
    this.#high = Uint32Array.from(sorted, (point) => point.high);
    this.#low = Uint32Array.from(sorted, (point) => point.low);
    this.#group = Uint32Array.from(sorted, (point) => point.group);
    const first = this.#group[0]! as GroupId;
    this.#only = this.#group.every((group) => group === first) ? first : null;
  }

  get size(): number {
    return this.#group.length;
  }

  /** The group that owns the key in bytes [from, to). Allocates nothing. */
  ownerOf(bytes: Uint8Array, from: number, to: number): GroupId {
    if (this.#only !== null) return this.#only;
    let open = indexOfByte(bytes, OPEN, from, to);
    while (open >= 0) {
      const close = indexOfByte(bytes, CLOSE, open + 1, to);
      if (close < 0) break;
      if (close > open + 1) return this.#ownerOfBytes(bytes, open + 1, close);
      open = indexOfByte(bytes, OPEN, close + 1, to);
    }
    return this.#ownerOfBytes(bytes, from, to);
  }

  #ownerOfBytes(bytes: Uint8Array, from: number, to: number): GroupId {
    this.#hash.hash(bytes, from, to);
    return this.ownerOfPoint(this.#hash.high, this.#hash.low);
  }

  /** The group of the first point at or after (high, low). */
  ownerOfPoint(high: number, low: number): GroupId {
    let from = 0;
    let to = this.#group.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (compareHash(this.#high[middle]!, this.#low[middle]!, high, low) < 0) from = middle + 1;
      else to = middle;
    }
    return this.#group[from === this.#group.length ? 0 : from]! as GroupId;
  }
}

/** The ring of groups 0…groupCount - 1. */
export function buildRing(groupCount: number, vnodes = VNODES): Ring {
  assert(groupCount > 0 && vnodes > 0, 'internal', 'a ring without groups');
  const hash = new Wyhash(0, 0);
  const bytes = new Uint8Array(8);
  const points: RingPoint[] = [];
  for (let group = 0; group < groupCount; group++) {
    for (let vnode = 0; vnode < vnodes; vnode++) {
      putU32(bytes, 0, group);
      putU32(bytes, 4, vnode);
      hash.hash(bytes, 0, 8);
      points.push({ high: hash.high, low: hash.low, group });
    }
  }
  return new Ring(points);
}

/** Equal points stand in group order, so that a search for the first finds the lowest group. */
function comparePoints(left: RingPoint, right: RingPoint): number {
  return compareHash(left.high, left.low, right.high, right.low) || left.group - right.group;
}

/** -1: not there. By hand: `indexOf` cannot stop at `to`, nor is a view worth an object. */
function indexOfByte(bytes: Uint8Array, byte: number, from: number, to: number): number {
  for (let at = from; at < to; at++) if (bytes[at] === byte) return at;
  return -1;
}
