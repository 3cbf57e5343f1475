/**
 * The disk port on the native helper: one data directory under the rules of core/disk.ts.
 *
 * 1. A submission crosses the border at once, not at the end of its turn: the disk works while the
 *    turn goes on. It is a whole flush of the log, so there are about as many as there are turns.
 * 2. Its threads read and write the memory of a submission itself, so the submission is kept here
 *    until it completes; a read's memory is made here.
 * 3. Every operation completes exactly once. When the threads are gone, it does so with EIO: nothing
 *    is known of what they were doing, which is what a failed sync means anyway.
 * 4. The order of operations, the ways of writing and what a failed sync entails: native/disk.
 *
 * It does not know what the files mean.
 */
import { getSystemErrorName } from 'node:util';
import { assert, unreachable } from '../../base/assert.ts';
import type { DiskFile, DiskOperation } from '../../core/disk.ts';
import type { DaemonDisk, DiskOptions } from '../daemon-disk.ts';
import { LOCK_FILE } from '../data-directory.ts';
import { diskCodeOf } from '../disk-codes.ts';
import type { Addon, DiskHandle } from './addon.ts';

/** native/disk/operation.h has the same numbers. */
const KINDS = {
  create: 0,
  write: 1,
  read: 2,
  sync: 3,
  rename: 4,
  remove: 5,
  'sync-directory': 6,
  list: 7,
} as const;
const CALLS = [
  'none',
  'open',
  'read',
  'write',
  'sync',
  'stat',
  'rename',
  'unlink',
  'list',
  'none: an earlier sync failed',
];

/** native/addon/disk.cc has the same columns. */
const COLUMNS = 5;
const ROWS = 64;

const NO_BYTES = new Uint8Array(0);
const NO_FILES: readonly DiskFile[] = [];

interface InFlight {
  readonly operation: DiskOperation;
  /** What a read fills. */
  readonly into: Uint8Array;
}

interface Ending {
  /** The machine's number of an error; 0: none. */
  readonly error: number;
  readonly call: number;
  readonly foundBytes: number;
  readonly files: readonly DiskFile[];
}

const LOST: Ending = { error: 5, call: 0, foundBytes: 0, files: NO_FILES };

export class NativeDisk implements DaemonDisk {
  readonly #addon: Addon;
  readonly #options: DiskOptions;
  readonly #handle: DiskHandle;
  readonly #results = new Float64Array(ROWS * COLUMNS);
  readonly #inFlight = new Map<number, InFlight>();
  #isClosed = false;
  #isLost = false;
  #freeBytes = 0;
  #drained: () => void = () => {};
  onSynced: ((seconds: number) => void) | null = null;
  lastSyncedAt: number | null = null;

  /** Throws when the directory cannot be opened or a thread does not start. */
  constructor(addon: Addon, options: DiskOptions) {
    this.#addon = addon;
    this.#options = options;
    const handle = addon.diskOpen(options.directory, LOCK_FILE, this.#results, (count, files) =>
      this.#deliver(count, files),
    );
    if (typeof handle === 'number') throw errorOf(handle, 'start');
    this.#handle = handle;
    this.#freeBytes = addon.diskFreeBytes(handle);
  }

  submit(ticket: number, operation: DiskOperation): void {
    assert(!this.#isClosed, 'internal', 'a submission to a closed disk');
    const into = operation.kind === 'read' ? new Uint8Array(operation.length) : NO_BYTES;
    this.#inFlight.set(ticket, { operation, into });
    if (this.#isLost) queueMicrotask(() => this.#complete(ticket, LOST));
    else this.#addon.diskSubmit(this.#handle, encoded(ticket, operation, into));
  }

  freeBytes(): number {
    if (!this.#isClosed) this.#freeBytes = this.#addon.diskFreeBytes(this.#handle);
    return this.#freeBytes;
  }

  isUp(): boolean {
    if (this.#isClosed || this.#isLost) return !this.#isLost;
    if (this.#addon.diskIsUp(this.#handle) === 1) return true;
    this.#isLost = true;
    this.#loseAll();
    return false;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#inFlight.size > 0 && !this.#isLost) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    }
    this.#addon.diskClose(this.#handle);
  }

  #deliver(count: number, files: readonly (string | number)[]): void {
    const results = this.#results;
    const lists = readLists(files);
    for (let row = 0; row < count; row++) {
      const at = row * COLUMNS;
      const ticket = results[at]!;
      const ending: Ending = {
        error: results[at + 1]!,
        call: results[at + 2]!,
        foundBytes: results[at + 3]!,
        files: lists.get(ticket) ?? NO_FILES,
      };
      this.#noteSync(results[at + 4]!);
      this.#complete(ticket, ending);
    }
  }

  #noteSync(seconds: number): void {
    if (seconds < 0) return;
    this.lastSyncedAt = performance.now();
    this.onSynced?.(seconds);
  }

  #loseAll(): void {
    for (const ticket of [...this.#inFlight.keys()]) this.#complete(ticket, LOST);
  }

  /** One that was given up for lost may come after all: it has been answered. */
  #complete(ticket: number, { error, call, foundBytes, files }: Ending): void {
    const found = this.#inFlight.get(ticket);
    if (found === undefined) return;
    this.#inFlight.delete(ticket);
    if (this.#inFlight.size === 0) this.#drained();
    const { operation, into } = found;
    const failure = error === 0 ? null : errorOf(error, CALLS[call]!);
    if (failure !== null) this.#options.report(operation, failure);
    if (this.#isClosed) return;
    const code = failure === null ? 'OK' : diskCodeOf(failure.code);
    const bytes = failure === null ? into.subarray(0, foundBytes) : NO_BYTES;
    this.#options.deliver({ ticket, code, bytes, files: failure === null ? files : NO_FILES });
  }
}

/** Flat, as native/addon/disk.cc reads it. */
function encoded(ticket: number, operation: DiskOperation, into: Uint8Array): unknown[] {
  const head = [KINDS[operation.kind], ticket];
  switch (operation.kind) {
    case 'create':
      return [...head, operation.file, operation.bytes];
    case 'write': {
      const { file, offset, sync, parts } = operation;
      return [...head, file, offset, Number(sync), parts.length, ...parts];
    }
    case 'read':
      return [...head, operation.file, operation.offset, Number(operation.fresh), into];
    case 'sync':
    case 'remove':
      return [...head, operation.file];
    case 'rename':
      return [...head, operation.source, operation.target];
    case 'sync-directory':
    case 'list':
      return head;
    default:
      return unreachable(operation);
  }
}

/** Flat: for each list its ticket, how many files, then name and size of each. */
function readLists(flat: readonly (string | number)[]): ReadonlyMap<number, readonly DiskFile[]> {
  const lists = new Map<number, readonly DiskFile[]>();
  let at = 0;
  while (at < flat.length) {
    const ticket = flat[at++] as number;
    const end = at + 1 + 2 * (flat[at] as number);
    const files: DiskFile[] = [];
    for (at++; at < end; at += 2) {
      files.push({ name: flat[at] as string, bytes: flat[at + 1] as number });
    }
    lists.set(ticket, files);
  }
  return lists;
}

function errorOf(number: number, call: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-number);
  return Object.assign(new Error(`${code} in ${call}`), { code, errno: -number, syscall: call });
}
