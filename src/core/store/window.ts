/**
 * The results that one session may still ask for again, by sequence.
 *
 * 1. A ring that holds the sequences [floor, floor + size): sequence s stands at s mod size. It
 *    grows by doubling, up to the window of 1,024, as the session has more in flight.
 * 2. A result too large to keep leaves its status and revision behind; its value is `null`.
 */
import { assert } from '../../base/assert.ts';
import { SESSION_WINDOW } from '../types.ts';

export const NO_VALUE = new Uint8Array(0);
const SIZE_MIN = 4;
const EMPTY = -1;

export class ResultWindow {
  #sequences = new Float64Array(SIZE_MIN).fill(EMPTY);
  #statuses = new Uint8Array(SIZE_MIN);
  #revisions = new Float64Array(SIZE_MIN);
  #values: (Uint8Array | null)[] = new Array(SIZE_MIN).fill(null);
  count = 0;

  get size(): number {
    return this.#sequences.length;
  }

  has(sequence: number): boolean {
    return this.#sequences[sequence % this.size] === sequence;
  }

  statusOf(sequence: number): number {
    return this.#statuses[sequence % this.size]!;
  }

  revisionOf(sequence: number): number {
    return this.#revisions[sequence % this.size]!;
  }

  /** Null: the value was too large to keep. */
  valueOf(sequence: number): Uint8Array | null {
    return this.#values[sequence % this.size]!;
  }

  /** The sequences held, ascending; none is below `floor`. */
  sequences(floor: number): number[] {
    const held: number[] = [];
    for (let at = floor; at < floor + this.size && held.length < this.count; at++) {
      if (this.has(at)) held.push(at);
    }
    return held;
  }

  /** Keeps a result. `floor` is the lowest sequence that may still be held. */
  keep(floor: number, sequence: number, result: KeptResult): void {
    assert(sequence >= floor && sequence < floor + SESSION_WINDOW, 'sessions', 'beyond the window');
    while (sequence - floor >= this.size) this.#grow();
    const slot = sequence % this.size;
    assert(this.#sequences[slot] === EMPTY, 'sessions', 'a result was kept twice');
    this.#sequences[slot] = sequence;
    this.#statuses[slot] = result.status;
    this.#revisions[slot] = result.revision;
    this.#values[slot] = result.value;
    this.count++;
  }

  drop(sequence: number): void {
    const slot = sequence % this.size;
    assert(this.#sequences[slot] === sequence, 'sessions', 'dropped a result that is not held');
    this.#sequences[slot] = EMPTY;
    this.#values[slot] = null;
    this.count--;
  }

  #grow(): void {
    const before = { sequences: this.#sequences, statuses: this.#statuses };
    const revisions = this.#revisions;
    const values = this.#values;
    const size = this.size * 2;
    this.#sequences = new Float64Array(size).fill(EMPTY);
    this.#statuses = new Uint8Array(size);
    this.#revisions = new Float64Array(size);
    this.#values = new Array(size).fill(null);
    before.sequences.forEach((sequence, old) => {
      if (sequence === EMPTY) return;
      const slot = sequence % size;
      this.#sequences[slot] = sequence;
      this.#statuses[slot] = before.statuses[old]!;
      this.#revisions[slot] = revisions[old]!;
      this.#values[slot] = values[old]!;
    });
  }
}

export interface KeptResult {
  readonly status: number;
  readonly revision: number;
  readonly value: Uint8Array | null;
}
