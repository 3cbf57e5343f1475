/**
 * The directory of a simulated disk: names as programs see them, and names that would survive.
 *
 * 1. A change of a name (create, rename, remove) is visible at once and durable once a directory
 *    sync that was submitted after it has completed.
 * 2. When the power goes, unsynced changes survive as a prefix (a journalling file system) or each
 *    by itself (anything else); a file never ends up with two names.
 * 3. A failed directory sync forsakes what it covered, and breaks the directory: a file system that cannot
 *    write its journal lets nobody change a name any more until the machine is started again.
 */
import type { SimulatedFile } from './disk-file.ts';
import type { Stream } from './streams.ts';

interface NameChange {
  readonly stamp: number;
  readonly file: SimulatedFile;
  /** The name given up; null for a create. */
  readonly source: string | null;
  /** The name taken; null for a remove. */
  readonly target: string | null;
  isForsaken: boolean;
}

type Names = Map<string, SimulatedFile>;

/** Change by change, so that a lost earlier change never leaves the file under two names. */
function apply(names: Names, change: NameChange): void {
  if (change.target === null) {
    if (names.get(change.source!) === change.file) names.delete(change.source!);
    return;
  }
  for (const [name, file] of names) {
    if (file === change.file) names.delete(name);
  }
  names.set(change.target, change.file);
}

export class Directory {
  private visible: Names = new Map();
  private durable: Names = new Map();
  private unsynced: NameChange[] = [];
  isBroken = false;

  find(name: string): SimulatedFile | null {
    return this.visible.get(name) ?? null;
  }

  /** Visible names, sorted. */
  names(): string[] {
    return [...this.visible.keys()].sort();
  }

  /** Names that survive whatever happens, sorted. */
  durableNames(): string[] {
    return [...this.durable.keys()].sort();
  }

  findDurable(name: string): SimulatedFile | null {
    return this.durable.get(name) ?? null;
  }

  create(name: string, file: SimulatedFile, stamp: number): void {
    this.change({ stamp, file, source: null, target: name, isForsaken: false });
  }

  /** False when `source` does not exist. An existing `target` is replaced. */
  rename(source: string, target: string, stamp: number): boolean {
    const file = this.visible.get(source);
    if (file === undefined) return false;
    this.change({ stamp, file, source, target, isForsaken: false });
    return true;
  }

  /** False when `name` does not exist. */
  remove(name: string, stamp: number): boolean {
    const file = this.visible.get(name);
    if (file === undefined) return false;
    this.change({ stamp, file, source: name, target: null, isForsaken: false });
    return true;
  }

  sync(stamp: number): void {
    for (const change of this.unsynced) {
      if (change.stamp <= stamp && !change.isForsaken) apply(this.durable, change);
    }
    this.unsynced = this.unsynced.filter((change) => change.stamp > stamp || change.isForsaken);
  }

  failSync(stamp: number, stream: Stream): void {
    for (const change of this.unsynced) {
      if (change.stamp <= stamp && stream.permille(700)) change.isForsaken = true;
    }
    this.sync(stamp);
    this.isBroken = true;
  }

  losePower(stream: Stream, isOrdered: boolean, keepPermille: number): void {
    for (const change of this.unsynced) {
      if (change.isForsaken) continue;
      if (stream.permille(keepPermille)) apply(this.durable, change);
      else if (isOrdered) break;
    }
    this.unsynced = [];
    this.visible = new Map(this.durable);
    this.isBroken = false;
  }

  /** Every file that has a name or might get one back in a crash, each once. */
  files(): SimulatedFile[] {
    const changed = this.unsynced.map((change) => change.file);
    return [...new Set([...this.visible.values(), ...this.durable.values(), ...changed])];
  }

  usedBytes(): number {
    let used = 0;
    for (const file of this.visible.values()) used += file.size();
    return used;
  }

  /** Whether a name was changed and not synced since. */
  hasUnsynced(): boolean {
    return this.unsynced.length > 0;
  }

  private change(change: NameChange): void {
    apply(this.visible, change);
    this.unsynced.push(change);
  }
}
