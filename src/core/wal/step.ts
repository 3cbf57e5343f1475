/**
 * The write-ahead log of one node, shared by its groups. One door; the work is in the topic files:
 *
 *   flush.ts record.ts payload.ts   bytes                    docs/formats/wal.md
 *   ledger.ts                       what the log holds
 *   queue.ts writer.ts              append → flush → durable
 *   segments.ts copy-forward.ts     files come and go
 *   recovery.ts replay.ts judgement.ts recovery-end.ts repair.ts   after a crash
 *
 * It does not read entries' commands, does not take snapshots, and knows no other machine: it talks
 * to the disk in values (../disk.ts) under tickets of its own.
 */

import { unreachable } from '../../base/assert.ts';
import type { Millis } from '../../base/units.ts';
import { NEVER } from '../../base/units.ts';
import type { Core } from '../core.ts';
import type { DiskCompletion } from '../disk.ts';
import { check } from './check.ts';
import { chooseCopies } from './copy-forward.ts';
import { append, release } from './queue.ts';
import { onRecovery, openLog } from './recovery.ts';
import { finishRepair, repair } from './repair.ts';
import { keepSpare, onMakingStep, removeRetired, retireSegments } from './segments.ts';
import type { WalConfig, WalEvent, WalOut, WalState } from './state.ts';
import { fail, initialState } from './state.ts';
import { onBarrier, onFlush, startFlushes } from './writer.ts';

export const wal: Core<WalConfig, WalState, WalEvent, WalOut> = {
  init: initialState,
  step,
  deadline: (state) => {
    const markAt = state.isMarkWaiting ? NEVER : state.markAt;
    return Math.min(markAt, state.retryAt) as Millis;
  },
  check,
};

function step(state: WalState, event: WalEvent, now: Millis, out: WalOut): void {
  dispatch(state, event, now, out);
  if (state.phase !== 'ready' && state.phase !== 'healing') return;
  retireSegments(state);
  if (now >= state.retryAt || state.retired.length > 0) state.retryAt = NEVER;
  chooseCopies(state);
  startFlushes(state, now, out);
  keepSpare(state, out);
  removeRetired(state, out);
  finishRepair(state, out);
}

function dispatch(state: WalState, event: WalEvent, now: Millis, out: WalOut): void {
  switch (event.kind) {
    case 'open':
      openLog(state, out);
      return;
    case 'disk':
      onCompletion(state, event.completion, now, out);
      return;
    case 'append':
      append(state, event, out);
      return;
    case 'tick':
      return;
    case 'durability':
      state.durability = event.durability;
      return;
    case 'release':
      release(state, event);
      return;
    case 'repair':
      repair(state, event.entries);
      return;
    default:
      unreachable(event);
      return;
  }
}

function onCompletion(state: WalState, completion: DiskCompletion, now: Millis, out: WalOut): void {
  const pending = state.pending.get(completion.ticket);
  if (pending === undefined || !state.pending.delete(completion.ticket)) return;
  if (state.phase === 'failed') return;
  switch (pending.kind) {
    case 'flush':
      onFlush(state, pending.flush, completion, out);
      return;
    case 'barrier':
      onBarrier(state, pending, completion, out);
      return;
    case 'making':
      onMakingStep(state, completion, now, out);
      return;
    case 'removal':
      if (completion.code === 'EIO') fail(state, out, 'EIO in the removal of a dead segment');
      return;
    case 'recovery':
      onRecovery(state, pending.operation, completion, out);
      return;
    default:
      unreachable(pending);
      return;
  }
}
