/**
 * What clients asked and were told, in the form that the linearizability checker judges.
 *
 * Positions are counted, not timed: the checker needs only the order of calls and returns.
 */
import { type Operation, UNKNOWN } from '../check/linearizable/model.ts';
import type { StoreCall } from '../check/linearizable/store.ts';
import { type Testimony, Witness } from './witness.ts';

export interface Pending {
  readonly process: string;
  readonly key: string;
  readonly callAt: number;
  readonly call: StoreCall;
  returnAt: number;
  result: string | null;
  /** Certainly not executed: it is not part of the history. */
  isVoid: boolean;
  isDone: boolean;
  readonly testimony: Testimony | null;
}

export class History {
  readonly operations: Pending[] = [];
  readonly #witness = new Witness();
  completed = 0;
  /** Answered, and not judged here. */
  staleReads = 0;
  refused = 0;
  unknown = 0;
  #position = 0;

  /** `connection`: one that executes in the order of requests; its number is used by no other. */
  call(process: string, key: string, call: StoreCall, connection: number): Pending {
    const callAt = ++this.#position;
    const pending = {
      process,
      key,
      call,
      callAt,
      returnAt: UNKNOWN,
      result: null,
      isVoid: false,
      isDone: false,
      testimony: this.#witness.called(key, call, connection, callAt),
    };
    this.operations.push(pending);
    return pending;
  }

  answered(pending: Pending, result: string | null): void {
    pending.returnAt = ++this.#position;
    pending.result = result;
    pending.isDone = true;
    this.completed++;
    const { testimony, call, returnAt } = pending;
    if (testimony !== null) this.#witness.answered(testimony, call, result, returnAt);
  }

  /** Certainly not executed. */
  void(pending: Pending): void {
    pending.isVoid = true;
    pending.isDone = true;
    this.refused++;
    if (pending.testimony !== null) this.#witness.refused(pending.testimony);
  }

  /** Refused by a rule of the store: not executed, and still an answer. */
  declined(pending: Pending): void {
    this.void(pending);
    this.completed++;
  }

  /** May have been, or may still be, executed. A read of unknown outcome says nothing at all. */
  lost(pending: Pending): void {
    pending.isDone = true;
    if (pending.call.name === 'get') pending.isVoid = true;
    this.unknown++;
  }

  toJudge(): Operation<StoreCall>[] {
    const judged: Operation<StoreCall>[] = [];
    for (const { process, key, callAt, returnAt, call, result, isVoid } of this.operations) {
      if (isVoid || (call.name === 'get' && returnAt === UNKNOWN)) continue;
      judged.push({ process, key, callAt, returnAt, call, result });
    }
    return judged;
  }
}
