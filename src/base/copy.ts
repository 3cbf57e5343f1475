/**
 * Copying a few bytes without an object.
 *
 * `set(subarray)` makes a view per call; below some sixty bytes moving them by hand is faster and
 * feeds no garbage collector, above it the engine's memmove wins by far.
 */
const BY_HAND_BYTES_MAX = 64;

/** Copies `length` bytes of `source` from `sourceAt` to `targetAt`. They must not overlap. */
export function copyBytes(
  target: Uint8Array,
  targetAt: number,
  source: Uint8Array,
  sourceAt: number,
  length: number,
): void {
  if (length > BY_HAND_BYTES_MAX) {
    target.set(source.subarray(sourceAt, sourceAt + length), targetAt);
    return;
  }
  let to = targetAt;
  let from = sourceAt;
  const end = sourceAt + length;
  // Four a round: the loop's own work is otherwise as much as the copying.
  for (; from + 4 <= end; from += 4, to += 4) {
    target[to] = source[from]!;
    target[to + 1] = source[from + 1]!;
    target[to + 2] = source[from + 2]!;
    target[to + 3] = source[from + 3]!;
  }
  for (; from < end; from++, to++) target[to] = source[from]!;
}
