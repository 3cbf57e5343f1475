/**
 * What has come of a frame whose rest is still on the way.
 *
 * 1. A byte is copied into it once, plus once per doubling: no re-copying of the whole per chunk.
 * 2. It grows with what has arrived, never with what a header announces, so that a lying length
 *    costs its sender bytes and not our memory.
 * 3. A large buffer is let go with its frame; a small one is kept for the next.
 */

const SMALL_BYTES = 4 * 1024;
const KEPT_BYTES_MAX = 64 * 1024;

export interface Gather {
  bytes: Uint8Array;
  used: number;
}

export const newGather = (): Gather => ({ bytes: new Uint8Array(0), used: 0 });

/**
 * Copies from `source` at `at` until `gather` holds `wanted` bytes or `source` ends.
 * Answers where `source` stands then.
 */
export function gatherUpTo(gather: Gather, wanted: number, source: Uint8Array, at: number): number {
  const taken = Math.min(wanted - gather.used, source.length - at);
  const used = gather.used + taken;
  if (used > gather.bytes.length) grow(gather, used, wanted);
  gather.bytes.set(source.subarray(at, at + taken), gather.used);
  gather.used = used;
  return at + taken;
}

function grow(gather: Gather, used: number, wanted: number): void {
  const capacity = Math.max(used, gather.bytes.length * 2, SMALL_BYTES);
  // Nothing beyond `wanted` is ever gathered, so a large buffer need not be larger.
  const bytes = new Uint8Array(Math.max(SMALL_BYTES, Math.min(capacity, wanted)));
  bytes.set(gather.bytes.subarray(0, gather.used));
  gather.bytes = bytes;
}

/** The frame has been consumed. */
export function emptyGather(gather: Gather): void {
  gather.used = 0;
  if (gather.bytes.length > KEPT_BYTES_MAX) gather.bytes = new Uint8Array(0);
}

/** The frame as bytes that are the caller's to keep. */
export function takeGathered(gather: Gather): Uint8Array {
  const bytes = gather.bytes.subarray(0, gather.used);
  gather.bytes = new Uint8Array(0);
  gather.used = 0;
  return bytes;
}
