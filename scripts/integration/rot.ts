/** Bits that rot on the disk of a stopped node. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { demand } from './verdict.ts';

const DAMAGED_BYTES = 4096;

/** Overwrites a part in the middle of what the fullest segment of a data directory holds. */
export function damageLog(directory: string): void {
  let fullest = { file: '', used: 0 };
  for (const name of readdirSync(directory)) {
    if (!name.endsWith('.segment')) continue;
    const file = join(directory, name);
    const used = usedBytes(file);
    if (used > fullest.used) fullest = { file, used };
  }
  demand(fullest.used > 4 * DAMAGED_BYTES, `there is no log to damage in ${directory}`);
  overwrite(fullest.file, Math.floor(fullest.used / 2));
}

export function overwrite(file: string, at: number): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, new Uint8Array(DAMAGED_BYTES).fill(0x5a), 0, DAMAGED_BYTES, at);
  closeSync(descriptor);
}

/** Up to the last byte that is not zero: segments are made in full length. */
function usedBytes(file: string): number {
  const descriptor = openSync(file, 'r');
  const bytes = new Uint8Array(fstatSync(descriptor).size);
  readSync(descriptor, bytes);
  closeSync(descriptor);
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}
