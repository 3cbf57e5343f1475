/** The name that was probably meant. */

const DISTANCE_MAX = 2;

/** The nearest of `names` within two slips of the finger; null: none is near. */
export function suggestion(typed: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.min(DISTANCE_MAX, typed.length - 1) + 1;
  for (const name of names) {
    const slips = distance(typed, name);
    if (slips >= least) continue;
    least = slips;
    best = name;
  }
  return best;
}

/** Insertions, deletions, replacements, and neighbours swapped. */
function distance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row++) {
    const next = [row];
    for (let at = 1; at <= right.length; at++) {
      const isSame = left[row - 1] === right[at - 1];
      let least = Math.min(last[at]! + 1, next[at - 1]! + 1, last[at - 1]! + (isSame ? 0 : 1));
      const isSwap = left[row - 1] === right[at - 2] && left[row - 2] === right[at - 1];
      if (row > 1 && at > 1 && isSwap) least = Math.min(least, beforeLast[at - 2]! + 1);
      next.push(least);
    }
    beforeLast = last;
    last = next;
  }
  return last[right.length]!;
}
