/**
 * Bodies on the HASH channel, 16 bytes each, little-endian: u64 index · u32 chain low · u32 high.
 * The head names the group. Types: 1 CHAIN, a leader asks; 2 ANSWER; 3 VERDICT, the majority's.
 */
import { getU32, getU64, isSafeU64, putU32, putU64 } from '../../base/bytes.ts';
import type { LogIndex } from '../../base/units.ts';
import type { ChainAt } from './state.ts';

export const HASH_TYPE = { CHAIN: 1, ANSWER: 2, VERDICT: 3 } as const;
const BODY_BYTES = 16;

export function encodeChain({ index, low, high }: ChainAt): Uint8Array {
  const bytes = new Uint8Array(BODY_BYTES);
  putU64(bytes, 0, index);
  putU32(bytes, 8, low);
  putU32(bytes, 12, high);
  return bytes;
}

/** Null: malformed. */
export function decodeChain(bytes: Uint8Array): ChainAt | null {
  if (bytes.length !== BODY_BYTES || !isSafeU64(bytes, 0)) return null;
  const index = getU64(bytes, 0) as LogIndex;
  return { index, low: getU32(bytes, 8), high: getU32(bytes, 12) };
}
