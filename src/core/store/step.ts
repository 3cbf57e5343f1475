/**
 * The store machine: one per Raft group. Committed entries go in, results come out.
 *
 *   apply → writes, reads          snapshot-begin, snapshot-slice → snapshot bytes
 *   read  → reads                  load-begin, load, load-end → another state, or a fault
 *
 * This file only dispatches. apply.ts is the place to begin reading.
 */
import { unreachable } from '../../base/assert.ts';
import { type Millis, NEVER } from '../../base/units.ts';
import type { Core } from '../core.ts';
import { applyEntry } from './apply.ts';
import { checkStore } from './check.ts';
import { ReadCursor } from './reads.ts';
import { doBackground, hasReclaimable } from './reclaim.ts';
import {
  abortLoad,
  abortSnapshot,
  beginLoad,
  beginSnapshot,
  continueLoad,
  endLoad,
  takeSlice,
} from './snapshot.ts';
import {
  initStore,
  type StoreConfig,
  type StoreEvent,
  type StoreOut,
  type StoreState,
} from './state.ts';

export const store: Core<StoreConfig, StoreState, StoreEvent, StoreOut> = {
  init: initStore,
  step,
  deadline,
  check: checkStore,
};

function step(state: StoreState, event: StoreEvent, _now: Millis, out: StoreOut): void {
  switch (event.kind) {
    case 'apply':
      applyEntry(state, event.entry, event.reads, out);
      return;
    case 'read':
      new ReadCursor(event.batch).answerAll(state, event.stampNow, out.reads);
      return;
    case 'snapshot-begin':
      beginSnapshot(state, event.meta);
      return;
    case 'snapshot-slice':
      takeSlice(state, event.bytesMax, out);
      return;
    case 'snapshot-abort':
      abortSnapshot(state);
      return;
    case 'load-begin':
      beginLoad(state, event.rebuild);
      return;
    case 'load':
      continueLoad(state, event.bytes, out);
      return;
    case 'load-end':
      endLoad(state, out);
      return;
    case 'load-abort':
      abortLoad(state);
      return;
    case 'background':
      doBackground(state, event.budget);
      return;
    default:
      unreachable(event);
  }
}

/** Keys expire by log time, which only entries advance: the machine itself waits for nothing. */
function deadline(state: StoreState): Millis {
  return hasReclaimable(state) ? (0 as Millis) : NEVER;
}
