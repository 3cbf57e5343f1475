/** Logs to damage, and ways to damage them. */
import { segmentFile } from '../state.ts';
import { Bench, describe, entry, replayModel, tinyConfig } from './bench.ts';
import { SECTOR_BYTES } from './crash-disk.ts';

export const FIRST = segmentFile(1);
export const BLOCK = 4096;

/** Flush i holds entry i + 1 of group 0 alone, in block i of the first segment. */
export function oneEntryABlock(count: number, bytes = 600): Bench {
  const bench = new Bench(tinyConfig({ segmentBytes: BLOCK * 64 })).open();
  for (let index = 1; index <= count; index++) {
    bench.append(entry(0, index, 1, bytes));
    bench.settle();
  }
  return bench;
}

/** What the log should hold. */
export const model = (bench: Bench): string =>
  describe(replayModel(bench.appended.map((it) => it.record)));

/** Sets bytes of a file to zero: for `CrashDisk.rot`. */
export const zero =
  (from: number, bytes = SECTOR_BYTES) =>
  (file: Uint8Array): void => {
    file.fill(0, from, from + bytes);
  };
