/**
 * Open files by name, at most `handlesMax` of them, the least recently used closed first.
 *
 * The caller sees to it that one file is used by one operation at a time; a handle in use is never
 * closed, so the bound is exceeded rather than an operation refused.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { closeFile, openFile } from './disk-io.ts';

const rename = promisify(fs.rename);
const unlink = promisify(fs.unlink);

interface Handle {
  readonly fd: number;
  isUsed: boolean;
}

export class FileHandles {
  readonly #directory: string;
  readonly #handlesMax: number;
  /** Least recently used first. */
  readonly #handles = new Map<string, Handle>();

  constructor(directory: string, handlesMax: number) {
    this.#directory = directory;
    this.#handlesMax = handlesMax;
  }

  get count(): number {
    return this.#handles.size;
  }

  pathOf(name: string): string {
    return join(this.#directory, name);
  }

  /** Runs `work` on the file, which is made if `create` says so, else must exist. */
  async use<Value>(
    name: string,
    create: boolean,
    work: (fd: number) => Promise<Value>,
  ): Promise<Value> {
    const handle = await this.#open(name, create);
    handle.isUsed = true;
    try {
      return await work(handle.fd);
    } finally {
      handle.isUsed = false;
    }
  }

  async rename(source: string, target: string): Promise<void> {
    await rename(this.pathOf(source), this.pathOf(target));
    const replaced = this.#take(target);
    const moved = this.#take(source);
    if (moved !== null) this.#handles.set(target, moved);
    if (replaced !== null) await closeFile(replaced.fd);
  }

  async remove(name: string): Promise<void> {
    await unlink(this.pathOf(name));
    const handle = this.#take(name);
    if (handle !== null) await closeFile(handle.fd);
  }

  async closeAll(): Promise<void> {
    const handles = [...this.#handles.values()];
    this.#handles.clear();
    for (const { fd } of handles) await closeFile(fd);
  }

  async #open(name: string, create: boolean): Promise<Handle> {
    const known = this.#take(name);
    const flags = fs.constants.O_RDWR | (create ? fs.constants.O_CREAT : 0);
    const handle = known ?? { fd: await openFile(this.pathOf(name), flags), isUsed: false };
    this.#handles.set(name, handle);
    if (this.#handles.size > this.#handlesMax) await this.#closeOldest(name);
    return handle;
  }

  #take(name: string): Handle | null {
    const handle = this.#handles.get(name) ?? null;
    this.#handles.delete(name);
    return handle;
  }

  async #closeOldest(except: string): Promise<void> {
    for (const [name, { fd, isUsed }] of this.#handles) {
      if (isUsed || name === except) continue;
      this.#handles.delete(name);
      await closeFile(fd);
      return;
    }
  }
}
