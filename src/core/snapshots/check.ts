/** Invariants of one group's snapshot files and transfers. */
import { assert } from '../../base/assert.ts';
import type { SnapshotsState } from './state.ts';
import type { Landing, Lane, Transfer } from './work.ts';

export function checkSnapshots(state: SnapshotsState): void {
  checkFiles(state);
  checkLane(state, state.own);
  checkLane(state, state.incoming);
  checkPending(state);
  const busy = state.transfers.filter(({ file }) => file !== null);
  assert(busy.length <= state.config.sendsMax, 'queue-bound', 'too many receivers at once');
  for (const transfer of busy) checkTransfer(state, transfer);
  const isSaveMade = state.own.landing === null || state.save !== null;
  assert(isSaveMade, 'internal', 'a file is made that nobody saves');
  const { receipt } = state;
  const isArriving = receipt?.phase === 'arriving';
  const isLanding = state.incoming.landing !== null;
  assert(isArriving === isLanding || state.phase === 'failed', 'internal', 'receipt without file');
}

function checkFiles(state: SnapshotsState): void {
  let before = 0;
  for (const file of state.files) {
    assert(file.index > before, 'index-order', 'snapshot files out of order');
    before = file.index;
    const isProved = file.header !== null || file.standing === 'found';
    assert(isProved || file.standing === 'damaged', 'durable-quorum', 'a file nobody proved');
    if (file.header !== null) {
      assert(file.header.meta.index === file.index, 'index-order', 'a file under a wrong name');
    }
  }
  const { releasedIndex } = state;
  const isCovered = releasedIndex === 0 || state.files.some(({ index }) => index >= releasedIndex);
  assert(isCovered, 'durable-quorum', 'the snapshot that a mark names is gone');
}

function checkLane(state: SnapshotsState, lane: Lane): void {
  const { landing } = lane;
  if (landing === null) return;
  let queued = landing.writingBytes;
  let largest = landing.writingBytes;
  for (const part of landing.queue) {
    queued += part.length;
    largest = Math.max(largest, part.length);
  }
  assert(queued === landing.queuedBytes, 'queue-bound', 'miscounted bytes of a snapshot');
  const bound = state.config.bufferBytesMax + largest;
  assert(queued <= bound, 'queue-bound', 'too much of a snapshot waits for the disk');
  assert(landing.isSynced === isPastSync(landing), 'durable-quorum', 'a stage before its time');
}

function isPastSync({ stage }: Landing): boolean {
  return stage === 'verify' || stage === 'rename' || stage === 'sync-directory';
}

function checkPending(state: SnapshotsState): void {
  const count = { lane: 0, load: 0, send: 0, list: 0, removal: 0 };
  for (const pending of state.pending.values()) count[pending.kind]++;
  if (state.phase === 'failed') return;
  const busyLanes = Number(state.own.isBusy) + Number(state.incoming.isBusy);
  assert(count.lane === busyLanes, 'effect-order', 'a lane does two things at once');
  assert(count.removal === state.removals.length, 'effect-order', 'miscounted removals');
}

function checkTransfer(state: SnapshotsState, transfer: Transfer): void {
  const { ackedBytes, sentBytes, provedBytes } = transfer;
  const file = transfer.file!;
  assert(state.files.includes(file), 'availability', 'a file went while it was being sent');
  const { fileBytes } = file.header!;
  assert(ackedBytes <= sentBytes, 'monotonic', 'acknowledged before it was sent');
  assert(sentBytes <= fileBytes, 'monotonic', 'sent beyond the end');
  assert(provedBytes <= fileBytes, 'monotonic', 'proved beyond the end');
  const isWindowed = sentBytes - ackedBytes <= state.config.windowBytesMax;
  assert(isWindowed, 'queue-bound', 'more on its way than the window holds');
}
