/**
 * One group's commands of one turn, gathered as the body of the entry they become, and its reads.
 *
 * 1. Each row remembers who asked: `owner` is a connection's number, or -1 - n for stream n of
 *    another node's forwarded requests; `slot` is the request's number with that owner.
 * 2. Commands that stand behind each other where they come from are copied at once, when something
 *    else follows: a turn of one kind of request is one copy. Until `take` their bytes must stand.
 * 3. Who has answered what was taken may give it back: the next but one is gathered in its memory.
 */
import { ENTRY_HEADER_BYTES } from '../core/entry.ts';
import type { ReadBatch } from '../core/store/state.ts';

const BYTES_FIRST = 16 * 1024;
const ROWS_FIRST = 64;
const NONE = new Uint8Array(0);

export class Rows {
  count = 0;
  owner: Float64Array;
  slot: Float64Array;

  constructor(capacity: number) {
    this.owner = new Float64Array(capacity);
    this.slot = new Float64Array(capacity);
  }

  push(owner: number, slot: number): void {
    if (this.count === this.owner.length) this.#grow();
    this.owner[this.count] = owner;
    this.slot[this.count] = slot;
    this.count++;
  }

  clear(): void {
    this.count = 0;
  }

  #grow(): void {
    const owner = new Float64Array(this.count * 2);
    const slot = new Float64Array(this.count * 2);
    owner.set(this.owner);
    slot.set(this.slot);
    this.owner = owner;
    this.slot = slot;
  }
}

/** Room for as many rows as this batch had, and a few more: the next one is much like it. */
const capacityAfter = (rows: Rows): number => Math.max(ROWS_FIRST, rows.count + (rows.count >>> 2));

/** Bytes that grow; the last run of them is still where it comes from. */
class Bytes {
  #bytes: Uint8Array = NONE;
  #copied = 0;
  #source: Uint8Array = NONE;
  #from = 0;
  #to = 0;

  get used(): number {
    return this.#copied + this.#to - this.#from;
  }

  append(source: Uint8Array, at: number, size: number): void {
    if (source !== this.#source || at !== this.#to) {
      this.#copyRun();
      this.#source = source;
      this.#from = at;
    }
    this.#to = at + size;
  }

  /** All of it as bytes of their own, behind `reserved` free ones; empty afterwards. */
  take(reserved: number): Uint8Array {
    return this.takeInto(new Uint8Array(reserved + this.used), reserved);
  }

  /** The same in `bytes`, which have room for it. */
  takeInto(bytes: Uint8Array, reserved: number): Uint8Array {
    if (this.#copied > 0) bytes.set(this.#bytes.subarray(0, this.#copied), reserved);
    bytes.set(this.#source.subarray(this.#from, this.#to), reserved + this.#copied);
    this.#copied = 0;
    this.#source = NONE;
    this.#from = 0;
    this.#to = 0;
    return bytes;
  }

  #copyRun(): void {
    const end = this.used;
    if (end > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(BYTES_FIRST, end, this.#bytes.length * 2));
      bytes.set(this.#bytes.subarray(0, this.#copied));
      this.#bytes = bytes;
    }
    this.#bytes.set(this.#source.subarray(this.#from, this.#to), this.#copied);
    this.#copied = end;
    this.#from = this.#to;
  }
}

export interface WriteBatch {
  /** Room for the header, then the commands: what Raft's `propose` takes. */
  readonly bytes: Uint8Array;
  readonly rows: Rows;
}

export class WriteGather {
  rows = new Rows(ROWS_FIRST);
  #spare: Rows | null = null;
  readonly #body = new Bytes();

  get bodyBytes(): number {
    return this.#body.used;
  }

  append(source: Uint8Array, at: number, size: number): void {
    this.#body.append(source, at, size);
  }

  /** What was gathered, in bytes of its own; the gather is empty afterwards. */
  take(): WriteBatch {
    const { rows } = this;
    this.rows = this.#spare ?? new Rows(capacityAfter(rows));
    this.#spare = null;
    return { bytes: this.#body.take(ENTRY_HEADER_BYTES), rows };
  }

  /** Nobody has a use for these rows any more. */
  giveBack(rows: Rows): void {
    rows.clear();
    this.#spare = rows;
  }
}

export interface ReadRows {
  readonly batch: ReadBatch;
  readonly rows: Rows;
}

export class ReadGather {
  rows = new Rows(ROWS_FIRST);
  #ordinals = new Uint32Array(ROWS_FIRST);
  #spare: ReadRows | null = null;
  readonly #body = new Bytes();

  /** `ordinal`: how many commands of the turn's entry come before the read. */
  append(source: Uint8Array, at: number, size: number, ordinal: number): void {
    this.#body.append(source, at, size);
    const row = this.rows.count;
    if (row === this.#ordinals.length) this.#growOrdinals();
    this.#ordinals[row] = ordinal;
  }

  take(): ReadRows {
    const { rows } = this;
    const { used } = this.#body;
    const spare = this.#spare;
    const room = spare !== null && spare.batch.bytes.length >= used ? spare.batch.bytes : null;
    const bytes = room === null ? this.#body.take(0) : this.#body.takeInto(room, 0);
    const batch = { bytes, used, count: rows.count, ordinals: this.#ordinals };
    const capacity = capacityAfter(rows);
    this.rows = spare?.rows ?? new Rows(capacity);
    this.#ordinals = spare?.batch.ordinals ?? new Uint32Array(capacity);
    this.#spare = null;
    return { batch, rows };
  }

  /** Nobody has a use for these reads any more. */
  giveBack(reads: ReadRows): void {
    reads.rows.clear();
    this.#spare = reads;
  }

  #growOrdinals(): void {
    const ordinals = new Uint32Array(this.#ordinals.length * 2);
    ordinals.set(this.#ordinals);
    this.#ordinals = ordinals;
  }
}
