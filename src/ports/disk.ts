/** The disk port: one node's data directory, under the rules of core/disk.ts. Types only. */
import type { DiskOperation } from '../core/disk.ts';

export interface DiskPort {
  submit(ticket: number, operation: DiskOperation): void;
  /** Free bytes as last known; refreshed by the port at least once a second. */
  freeBytes(): number;
}
