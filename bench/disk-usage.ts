/** What a node's data directory takes, looked at from outside while it works. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface DiskUsage {
  readonly logBytes: number;
  readonly snapshotBytes: number;
}

const LOOK_EVERY_MS = 50;

export function diskUsage(directory: string): DiskUsage {
  let logBytes = 0;
  let snapshotBytes = 0;
  for (const name of readdirSync(directory)) {
    const bytes = sizeOf(join(directory, name));
    if (name.startsWith('wal-')) logBytes += bytes;
    if (name.startsWith('snapshot-')) snapshotBytes += bytes;
  }
  return { logBytes, snapshotBytes };
}

/** A file may go between being listed and being looked at. */
const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Looks again and again; `end` answers the most that was seen of each. */
export function watchDiskUsage(directory: string): { end(): DiskUsage } {
  let most = diskUsage(directory);
  const look = (): void => {
    const now = diskUsage(directory);
    most = {
      logBytes: Math.max(most.logBytes, now.logBytes),
      snapshotBytes: Math.max(most.snapshotBytes, now.snapshotBytes),
    };
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    end() {
      clearInterval(timer);
      look();
      return most;
    },
  };
}
