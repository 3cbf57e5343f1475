/** A disk for one small file at a time: what is synced stays, what is not goes with a crash. */
import type {
  DiskCode,
  DiskCompletion,
  DiskFile,
  DiskOperation,
  DiskSubmission,
} from '../../disk.ts';

interface Inode {
  cache: Uint8Array;
  durable: Uint8Array;
}

export class SmallDisk {
  names = new Map<string, Inode>();
  durableNames = new Map<string, Inode>();
  inFlight: DiskSubmission[] = [];
  failNext: { readonly kind: DiskOperation['kind']; readonly code: DiskCode } | null = null;
  /** Changes what a read that is not fresh finds. */
  corruptRead: ((bytes: Uint8Array) => void) | null = null;

  submit(submission: DiskSubmission): void {
    this.inFlight.push(submission);
  }

  /** Does the oldest operation in flight. */
  complete(): DiskCompletion {
    const { ticket, operation } = this.inFlight.shift()!;
    if (this.failNext?.kind === operation.kind) {
      const { code } = this.failNext;
      this.failNext = null;
      return { ticket, code, bytes: new Uint8Array(0), files: [] };
    }
    const bytes = operation.kind === 'read' ? this.#read(operation) : new Uint8Array(0);
    const files = operation.kind === 'list' ? this.list() : [];
    this.#change(operation);
    return { ticket, code: 'OK', bytes, files };
  }

  list(): DiskFile[] {
    return [...this.names].map(([name, { cache }]) => ({ name, bytes: cache.length }));
  }

  /** Puts a durable file there. */
  put(file: string, bytes: Uint8Array): void {
    const inode = { cache: bytes.slice(), durable: bytes.slice() };
    this.names.set(file, inode);
    this.durableNames.set(file, inode);
  }

  /** Power loss. `garbled`: unsynced bytes turn to garbage. `namesKept`: unsynced renames hold. */
  crash({ garbled, namesKept }: { readonly garbled: boolean; readonly namesKept: boolean }): void {
    this.inFlight = [];
    for (const inode of [...this.names.values(), ...this.durableNames.values()]) {
      const isSynced = inode.cache.every((byte, at) => byte === inode.durable[at]);
      if (garbled && !isSynced) inode.durable = inode.cache.slice().fill(0xa5);
      inode.cache = inode.durable.slice();
    }
    if (namesKept) this.durableNames = new Map(this.names);
    this.names = new Map(this.durableNames);
  }

  #read(operation: Extract<DiskOperation, { kind: 'read' }>): Uint8Array {
    const { cache } = this.names.get(operation.file)!;
    const bytes = cache.slice(operation.offset, operation.offset + operation.length);
    if (!operation.fresh) this.corruptRead?.(bytes);
    return bytes;
  }

  #change(operation: DiskOperation): void {
    if (operation.kind === 'create') {
      const known = this.names.get(operation.file);
      const inode = known ?? { cache: new Uint8Array(0), durable: new Uint8Array(0) };
      inode.cache = new Uint8Array(operation.bytes);
      this.names.set(operation.file, inode);
    } else if (operation.kind === 'write') {
      const inode = this.names.get(operation.file)!;
      inode.cache.set(operation.parts[0]!, operation.offset);
      if (operation.sync) inode.durable = inode.cache.slice();
    } else if (operation.kind === 'sync') {
      const inode = this.names.get(operation.file)!;
      inode.durable = inode.cache.slice();
    } else if (operation.kind === 'rename') {
      this.names.set(operation.target, this.names.get(operation.source)!);
      this.names.delete(operation.source);
    } else if (operation.kind === 'sync-directory') {
      this.durableNames = new Map(this.names);
    }
  }
}
