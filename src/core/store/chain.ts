/**
 * The state hash: a chain over the entries, by which replicas notice at once that they differ.
 *
 *   chain = wyhash64(bytes, seed 0) of
 *     0  u64 chain before            16  u64 revision
 *     8  u32 header CRC of the entry 24  u64 live keys
 *    12  u32 command count           32  u64 logical bytes
 *                                    40  one outcome byte per command
 *
 * It covers what the commands did and answered; the content itself is covered by the digest. What
 * expires between commands shows in live keys and logical bytes.
 */
import { putU32, putU64 } from '../../base/bytes.ts';
import type { EntryHeader } from '../entry.ts';
import type { ResultLane } from '../results.ts';
import type { StoreState } from './state.ts';

const HEAD_BYTES = 40;

/** Advances the chain; the entry's rows are those of `lane` from `firstRow` on. */
export function advanceChain(
  state: StoreState,
  header: EntryHeader,
  lane: ResultLane,
  firstRow: number,
): void {
  const { scratch } = state;
  const size = HEAD_BYTES + lane.count - firstRow;
  if (scratch.chainBytes.length < size) scratch.chainBytes = new Uint8Array(size * 2);
  const bytes = scratch.chainBytes;
  putU32(bytes, 0, state.chainLow);
  putU32(bytes, 4, state.chainHigh);
  putU32(bytes, 8, header.headerCrc);
  putU32(bytes, 12, header.count);
  putU64(bytes, 16, state.revision);
  putU64(bytes, 24, state.table.keys);
  putU64(bytes, 32, state.table.logicalBytes);
  for (let row = firstRow; row < lane.count; row++) {
    bytes[HEAD_BYTES + row - firstRow] = lane.status[row]!;
  }
  scratch.chainHash.hash(bytes, 0, size);
  state.chainHigh = scratch.chainHash.high;
  state.chainLow = scratch.chainHash.low;
}
