/**
 * The requests of one connection that have no reply yet, in request order.
 *
 *            head                     tail
 *   replied │ done  done  pending  done │ free
 *
 * A slot's number counts from the connection's first request and never wraps; its row in the ring
 * is number & mask. Replies leave from the head; one that is done early waits for those before it.
 */
import { assert } from '../base/assert.ts';
import type { NodeId } from '../base/units.ts';
import type { WireFailure } from '../core/protocol/writer.ts';
import type { ResultLane } from '../core/results.ts';

export const SLOT = {
  PENDING: 0,
  /** The answer is a row of a result lane of this turn. */
  RESULT: 1,
  /** The answer is an encoded frame, kept from an earlier turn. */
  KEPT: 2,
  FAILED: 3,
  /** The node answers by itself: PING, METRICS, HELLO. */
  LOCAL: 4,
  REDIRECT: 5,
  /** Answered out of order, as HELLO agreed. */
  GONE: 6,
} as const;

const ROWS_FIRST = 16;

export class Slots {
  head = 0;
  tail = 0;
  seq = new Uint32Array(ROWS_FIRST);
  command = new Uint8Array(ROWS_FIRST);
  flags = new Uint8Array(ROWS_FIRST);
  state = new Uint8Array(ROWS_FIRST);
  /** 1: proposed or sent on, so that losing track of it makes its outcome unknown. */
  isSent = new Uint8Array(ROWS_FIRST);
  staleMs = new Uint32Array(ROWS_FIRST);
  /** When the request came, in microseconds. */
  since = new Float64Array(ROWS_FIRST);
  /** Of a RESULT: in its lane; of a REDIRECT: the leader's id. */
  row = new Uint32Array(ROWS_FIRST);
  lane: (ResultLane | null)[] = new Array(ROWS_FIRST).fill(null);
  kept: (Uint8Array | null)[] = new Array(ROWS_FIRST).fill(null);
  failure: (WireFailure | null)[] = new Array(ROWS_FIRST).fill(null);

  get pending(): number {
    return this.tail - this.head;
  }

  at(slot: number): number {
    assert(slot >= this.head && slot < this.tail, 'internal', 'no such slot');
    return slot & (this.seq.length - 1);
  }

  isOpen(slot: number): boolean {
    return slot >= this.head && slot < this.tail && this.state[this.at(slot)] === SLOT.PENDING;
  }

  push(seq: number, command: number, flags: number, since: number): number {
    if (this.pending === this.seq.length) this.#grow();
    const slot = this.tail++;
    const at = slot & (this.seq.length - 1);
    this.seq[at] = seq;
    this.command[at] = command;
    this.flags[at] = flags;
    this.since[at] = since;
    this.state[at] = SLOT.PENDING;
    this.isSent[at] = 0;
    this.staleMs[at] = 0;
    return slot;
  }

  /** Row `row` of `lane` answers `slot`. False: it is answered already, or gone. */
  complete(slot: number, lane: ResultLane, row: number): boolean {
    const at = slot & (this.seq.length - 1);
    if (slot < this.head || slot >= this.tail || this.state[at] !== SLOT.PENDING) return false;
    this.state[at] = SLOT.RESULT;
    this.lane[at] = lane;
    this.row[at] = row;
    return true;
  }

  setFailure(slot: number, failure: WireFailure): void {
    const at = this.at(slot);
    this.state[at] = SLOT.FAILED;
    this.failure[at] = failure;
  }

  setRedirect(slot: number, leader: NodeId): void {
    const at = this.at(slot);
    this.state[at] = SLOT.REDIRECT;
    this.row[at] = leader;
  }

  setKept(slot: number, frame: Uint8Array): void {
    const at = this.at(slot);
    this.state[at] = SLOT.KEPT;
    this.kept[at] = frame;
    this.lane[at] = null;
  }

  /** Forgets the answer of `slot`, which has been written. */
  release(slot: number): void {
    const at = this.at(slot);
    const isResult = this.state[at] === SLOT.RESULT;
    this.state[at] = SLOT.GONE;
    // Lanes outlive every connection; nothing else hangs on a result.
    if (isResult) return;
    this.lane[at] = null;
    this.kept[at] = null;
    this.failure[at] = null;
  }

  #grow(): void {
    const size = this.seq.length * 2;
    const old = { ...this };
    const oldMask = this.seq.length - 1;
    this.seq = new Uint32Array(size);
    this.command = new Uint8Array(size);
    this.flags = new Uint8Array(size);
    this.state = new Uint8Array(size);
    this.isSent = new Uint8Array(size);
    this.staleMs = new Uint32Array(size);
    this.since = new Float64Array(size);
    this.row = new Uint32Array(size);
    this.lane = new Array(size).fill(null);
    this.kept = new Array(size).fill(null);
    this.failure = new Array(size).fill(null);
    for (let slot = this.head; slot < this.tail; slot++) {
      const from = slot & oldMask;
      const to = slot & (size - 1);
      this.seq[to] = old.seq[from]!;
      this.command[to] = old.command[from]!;
      this.flags[to] = old.flags[from]!;
      this.state[to] = old.state[from]!;
      this.isSent[to] = old.isSent[from]!;
      this.staleMs[to] = old.staleMs[from]!;
      this.since[to] = old.since[from]!;
      this.row[to] = old.row[from]!;
      this.lane[to] = old.lane[from]!;
      this.kept[to] = old.kept[from]!;
      this.failure[to] = old.failure[from]!;
    }
  }
}
