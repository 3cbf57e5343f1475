/**
 * A disk for tests: the rules of core/disk.ts, small enough to be read beside the machine.
 *
 * Nothing happens until `complete`. A crash settles every unsynced write and every unsynced name by
 * itself: kept, lost, or (a write) torn; operations on their way may have taken place or not.
 */
import { newPrng, nextBelow, nextChance, type Prng } from '../../base/prng.ts';
import type { DiskCode, DiskCompletion, DiskOperation, DiskSubmission } from '../disk.ts';

export type CrashMode = 'keep' | 'lose' | 'mix';

interface Write {
  readonly at: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Inode {
  cache: Uint8Array;
  durable: Uint8Array;
  unsynced: Write[];
}

interface NameChange {
  readonly at: number;
  readonly name: string;
  readonly inode: Inode | null;
  /** The name given up by a rename. */
  readonly source: string | null;
}

interface Submitted extends DiskSubmission {
  readonly at: number;
}

function overwritten(bytes: Uint8Array, offset: number, part: Uint8Array): Uint8Array {
  const grown = new Uint8Array(Math.max(bytes.length, offset + part.length));
  grown.set(bytes);
  grown.set(part, offset);
  return grown;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  let whole: Uint8Array = new Uint8Array(0);
  for (const part of parts) whole = overwritten(whole, whole.length, part);
  return whole;
}

export class TestDisk {
  readonly #prng: Prng;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #changes: NameChange[] = [];
  #queue: Submitted[] = [];
  /** Everything that happens gets the next number: a sync reaches what was before it. */
  #clock = 0;
  /** Asked before each operation: a code to fail with, or null. */
  fault: (operation: DiskOperation) => DiskCode | null = () => null;
  /** Operations that wait until this changes its mind. */
  isHeld: (operation: DiskOperation) => boolean = () => false;
  /** What was done, in words. */
  readonly journal: string[] = [];

  constructor(seed: number) {
    this.#prng = newPrng([seed]);
  }

  get waiting(): number {
    return this.#queue.length;
  }

  submit(submissions: readonly DiskSubmission[]): void {
    for (const submission of submissions) this.#queue.push({ ...submission, at: ++this.#clock });
  }

  /** Does one of the waiting operations, any of them if `isShuffled`; null if there are none. */
  complete(isShuffled = false): DiskCompletion | null {
    const free = this.#queue.filter(({ operation }) => !this.isHeld(operation));
    const submitted = free[isShuffled ? nextBelow(this.#prng, Math.max(1, free.length)) : 0];
    if (submitted === undefined) return null;
    this.#queue.splice(this.#queue.indexOf(submitted), 1);
    const done = this.#perform(submitted);
    this.journal.push(`${describe(submitted.operation)} ${done.code}`);
    return { ticket: submitted.ticket, ...done };
  }

  files(): Map<string, Uint8Array> {
    return new Map([...this.#names].map(([name, inode]) => [name, inode.cache]));
  }

  /** Changes cold bytes behind everybody's back. */
  damage(name: string, change: (bytes: Uint8Array) => Uint8Array): void {
    const inode = this.#names.get(name)!;
    inode.cache = change(inode.cache.slice());
    inode.durable = inode.cache.slice();
  }

  crash(mode: CrashMode): void {
    for (const submitted of this.#queue) if (this.#survives(mode)) this.#perform(submitted);
    this.#queue = [];
    const changed = this.#changes.map(({ inode }) => inode).filter((inode) => inode !== null);
    const inodes = new Set([...this.#names.values(), ...this.#durableNames.values(), ...changed]);
    for (const inode of inodes) this.#settle(inode, mode);
    for (const change of this.#changes) {
      if (this.#survives(mode)) rename(this.#durableNames, change);
    }
    this.#changes = [];
    this.#names = new Map(this.#durableNames);
  }

  #survives(mode: CrashMode): boolean {
    return mode === 'keep' || (mode === 'mix' && nextChance(this.#prng, 1, 2));
  }

  #settle(inode: Inode, mode: CrashMode): void {
    for (const { offset, bytes } of inode.unsynced) {
      if (!this.#survives(mode)) continue;
      const isTorn = mode === 'mix' && nextChance(this.#prng, 1, 3);
      const kept = isTorn ? bytes.subarray(0, nextBelow(this.#prng, bytes.length + 1)) : bytes;
      inode.durable = overwritten(inode.durable, offset, kept);
    }
    inode.unsynced = [];
    inode.cache = inode.durable.slice();
  }

  #perform({ operation, at }: Submitted): Omit<DiskCompletion, 'ticket'> {
    const files = operation.kind === 'list' ? this.#list() : [];
    const none = new Uint8Array(0);
    const fault = this.fault(operation);
    if (fault !== null) return { code: fault, bytes: none, files: [] };
    if (operation.kind === 'read') return this.#read(operation);
    return { code: this.#change(operation, at), bytes: none, files };
  }

  #list(): { name: string; bytes: number }[] {
    return [...this.#names].map(([name, inode]) => ({ name, bytes: inode.cache.length }));
  }

  #read(operation: Extract<DiskOperation, { kind: 'read' }>): Omit<DiskCompletion, 'ticket'> {
    const { offset, length } = operation;
    const inode = this.#names.get(operation.file);
    const bytes = inode?.cache.slice(offset, offset + length) ?? new Uint8Array(0);
    return { code: inode === undefined ? 'ENOENT' : 'OK', bytes, files: [] };
  }

  #change(operation: DiskOperation, at: number): DiskCode {
    switch (operation.kind) {
      case 'create':
        return this.#create(operation.file);
      case 'write':
        return this.#write(operation, at);
      case 'sync':
        return this.#sync(this.#names.get(operation.file), at);
      case 'rename':
        return this.#rename(operation.source, operation.target);
      case 'remove':
        return this.#remove(operation.file);
      case 'sync-directory':
        return this.#syncDirectory(at);
      default:
        return 'OK';
    }
  }

  #create(name: string): DiskCode {
    if (this.#names.has(name)) return 'OK';
    const inode = { cache: new Uint8Array(0), durable: new Uint8Array(0), unsynced: [] };
    this.#note({ at: ++this.#clock, name, inode, source: null });
    return 'OK';
  }

  #write(operation: Extract<DiskOperation, { kind: 'write' }>, at: number): DiskCode {
    const inode = this.#names.get(operation.file);
    if (inode === undefined) return 'ENOENT';
    const { offset } = operation;
    const bytes = joined(operation.parts);
    inode.cache = overwritten(inode.cache, offset, bytes);
    inode.unsynced.push({ at: operation.sync ? at : ++this.#clock, offset, bytes });
    return operation.sync ? this.#sync(inode, at) : 'OK';
  }

  #sync(inode: Inode | undefined, at: number): DiskCode {
    if (inode === undefined) return 'ENOENT';
    for (const write of inode.unsynced) {
      if (write.at <= at) inode.durable = overwritten(inode.durable, write.offset, write.bytes);
    }
    inode.unsynced = inode.unsynced.filter((write) => write.at > at);
    return 'OK';
  }

  #rename(source: string, target: string): DiskCode {
    const inode = this.#names.get(source);
    if (inode === undefined) return 'ENOENT';
    this.#note({ at: ++this.#clock, name: target, inode, source });
    return 'OK';
  }

  #remove(name: string): DiskCode {
    if (!this.#names.has(name)) return 'ENOENT';
    this.#note({ at: ++this.#clock, name, inode: null, source: null });
    return 'OK';
  }

  #syncDirectory(at: number): DiskCode {
    for (const change of this.#changes) if (change.at <= at) rename(this.#durableNames, change);
    this.#changes = this.#changes.filter((change) => change.at > at);
    return 'OK';
  }

  #note(change: NameChange): void {
    rename(this.#names, change);
    this.#changes.push(change);
  }
}

function describe(operation: DiskOperation): string {
  if (operation.kind === 'read') return operation.fresh ? 'read-fresh' : 'read';
  return operation.kind === 'write' && operation.sync ? 'write-sync' : operation.kind;
}

function rename(names: Map<string, Inode>, { name, inode, source }: NameChange): void {
  if (source !== null) names.delete(source);
  if (inode === null) names.delete(name);
  else names.set(name, inode);
}
