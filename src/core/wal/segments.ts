/**
 * Segments: making the next one ahead of need, and letting go of the dead.
 *
 *   dead file or none ─ rename ─▶ wal-next.tmp ─ zeros ─ sync ─ rename ─ sync directory ─▶ spare
 *
 * 1. A segment gets its name only when its zeros are synced, and is used only when its name is.
 *    A crash anywhere before leaves a temporary file, which the next making overwrites.
 * 2. A dead segment is let go of only when a durable flush header says that it is dead: recovery
 *    then ignores its file, whatever of the renaming, zeroing or removing reached the disk.
 * 3. A dead file is zeroed again rather than trusted to be told apart: the zeros keep "blank" and
 *    "torn" simple, and a rewritten file has its blocks allocated already (no room is asked of a
 *    full disk, no file-system journal waits behind a sync).
 * 4. When the disk has no room for a segment, the log waits and asks again; the caller sees it
 *    coming by `reservedBytes`.
 */

import { assert } from '../../base/assert.ts';
import { clearList } from '../../base/lists.ts';
import type { Millis } from '../../base/units.ts';
import { NEVER } from '../../base/units.ts';
import type { DiskCompletion, DiskOperation } from '../disk.ts';
import { BLOCK_BYTES, flushBytes } from './flush.ts';
import { newSegment } from './ledger.ts';
import type { Making, WalOut, WalState } from './state.ts';
import { fail, MAKING_FILE, segmentFile, submit, tailOf } from './state.ts';

const RETRY_MS = 1000;

/** The lowest sequence that must be kept. */
export function firstLiveSequence(state: WalState): number {
  for (const segment of state.segments) {
    if (segment.liveCount > 0 || segment.flushesInFlight > 0) return segment.sequence;
  }
  return tailOf(state)?.sequence ?? 0;
}

/** Room for a flush in the tail; its last block is kept for a mark, which may free segments. */
export function tailRoomBytes(state: WalState, isMark: boolean): number {
  const tail = tailOf(state);
  if (tail === null || tail.sequence <= state.damagedThrough) return 0;
  return tail.bytes - tail.usedBytes - (isMark ? 0 : BLOCK_BYTES);
}

/** The size of a segment that has room for a flush with this payload. */
function segmentBytesFor(state: WalState, payloadBytes: number): number {
  return Math.max(state.config.segmentBytes, flushBytes(payloadBytes) + BLOCK_BYTES);
}

/** Makes the spare the tail if it has room for `payloadBytes`; else sees to one that has. */
export function rollOver(state: WalState, payloadBytes: number, out: WalOut): boolean {
  const { spare } = state;
  const neededBytes = segmentBytesFor(state, payloadBytes);
  if (
    spare === null ||
    spare.bytes < Math.min(neededBytes, flushBytes(payloadBytes) + BLOCK_BYTES)
  ) {
    makeSegment(state, neededBytes, out);
    return false;
  }
  state.segments.push(spare);
  state.spare = null;
  return true;
}

/** Keeps a zeroed segment ahead, if the configuration wants one. */
export function keepSpare(state: WalState, out: WalOut): void {
  if (state.config.zeroedAheadMax === 0 || state.spare !== null) return;
  makeSegment(state, state.config.segmentBytes, out);
}

function makeSegment(state: WalState, bytes: number, out: WalOut): void {
  if (state.making !== null || state.retryAt !== NEVER) return;
  const { spare } = state;
  state.spare = null;
  const source = spare?.file ?? takeRetired(state, bytes);
  const sequence = spare?.sequence ?? state.nextSequence++;
  const step = source === null ? 'create' : 'rename-source';
  state.making = { step, sequence, bytes, source };
  submit(state, out, makingOperation(state.making), { kind: 'making' });
}

/** A dead file that is no larger than what is to be made of it, or null. */
function takeRetired(state: WalState, bytes: number): string | null {
  const at = state.retired.findIndex((file) => file.bytes <= bytes);
  return at < 0 ? null : state.retired.splice(at, 1)[0]!.file;
}

function makingOperation(making: Making): DiskOperation {
  switch (making.step) {
    case 'rename-source':
      return { kind: 'rename', source: making.source ?? MAKING_FILE, target: MAKING_FILE };
    case 'create':
      return { kind: 'create', file: MAKING_FILE, bytes: making.bytes };
    case 'sync':
      return { kind: 'sync', file: MAKING_FILE };
    case 'rename':
      return { kind: 'rename', source: MAKING_FILE, target: segmentFile(making.sequence) };
    case 'sync-directory':
      return { kind: 'sync-directory' };
    case 'remove':
      return { kind: 'remove', file: MAKING_FILE };
  }
}

const NEXT_STEP = {
  'rename-source': 'create',
  create: 'sync',
  sync: 'rename',
  rename: 'sync-directory',
} as const;

/** One step of the making is done: takes the next one. */
export function onMakingStep(
  state: WalState,
  completion: DiskCompletion,
  now: Millis,
  out: WalOut,
): void {
  const { making } = state;
  assert(making !== null, 'internal', 'no segment is being made');
  const { step } = making;
  if (step === 'remove') {
    state.making = null;
    state.retryAt = (now + RETRY_MS) as Millis;
    state.nextSequence = Math.max(state.nextSequence, making.sequence + 1);
    return;
  }
  const isFull = completion.code === 'ENOSPC' && step === 'create';
  if (completion.code !== 'OK' && !isFull) {
    fail(state, out, `${completion.code} in ${step} of a new segment`);
    return;
  }
  if (step === 'sync-directory') {
    finishMaking(state, making);
    return;
  }
  making.step = isFull ? 'remove' : NEXT_STEP[step];
  submit(state, out, makingOperation(making), { kind: 'making' });
}

function finishMaking(state: WalState, making: Making): void {
  state.spare = newSegment(making.sequence, segmentFile(making.sequence), making.bytes);
  state.making = null;
  state.stats.segmentsMade++;
}

/** Moves the segments that a durable header calls dead to `retired`. */
export function retireSegments(state: WalState): void {
  while (state.segments.length > 1) {
    const oldest = state.segments[0]!;
    if (oldest.sequence >= state.claimedFirstLive) return;
    const isDead = oldest.liveCount === 0 && oldest.flushesInFlight === 0;
    assert(isDead, 'durable-quorum', 'a segment with live records was let go');
    state.segments.shift();
    state.retired.push({ file: oldest.file, bytes: oldest.bytes });
  }
}

/** Removes the dead files that no making took. */
export function removeRetired(state: WalState, out: WalOut): void {
  for (const { file } of state.retired) {
    submit(state, out, { kind: 'remove', file }, { kind: 'removal' });
  }
  clearList(state.retired);
}
