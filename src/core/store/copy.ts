/**
 * Copies bytes between arrays.
 *
 * Short runs go by hand, four a round: a view costs an allocation and a call, which below this
 * length is more than the loop.
 */
const BY_HAND_BYTES_MAX = 96;

/** Copies `count` bytes from `source` at `from` to `target` at `at`. They must not overlap. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  count: number,
): void {
  if (count > BY_HAND_BYTES_MAX) {
    target.set(source.subarray(from, from + count), at);
    return;
  }
  let offset = 0;
  for (; offset + 4 <= count; offset += 4) {
    target[at + offset] = source[from + offset]!;
    target[at + offset + 1] = source[from + offset + 1]!;
    target[at + offset + 2] = source[from + offset + 2]!;
    target[at + offset + 3] = source[from + offset + 3]!;
  }
  for (; offset < count; offset++) target[at + offset] = source[from + offset]!;
}
