/**
 * The disk port on plain Node: one data directory under the rules of core/disk.ts.
 *
 * 1. Operations on one file run in the order of submission, one at a time; different files run side
 *    by side in Node's thread pool. A rename waits for, and holds up, both of its names.
 * 2. Every operation completes exactly once, whatever happens to it.
 * 3. Errors are mapped to the machines' few (disk-codes.ts); their own words go to `report`.
 * 4. A failed sync is passed on like any failure and is not tried again: the node decides, and it
 *    decides to stop.
 * 5. The lock (data-directory.ts) is the port's own file and is not listed.
 *
 * It does not know what the files mean.
 */
import fs from 'node:fs';
import { promisify } from 'node:util';
import { unreachable } from '../base/assert.ts';
import type { DiskCode, DiskFile, DiskOperation } from '../core/disk.ts';
import type { DaemonDisk, DiskOptions } from './daemon-disk.ts';
import { LOCK_FILE } from './data-directory.ts';
import { diskCodeOf } from './disk-codes.ts';
import { readPastCache } from './disk-direct.ts';
import { FileHandles } from './disk-handles.ts';
import {
  closeFile,
  extendWithZeros,
  openFile,
  readBytes,
  syncAll,
  syncData,
  writeParts,
} from './disk-io.ts';

const readdir = promisify(fs.readdir);
const stat = promisify(fs.stat);
const statfs = promisify(fs.statfs);

const HANDLES_MAX = 64;
const FREE_REFRESH_MS = 1000;
const NO_BYTES = new Uint8Array(0);
const NO_FILES: readonly DiskFile[] = [];

interface Found {
  readonly bytes: Uint8Array;
  readonly files: readonly DiskFile[];
}

const NOTHING: Found = { bytes: NO_BYTES, files: NO_FILES };

export class PlainDisk implements DaemonDisk {
  readonly #directory: string;
  readonly #options: DiskOptions;
  readonly #handles: FileHandles;
  /** The last operation of each file that has any. */
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #freeTimer: NodeJS.Timeout;
  #freeBytes: number;
  #isClosed = false;
  onSynced: ((seconds: number) => void) | null = null;
  lastSyncedAt: number | null = null;

  constructor(options: DiskOptions) {
    this.#directory = options.directory;
    this.#options = options;
    this.#handles = new FileHandles(options.directory, HANDLES_MAX);
    this.#freeBytes = roomOf(fs.statfsSync(options.directory));
    this.#freeTimer = setInterval(() => void this.#refreshFree(), FREE_REFRESH_MS);
    this.#freeTimer.unref();
  }

  submit(ticket: number, operation: DiskOperation): void {
    const names = namesOf(operation);
    const before = names.flatMap((name) => this.#lanes.get(name) ?? []);
    const run =
      before.length === 0
        ? this.#complete(ticket, operation)
        : Promise.all(before).then(() => this.#complete(ticket, operation));
    for (const name of names) this.#lanes.set(name, run);
    this.#inFlight.add(run);
    void run.then(() => this.#leave(names, run));
  }

  freeBytes(): number {
    return this.#freeBytes;
  }

  /** Node's own threads do not end before Node does. */
  isUp(): boolean {
    return true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#freeTimer);
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
    await this.#handles.closeAll();
  }

  #leave(names: readonly string[], run: Promise<void>): void {
    this.#inFlight.delete(run);
    for (const name of names) if (this.#lanes.get(name) === run) this.#lanes.delete(name);
  }

  /** Never rejects: a failure is a completion too. */
  async #complete(ticket: number, operation: DiskOperation): Promise<void> {
    let code: DiskCode = 'OK';
    let found = NOTHING;
    try {
      found = await this.#perform(operation);
    } catch (error) {
      code = codeOf(error);
      this.#options.report(operation, error);
    }
    const { bytes, files } = found;
    if (!this.#isClosed) this.#options.deliver({ ticket, code, bytes, files });
  }

  async #perform(operation: DiskOperation): Promise<Found> {
    switch (operation.kind) {
      case 'create':
        await this.#handles.use(operation.file, true, (fd) => extendWithZeros(fd, operation.bytes));
        return NOTHING;
      case 'write':
        await this.#handles.use(operation.file, false, (fd) => this.#write(fd, operation));
        return NOTHING;
      case 'read':
        return { bytes: await this.#read(operation), files: NO_FILES };
      case 'sync':
        await this.#handles.use(operation.file, false, (fd) => this.#sync(fd));
        return NOTHING;
      case 'rename':
        await this.#handles.rename(operation.source, operation.target);
        return NOTHING;
      case 'remove':
        await this.#handles.remove(operation.file);
        return NOTHING;
      case 'sync-directory':
        await this.#syncDirectory();
        return NOTHING;
      case 'list':
        return { bytes: NO_BYTES, files: await this.#list() };
      default:
        return unreachable(operation);
    }
  }

  async #write(fd: number, write: DiskOperation & { kind: 'write' }): Promise<void> {
    await writeParts(fd, write.offset, write.parts);
    if (write.sync) await this.#sync(fd);
  }

  async #sync(fd: number): Promise<void> {
    const begun = performance.now();
    await syncData(fd);
    this.lastSyncedAt = performance.now();
    this.onSynced?.((this.lastSyncedAt - begun) / 1000);
  }

  #read(operation: DiskOperation & { kind: 'read' }): Promise<Uint8Array> {
    const { file, offset, length, fresh } = operation;
    if (fresh) return readPastCache(this.#handles.pathOf(file), offset, length);
    return this.#handles.use(file, false, (fd) => readBytes(fd, offset, length));
  }

  async #syncDirectory(): Promise<void> {
    const fd = await openFile(this.#directory, 'r');
    try {
      await syncAll(fd);
    } finally {
      await closeFile(fd);
    }
  }

  async #list(): Promise<DiskFile[]> {
    const files: DiskFile[] = [];
    for (const name of await readdir(this.#directory)) {
      if (name === LOCK_FILE) continue;
      const found = await this.#statIfThere(name);
      if (found?.isFile() === true) files.push({ name, bytes: found.size });
    }
    return files;
  }

  /** A name may go between being listed and being looked at. */
  async #statIfThere(name: string): Promise<fs.Stats | null> {
    try {
      return await stat(this.#handles.pathOf(name));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** On failure the last word stands: free bytes are advice, and writes have errors of their own. */
  async #refreshFree(): Promise<void> {
    try {
      this.#freeBytes = roomOf(await statfs(this.#directory));
    } catch (error) {
      this.#options.report({ kind: 'list' }, error);
    }
  }
}

const roomOf = ({ bavail, bsize }: fs.StatsFs): number => bavail * bsize;

/** The files whose order an operation takes part in. */
function namesOf(operation: DiskOperation): readonly string[] {
  switch (operation.kind) {
    case 'rename':
      return [operation.source, operation.target];
    case 'sync-directory':
    case 'list':
      return [];
    default:
      return [operation.file];
  }
}

function codeOf(error: unknown): DiskCode {
  return diskCodeOf((error as NodeJS.ErrnoException).code);
}
