/** The machine's errors as the machines know them: no room, no such file, and EIO for all the rest. */
import type { DiskCode } from '../core/disk.ts';

export function diskCodeOf(name: string | undefined): DiskCode {
  switch (name) {
    case 'ENOENT':
      return 'ENOENT';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'ENOSPC';
    default:
      return 'EIO';
  }
}
