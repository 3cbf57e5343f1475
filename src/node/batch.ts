/**
 * One group's commands of one turn, gathered as the body of the entry they become, and its reads.
 *
 * Each row remembers who asked: `owner` is a connection's number, or -1 - n for stream n of another
 * node's forwarded requests; `slot` is the request's number with that owner.
 */
import { ENTRY_HEADER_BYTES } from '../core/entry.ts';
import type { ReadBatch } from '../core/store/state.ts';

const BYTES_FIRST = 16 * 1024;
const ROWS_FIRST = 64;

export class Rows {
  count = 0;
  owner = new Float64Array(ROWS_FIRST);
  slot = new Float64Array(ROWS_FIRST);

  push(owner: number, slot: number): void {
    if (this.count === this.owner.length) this.#grow();
    this.owner[this.count] = owner;
    this.slot[this.count] = slot;
    this.count++;
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

/** Bytes that grow, with a head of `reserved` bytes left free. */
class Bytes {
  bytes: Uint8Array;
  used: number;

  constructor(reserved: number) {
    this.bytes = new Uint8Array(BYTES_FIRST);
    this.used = reserved;
  }

  append(source: Uint8Array, at: number, size: number): void {
    const end = this.used + size;
    if (end > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(end, this.bytes.length * 2));
      bytes.set(this.bytes.subarray(0, this.used));
      this.bytes = bytes;
    }
    this.bytes.set(source.subarray(at, at + size), this.used);
    this.used = end;
  }
}

export interface WriteBatch {
  /** Room for the header, then the commands: what Raft's `propose` takes. */
  readonly bytes: Uint8Array;
  readonly rows: Rows;
}

export class WriteGather {
  rows = new Rows();
  #body = new Bytes(ENTRY_HEADER_BYTES);

  get bodyBytes(): number {
    return this.#body.used - ENTRY_HEADER_BYTES;
  }

  append(source: Uint8Array, at: number, size: number): void {
    this.#body.append(source, at, size);
  }

  /** What was gathered, in bytes of its own; the gather is empty afterwards. */
  take(): WriteBatch {
    const batch = { bytes: this.#body.bytes.slice(0, this.#body.used), rows: this.rows };
    this.rows = new Rows();
    this.#body.used = ENTRY_HEADER_BYTES;
    return batch;
  }
}

export interface ReadRows {
  readonly batch: ReadBatch;
  readonly rows: Rows;
}

export class ReadGather {
  rows = new Rows();
  #ordinals: number[] = [];
  #body = new Bytes(0);

  /** `ordinal`: how many commands of the turn's entry come before the read. */
  append(source: Uint8Array, at: number, size: number, ordinal: number): void {
    this.#body.append(source, at, size);
    this.#ordinals.push(ordinal);
  }

  take(): ReadRows {
    const bytes = this.#body.bytes.slice(0, this.#body.used);
    const batch = {
      bytes,
      used: bytes.length,
      count: this.rows.count,
      ordinals: Uint32Array.from(this.#ordinals),
    };
    const taken = { batch, rows: this.rows };
    this.rows = new Rows();
    this.#ordinals = [];
    this.#body.used = 0;
    return taken;
  }
}
