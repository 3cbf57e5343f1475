/**
 * Results of a batch, one row a command, in typed arrays: no object per operation.
 *
 * The store pushes, the protocol's writer reads; the node matches rows to requests by position.
 * Rows live until `clear`.
 */
import { assert } from '../base/assert.ts';

export class ResultLane {
  count = 0;
  /** STATUS of each row (types.ts). */
  status = new Uint8Array(64);
  /** The revision after the command; 0 where there is none. */
  revision = new Float64Array(64);
  /** Where the row's value stands in `values`. */
  valueAt = new Uint32Array(64);
  valueBytes = new Uint32Array(64);
  values = new Uint8Array(4096);
  #used = 0;

  clear(): void {
    this.count = 0;
    this.#used = 0;
  }

  /** Appends a row whose value is copied from `source`; `bytes === 0`: no value. */
  push(status: number, revision: number, source: Uint8Array, at: number, bytes: number): void {
    if (this.count === this.status.length) this.#growRows();
    const row = this.count++;
    this.status[row] = status;
    this.revision[row] = revision;
    this.valueAt[row] = this.#used;
    this.valueBytes[row] = bytes;
    if (bytes === 0) return;
    const end = this.#used + bytes;
    if (end > this.values.length) this.#growValues(end);
    this.values.set(source.subarray(at, at + bytes), this.#used);
    this.#used = end;
  }

  /** A view of row `row`'s value; valid until `clear`. */
  value(row: number): Uint8Array {
    assert(row < this.count, 'internal', 'no such row');
    const at = this.valueAt[row]!;
    return this.values.subarray(at, at + this.valueBytes[row]!);
  }

  #growRows(): void {
    const size = this.status.length * 2;
    const status = new Uint8Array(size);
    const revision = new Float64Array(size);
    const valueAt = new Uint32Array(size);
    const valueBytes = new Uint32Array(size);
    status.set(this.status);
    revision.set(this.revision);
    valueAt.set(this.valueAt);
    valueBytes.set(this.valueBytes);
    this.status = status;
    this.revision = revision;
    this.valueAt = valueAt;
    this.valueBytes = valueBytes;
  }

  #growValues(end: number): void {
    const values = new Uint8Array(Math.max(end, this.values.length * 2));
    values.set(this.values.subarray(0, this.#used));
    this.values = values;
  }
}
