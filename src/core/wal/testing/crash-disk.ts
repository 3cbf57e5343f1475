/**
 * A disk small enough to crash in every way: for tests of machines that write files.
 *
 * 1. A write is seen by reads at once and is durable sector by sector (512 bytes) when a sync that
 *    covers it completes. A crash leaves of every unsynced sector any version it had, or garbage.
 * 2. A sync covers what had completed when it was submitted, and its own write; nothing else.
 * 3. Names are durable by `sync-directory`; a crash keeps any subset of the changes before it.
 * 4. `dieProcess` loses what was in flight but not the cache: bytes read later may be unsynced.
 */
import type {
  DiskCode,
  DiskCompletion,
  DiskFile,
  DiskOperation,
  DiskSubmission,
} from '../../disk.ts';

export const SECTOR_BYTES = 512;

/** A version of a sector that is not durable; `write` is done when its number is in `done`. */
interface Version {
  readonly write: number;
  readonly bytes: Uint8Array;
}

interface Inode {
  cache: Uint8Array;
  durable: Uint8Array;
  pending: Map<number, Version[]>;
}

interface NameChange {
  readonly write: number;
  readonly source: string | null;
  readonly target: string | null;
  readonly inode: Inode;
}

interface InFlight {
  readonly submission: DiskSubmission;
  readonly write: number;
  /** What had completed when it was submitted. */
  readonly covers: ReadonlySet<number>;
}

/** What a crash makes of one unsynced sector or name. */
export interface CrashChoice {
  /** 0: the durable version; i: the i-th version since; -1: garbage. */
  sector(versions: number): number;
  name(): boolean;
}

export const KEEP_ALL: CrashChoice = { sector: (versions) => versions, name: () => true };
export const DROP_ALL: CrashChoice = { sector: () => 0, name: () => false };

export class CrashDisk {
  names = new Map<string, Inode>();
  durableNames = new Map<string, Inode>();
  nameChanges: NameChange[] = [];
  inFlight: InFlight[] = [];
  done = new Set<number>();
  writes = 0;
  /** Answers the next operation of this kind with this code, without doing it. */
  failNext: { readonly kind: DiskOperation['kind']; readonly code: DiskCode } | null = null;
  /** Reads return at most this much. */
  readBytesMax = Number.POSITIVE_INFINITY;
  /** Changes what a read finds. */
  corruptRead: ((offset: number, bytes: Uint8Array, fresh: boolean) => void) | null = null;
  /** Operations done, by kind. */
  counts: Record<string, number> = {};

  submit(submission: DiskSubmission): void {
    const write = ++this.writes;
    this.inFlight.push({ submission, write, covers: new Set(this.done) });
    const { operation } = submission;
    if (this.failNext?.kind === operation.kind) return;
    this.#seeWrite(operation, write);
  }

  /** Completes the i-th operation in flight. */
  complete(at: number): DiskCompletion {
    const [{ submission, write, covers }] = this.inFlight.splice(at, 1) as [InFlight];
    const { operation, ticket } = submission;
    this.counts[operation.kind] = (this.counts[operation.kind] ?? 0) + 1;
    const answer = (code: DiskCode): DiskCompletion => ({
      ticket,
      code,
      bytes: code === 'OK' ? this.#read(operation) : new Uint8Array(0),
      files: operation.kind === 'list' ? this.list() : [],
    });
    if (this.failNext?.kind === operation.kind) {
      const { code } = this.failNext;
      this.failNext = null;
      return answer(code);
    }
    this.done.add(write);
    if (operation.kind === 'sync') this.#sync(operation.file, covers, 0);
    if (operation.kind === 'write' && operation.sync) this.#sync(operation.file, covers, write);
    if (operation.kind === 'sync-directory') this.#syncNames((change) => covers.has(change.write));
    const isMissing =
      'file' in operation && operation.kind === 'read' && !this.names.has(operation.file);
    return answer(isMissing ? 'ENOENT' : 'OK');
  }

  list(): DiskFile[] {
    return [...this.names].map(([name, inode]) => ({ name, bytes: inode.cache.length }));
  }

  /** The bytes of a file as reads see them; changing them is bit rot when `rot` is used. */
  bytes(file: string): Uint8Array {
    return this.names.get(file)!.cache;
  }

  /** Changes durable bytes behind everyone's back. */
  rot(file: string, change: (bytes: Uint8Array) => void): void {
    const inode = this.names.get(file)!;
    change(inode.cache);
    change(inode.durable);
  }

  /** Cuts a file short, durably. */
  cut(file: string, bytes: number): void {
    const inode = this.names.get(file)!;
    inode.cache = inode.cache.slice(0, bytes);
    inode.durable = inode.durable.slice(0, bytes);
  }

  /** Power loss. */
  crash(choice: CrashChoice): void {
    this.inFlight = [];
    const inodes = new Set([...this.durableNames.values(), ...this.names.values()]);
    for (const inode of inodes) crashInode(inode, choice);
    const kept = this.nameChanges.filter(() => choice.name());
    this.#syncNames((change) => kept.includes(change));
    this.nameChanges = [];
    this.names = new Map(this.durableNames);
    this.failNext = null;
  }

  /** The process dies and the machine lives on: the cache stays. */
  dieProcess(): void {
    this.inFlight = [];
    for (const inode of this.names.values()) {
      for (const versions of inode.pending.values()) {
        for (const version of versions) this.done.add(version.write);
      }
    }
    for (const change of this.nameChanges) this.done.add(change.write);
    this.failNext = null;
  }

  /** How many sectors a crash would have to decide about. */
  undecidedSectors(): number {
    let count = 0;
    for (const inode of this.names.values()) count += inode.pending.size;
    return count;
  }

  clone(): CrashDisk {
    const copy = new CrashDisk();
    const inodes = new Map<Inode, Inode>();
    const cloneInode = (inode: Inode): Inode => {
      const known = inodes.get(inode);
      if (known !== undefined) return known;
      const pending = new Map([...inode.pending].map(([at, list]) => [at, [...list]]));
      const made = { cache: inode.cache.slice(), durable: inode.durable.slice(), pending };
      inodes.set(inode, made);
      return made;
    };
    copy.names = new Map([...this.names].map(([name, inode]) => [name, cloneInode(inode)]));
    copy.durableNames = new Map(
      [...this.durableNames].map(([name, inode]) => [name, cloneInode(inode)]),
    );
    copy.nameChanges = this.nameChanges.map((it) => ({ ...it, inode: cloneInode(it.inode) }));
    copy.inFlight = [...this.inFlight];
    copy.done = new Set(this.done);
    copy.writes = this.writes;
    return copy;
  }

  /** The effect of an operation on what reads see. */
  #seeWrite(operation: DiskOperation, write: number): void {
    if (operation.kind === 'create') {
      const known = this.names.get(operation.file);
      const inode = known ?? newInode(0);
      if (known === undefined) this.#changeName(write, null, operation.file, inode);
      resize(inode, operation.bytes);
      put(inode, 0, new Uint8Array(operation.bytes), write);
    } else if (operation.kind === 'write') {
      let at = operation.offset;
      const inode = this.names.get(operation.file)!;
      for (const part of operation.parts) {
        if (at + part.length > inode.cache.length) resize(inode, at + part.length);
        put(inode, at, part, write);
        at += part.length;
      }
    } else if (operation.kind === 'rename') {
      const inode = this.names.get(operation.source);
      if (inode !== undefined) this.#changeName(write, operation.source, operation.target, inode);
    } else if (operation.kind === 'remove') {
      const inode = this.names.get(operation.file);
      if (inode !== undefined) this.#changeName(write, operation.file, null, inode);
    }
  }

  #changeName(write: number, source: string | null, target: string | null, inode: Inode): void {
    this.nameChanges.push({ write, source, target, inode });
    if (source !== null) this.names.delete(source);
    if (target !== null) this.names.set(target, inode);
  }

  #syncNames(isKept: (change: NameChange) => boolean): void {
    const later: NameChange[] = [];
    for (const change of this.nameChanges) {
      if (!isKept(change)) {
        later.push(change);
        continue;
      }
      const { source, target, inode } = change;
      if (source !== null && this.durableNames.get(source) === inode) {
        this.durableNames.delete(source);
      }
      if (target !== null) this.durableNames.set(target, inode);
    }
    this.nameChanges = later;
  }

  #sync(file: string, covers: ReadonlySet<number>, own: number): void {
    const inode = this.names.get(file);
    if (inode === undefined) return;
    for (const [sector, versions] of inode.pending) {
      let last = -1;
      versions.forEach((version, at) => {
        if (version.write === own || covers.has(version.write)) last = at;
      });
      if (last < 0) continue;
      inode.durable.set(versions[last]!.bytes, sector * SECTOR_BYTES);
      const rest = versions.slice(last + 1);
      if (rest.length === 0) inode.pending.delete(sector);
      else inode.pending.set(sector, rest);
    }
  }

  #read(operation: DiskOperation): Uint8Array {
    if (operation.kind !== 'read') return new Uint8Array(0);
    const inode = this.names.get(operation.file);
    if (inode === undefined) return new Uint8Array(0);
    const length = Math.min(operation.length, this.readBytesMax);
    const bytes = inode.cache.slice(operation.offset, operation.offset + length);
    this.corruptRead?.(operation.offset, bytes, operation.fresh);
    return bytes;
  }
}

function newInode(bytes: number): Inode {
  return { cache: new Uint8Array(bytes), durable: new Uint8Array(bytes), pending: new Map() };
}

function resize(inode: Inode, bytes: number): void {
  if (bytes <= inode.cache.length) return;
  const grow = (old: Uint8Array): Uint8Array => {
    const grown = new Uint8Array(bytes);
    grown.set(old);
    return grown;
  };
  inode.cache = grow(inode.cache);
  inode.durable = grow(inode.durable);
}

/** Writes whole sectors; those that stay as they are durably need no decision. */
function put(inode: Inode, offset: number, bytes: Uint8Array, write: number): void {
  inode.cache.set(bytes, offset);
  const first = Math.floor(offset / SECTOR_BYTES);
  const end = Math.ceil((offset + bytes.length) / SECTOR_BYTES);
  for (let sector = first; sector < end; sector++) {
    const at = sector * SECTOR_BYTES;
    const now = inode.cache.subarray(at, at + SECTOR_BYTES);
    const versions = inode.pending.get(sector) ?? [];
    const before = versions.at(-1)?.bytes ?? inode.durable.subarray(at, at + SECTOR_BYTES);
    if (isSame(before, now)) continue;
    const earlier = versions.filter((version) => version.write !== write);
    inode.pending.set(sector, [...earlier, { write, bytes: now.slice() }]);
  }
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at++) if (left[at] !== right[at]) return false;
  return true;
}

function crashInode(inode: Inode, choice: CrashChoice): void {
  for (const [sector, versions] of inode.pending) {
    const at = sector * SECTOR_BYTES;
    const chosen = choice.sector(versions.length);
    if (chosen > 0) inode.durable.set(versions[chosen - 1]!.bytes, at);
    if (chosen < 0) inode.durable.fill(0xa5, at, Math.min(at + SECTOR_BYTES, inode.durable.length));
  }
  inode.pending.clear();
  inode.cache = inode.durable.slice();
}
