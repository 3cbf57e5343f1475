import type { Scout } from '../base/scout.ts';

/** Large regions for slabs: an mmap in production, an ArrayBuffer elsewhere. */
export interface MemoryPort {
  /** A zeroed region of `bytes` bytes, at most 1 GiB. Throws when there is no memory. */
  allocate(bytes: number): Uint8Array;
  /** Null: whoever wants memory near reads it itself. */
  readonly scout: Scout | null;
}
