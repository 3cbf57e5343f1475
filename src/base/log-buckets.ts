/**
 * Buckets of a logarithmic histogram, as in HDR histograms: `sub` of them to a power of two.
 *
 * Integers only. Values below `2 * sub` have a bucket each; above, a bucket is at most 1/sub of what
 * it holds wide.
 */

/** `value` is halved until it lies below `2 * sub`. */
export function bucketOf(value: number, sub: number): number {
  let halvings = 0;
  let rest = value;
  while (rest >= 2 * sub) {
    rest = Math.floor(rest / 2);
    halvings++;
  }
  return halvings * sub + rest;
}

/** The greatest value that belongs to the bucket. */
export function upperEdge(bucket: number, sub: number): number {
  const halvings = Math.max(0, Math.floor(bucket / sub) - 1);
  return (bucket - halvings * sub + 1) * 2 ** halvings - 1;
}
