/** A daemon's disk, of the implementation that was chosen. */
import type { DaemonDisk, DiskOptions } from './daemon-disk.ts';
import { PlainDisk } from './disk.ts';
import type { Choice } from './native/choice.ts';
import { NativeDisk } from './native/disk.ts';

export function openDisk(choice: Choice, options: DiskOptions): DaemonDisk {
  if (choice.implementation === 'native') return new NativeDisk(choice.addon, options);
  return new PlainDisk(options);
}
