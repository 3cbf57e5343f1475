/**
 * Disk vocabulary: what a machine may ask of one node's data directory, and what comes back.
 *
 * 1. Every submission carries a ticket of the asker's choice; one completion answers it.
 * 2. Completions may come in any order. Whoever needs an order waits for the completion.
 * 3. A write is durable once a sync of its file that was submitted after the write completed
 *    (or that is part of it, `sync: true`) has completed. A name (create, rename, remove) is
 *    durable once a `sync-directory` submitted after its completion has completed.
 * 4. A failed sync says nothing about what the disk holds; nobody retries it.
 * 5. What a read finds after the process (not the machine) died may be in the cache only: sync it
 *    before relying on it.
 * 6. `create` on an existing file keeps its bytes and extends it with zeros. A file is bound when
 *    the operation is submitted; one that does not exist answers ENOENT.
 * 7. Buffers handed over are frozen until the completion.
 */
export type DiskOperation =
  /** Creates `file`, or opens the existing one, filled with zeros to `bytes`. Not yet synced. */
  | { readonly kind: 'create'; readonly file: string; readonly bytes: number }
  /** Writes the parts back to back from `offset`, then syncs the file's data if `sync`. */
  | {
      readonly kind: 'write';
      readonly file: string;
      readonly offset: number;
      readonly parts: readonly Uint8Array[];
      readonly sync: boolean;
    }
  /** Reads up to `length` bytes; fewer only at the end of the file. `fresh`: past the page cache. */
  | {
      readonly kind: 'read';
      readonly file: string;
      readonly offset: number;
      readonly length: number;
      readonly fresh: boolean;
    }
  | { readonly kind: 'sync'; readonly file: string }
  | { readonly kind: 'rename'; readonly source: string; readonly target: string }
  | { readonly kind: 'remove'; readonly file: string }
  | { readonly kind: 'sync-directory' }
  /** Names and sizes of all files, in no particular order. */
  | { readonly kind: 'list' };

export type DiskCode = 'OK' | 'EIO' | 'ENOSPC' | 'ENOENT';

export interface DiskFile {
  readonly name: string;
  readonly bytes: number;
}

export interface DiskCompletion {
  readonly ticket: number;
  readonly code: DiskCode;
  /** What a `read` found; empty otherwise. */
  readonly bytes: Uint8Array;
  /** What a `list` found; empty otherwise. */
  readonly files: readonly DiskFile[];
}

/** How a machine names a submission in its outbox. */
export interface DiskSubmission {
  readonly ticket: number;
  readonly operation: DiskOperation;
}
