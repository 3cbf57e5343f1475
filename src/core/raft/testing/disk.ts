/**
 * One machine's disk in a test: flushes under tickets, and what survives a crash.
 *
 * 1. A flush is durable when it and every flush before it are complete; until then it may be lost.
 * 2. What is durable is an independent copy of the log, built from records alone: tests compare it
 *    with what the machine believes.
 * 3. A snapshot's content is durable before its mark is written, as the product does it.
 */
import { assert } from '../../../base/assert.ts';
import type { LogIndex, Term } from '../../../base/units.ts';
import { entryIndex, entryTerm } from '../../entry.ts';
import type { Configuration, HardState, SnapshotMeta, WalRecord } from '../../types.ts';

/** A command that a state machine has applied. */
export interface Applied {
  readonly index: LogIndex;
  readonly term: Term;
  /** What the entry said; empty for entries without a command. */
  readonly text: string;
}

export interface Snapshot {
  readonly meta: SnapshotMeta;
  readonly stamp: number;
  readonly applied: readonly Applied[];
}

interface Flush {
  readonly ticket: number;
  readonly records: readonly WalRecord[];
  isComplete: boolean;
}

export interface Recovered {
  readonly hardState: HardState;
  readonly snapshot: Snapshot;
  readonly entries: readonly Uint8Array[];
}

const GROUP = 0 as SnapshotMeta['group'];

/** The state before anything happened, seen as a snapshot. */
export function emptySnapshot(index: number, configuration: Configuration): Snapshot {
  const meta = { group: GROUP, index: index as LogIndex, term: 0 as Term, configuration };
  return { meta, stamp: 0, applied: [] };
}

export class Disk {
  hardState: HardState;
  snapshot: Snapshot;
  /** Durable entries above the snapshot's index. */
  entries: Uint8Array[];
  /** In the order of their tickets. */
  pending: Flush[] = [];
  /** By index, what this life of the machine began with and wrote since, durable or not. */
  written = new Map<LogIndex, Uint8Array>();
  #files = new Map<number, Snapshot>();

  constructor(recovered: Recovered) {
    this.hardState = recovered.hardState;
    this.snapshot = recovered.snapshot;
    this.entries = [...recovered.entries];
  }

  get lastIndex(): number {
    return this.snapshot.meta.index + this.entries.length;
  }

  /** The term of the durable entry at `index`; null if it is not held or below the snapshot. */
  termAt(index: number): number | null {
    if (index === this.snapshot.meta.index) return this.snapshot.meta.term;
    const entry = this.entries[index - this.snapshot.meta.index - 1];
    return entry === undefined ? null : entryTerm(entry);
  }

  /** A snapshot's bytes are on disk; nothing relies on them before the mark. */
  store(snapshot: Snapshot): void {
    this.#files.set(snapshot.meta.index, snapshot);
  }

  write(ticket: number, records: readonly WalRecord[]): void {
    const last = this.pending.at(-1);
    assert(last === undefined || last.ticket < ticket, 'effect-order', 'tickets rise');
    this.pending.push({ ticket, records, isComplete: false });
    for (const record of records) this.#note(record);
  }

  #note(record: WalRecord): void {
    if (record.kind === 'entry') this.written.set(record.index, record.bytes);
    if (record.kind !== 'truncate') return;
    for (const index of [...this.written.keys()]) {
      if (index >= record.from) this.written.delete(index);
    }
  }

  /** A life begins with what is durable. */
  begin(): void {
    this.written = new Map(this.entries.map((entry) => [entryIndex(entry), entry]));
  }

  /** The device finished one flush. Answers the ticket through which all is durable now, or 0. */
  complete(ticket: number): number {
    const flush = this.pending.find((candidate) => candidate.ticket === ticket);
    assert(flush !== undefined, 'internal', 'no such flush');
    flush.isComplete = true;
    let through = 0;
    while (this.pending[0]?.isComplete === true) {
      const durable = this.pending.shift()!;
      for (const record of durable.records) this.#apply(record);
      through = durable.ticket;
    }
    return through;
  }

  /** Power is lost; the first `keep` of the pending flushes had reached the disk unnoticed. */
  crash(keep: number): void {
    for (const flush of this.pending.slice(0, keep)) {
      for (const record of flush.records) this.#apply(record);
    }
    this.pending = [];
  }

  #apply(record: WalRecord): void {
    switch (record.kind) {
      case 'hard-state':
        assert(record.hardState.term >= this.hardState.term, 'monotonic', 'durable term falls');
        this.hardState = record.hardState;
        break;
      case 'entry':
        assert(record.index === this.lastIndex + 1, 'log-matching', 'a gap on disk');
        this.entries.push(record.bytes);
        break;
      case 'truncate':
        this.entries = this.entries.filter((entry) => entryIndex(entry) < record.from);
        break;
      case 'snapshot':
        this.#mark(record.index, record.term);
        break;
    }
  }

  #mark(index: LogIndex, term: Term): void {
    const snapshot = this.#files.get(index);
    assert(snapshot !== undefined, 'effect-order', 'a mark for a snapshot that is not there');
    assert(snapshot.meta.term === term, 'log-matching', 'a mark of another term');
    const held = this.entries.filter((entry) => entryIndex(entry) > index);
    const isWhole = held.length === 0 || entryIndex(held[0]!) === index + 1;
    assert(isWhole, 'log-matching', 'a gap behind a snapshot');
    this.entries = held;
    this.snapshot = snapshot;
  }
}
