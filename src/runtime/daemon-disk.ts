/** What a daemon wants of its disk beyond the port; the plain one and the native one both have it. */
import type { DiskCompletion, DiskOperation } from '../core/disk.ts';
import type { DiskPort } from '../ports/disk.ts';

export interface DiskOptions {
  readonly directory: string;
  readonly deliver: (completion: DiskCompletion) => void;
  /** The machine's own words on a failure. */
  readonly report: (operation: DiskOperation, error: unknown) => void;
}

export interface DaemonDisk extends DiskPort {
  /** Told how long each sync of data took, in seconds. */
  onSynced: ((seconds: number) => void) | null;
  /** When a sync last succeeded, by `performance.now()`; null: never. */
  readonly lastSyncedAt: number | null;
  /** Whether what performs the operations is there. Once it is not, all of them answer EIO. */
  isUp(): boolean;
  /** Waits for what is in flight, completes nothing more, and closes all files. */
  close(): Promise<void>;
}
