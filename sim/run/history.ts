/**
 * What clients asked and were told, in the form that the linearizability checker judges.
 *
 * Positions are counted, not timed: the checker needs only the order of calls and returns.
 */
import { type Operation, UNKNOWN } from '../check/linearizable/model.ts';
import type { StoreCall } from '../check/linearizable/store.ts';

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
}

export class History {
  readonly operations: Pending[] = [];
  completed = 0;
  refused = 0;
  unknown = 0;
  #position = 0;

  call(process: string, key: string, call: StoreCall): Pending {
    const pending = {
      process,
      key,
      call,
      callAt: ++this.#position,
      returnAt: UNKNOWN,
      result: null,
      isVoid: false,
      isDone: false,
    };
    this.operations.push(pending);
    return pending;
  }

  answered(pending: Pending, result: string | null): void {
    pending.returnAt = ++this.#position;
    pending.result = result;
    pending.isDone = true;
    this.completed++;
  }

  /** Certainly not executed. */
  void(pending: Pending): void {
    pending.isVoid = true;
    pending.isDone = true;
    this.refused++;
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
