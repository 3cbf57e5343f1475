/**
 * Recovery, the reading half: list, read the segments in order, replay what is whole.
 *
 *   list ─▶ read a segment ─▶ replay its flushes ─▶ bad flush: does the next segment go on? ─▶ …
 *                                                └▶ no: read the rest past the cache, then judge
 *
 * 1. Reads are bounded, and go on after a short one. A read error stops the node: an unreadable
 *    flush is not a torn one. All go past the page cache: a process that died as its sync failed leaves
 *    pages there that count as clean, that no disk holds, and that no later sync writes.
 * 2. The end of the log looks like a bad flush too. So whatever ends the replay is read again, with
 *    all that comes behind it, until two readings agree, before it is judged (judgement.ts). A
 *    sector that was read from elsewhere must neither cut the log off nor condemn it.
 * 3. Files below the lowest live sequence that any flush header names are dead, in whatever state
 *    a crash left them. When a bad flush turns out to lie in one, replay starts again without them.
 */
import { assert } from '../../base/assert.ts';
import { crc32c } from '../../base/crc32c.ts';
import type { DiskCompletion, DiskFile, DiskOperation } from '../disk.ts';
import { segmentSalt } from './flush.ts';
import { judge } from './judgement.ts';
import type { Segment } from './ledger.ts';
import { newLedger, newSegment } from './ledger.ts';
import { planEnd, runPlan } from './recovery-end.ts';
import type { LoadedSegment, Recovery } from './replay.ts';
import { newRecovery, replayNext, submitRecovery } from './replay.ts';
import type { WalOut, WalState } from './state.ts';
import { fail, MAKING_FILE, sequenceOf } from './state.ts';

/** Of one that answers differently each time, nothing is to be believed. */
const READINGS_MAX = 16;

export function openLog(state: WalState, out: WalOut): void {
  assert(state.phase === 'closed', 'internal', 'a log is opened once');
  state.phase = 'recovering';
  state.recovery = newRecovery(state, [], []);
  submitRecovery(state, out, { kind: 'list' });
}

/** An operation of recovery is over. */
export function onRecovery(
  state: WalState,
  operation: DiskOperation,
  completion: DiskCompletion,
  out: WalOut,
): void {
  const isGone = operation.kind === 'remove' && completion.code === 'ENOENT';
  if (completion.code !== 'OK' && !isGone) {
    fail(state, out, `${completion.code} in ${operation.kind} while recovering the log`);
    return;
  }
  const recovery = state.recovery;
  assert(recovery !== null, 'internal', 'no recovery is under way');
  if (operation.kind === 'list') onListed(state, completion.files, out);
  else if (operation.kind === 'read') onRead(state, recovery, completion.bytes, out);
  else runPlan(state, recovery, out);
}

function onListed(state: WalState, listed: readonly DiskFile[], out: WalOut): void {
  const files: Segment[] = [];
  const deadFiles: string[] = [];
  for (const { name, bytes } of listed) {
    const sequence = sequenceOf(name);
    if (sequence > 0) files.push(newSegment(sequence, name, bytes));
    else if (name === MAKING_FILE) deadFiles.push(name);
  }
  files.sort((left, right) => left.sequence - right.sequence);
  state.nextSequence = (files.at(-1)?.sequence ?? 0) + 1;
  startReplay(state, newRecovery(state, files, deadFiles), out);
}

function startReplay(state: WalState, recovery: Recovery, out: WalOut): void {
  state.recovery = recovery;
  state.ledger = newLedger();
  if (recovery.files.length === 0) planEnd(state, recovery, out);
  else loadNext(state, recovery, out);
}

function loadNext(state: WalState, recovery: Recovery, out: WalOut): void {
  const segment = recovery.files[recovery.nextFile++]!;
  const salt = segmentSalt(state.config.storeId, segment.sequence);
  const target = { segment, salt, bytes: new Uint8Array(segment.bytes) };
  recovery.loaded.push(target);
  readFrom(state, recovery, { target, at: 0 }, out);
}

function readFrom(
  state: WalState,
  recovery: Recovery,
  reading: { readonly target: LoadedSegment; at: number },
  out: WalOut,
): void {
  const { segment, bytes } = reading.target;
  if (reading.at === bytes.length) {
    recovery.reading = null;
    onLoaded(state, recovery, out);
    return;
  }
  recovery.reading = reading;
  submitRecovery(state, out, {
    kind: 'read',
    file: segment.file,
    offset: reading.at,
    length: Math.min(state.config.readBytesMax, bytes.length - reading.at),
    fresh: true,
  });
}

function onRead(state: WalState, recovery: Recovery, found: Uint8Array, out: WalOut): void {
  const { reading } = recovery;
  assert(reading !== null, 'internal', 'no read is under way');
  const { bytes } = reading.target;
  assert(found.length <= bytes.length - reading.at, 'internal', 'read more than asked for');
  bytes.set(found, reading.at);
  // The file ends before the size it was listed with: what is missing counts as blank.
  if (found.length === 0) bytes.fill(0, reading.at);
  reading.at = found.length === 0 ? bytes.length : reading.at + found.length;
  readFrom(state, recovery, reading, out);
}

/** A segment, or what is left of it behind `end`, is in memory. */
function onLoaded(state: WalState, recovery: Recovery, out: WalOut): void {
  const { suspicion } = recovery;
  const isNextUnread = recovery.nextFile < recovery.files.length;
  if (suspicion !== null && isNextUnread) {
    loadNext(state, recovery, out);
    return;
  }
  const crc = suspicion === null ? 0 : crcBehindEnd(recovery);
  while (replayNext(state, recovery)) {
    // Each turn replays one flush and moves `end`.
  }
  if (suspicion !== null) {
    if (crc === suspicion.crc) concludeReplay(state, recovery, out);
    else suspect(state, recovery, out);
  } else if (isNextUnread && recovery.loaded.length === 1) {
    loadNext(state, recovery, out);
  } else {
    suspect(state, recovery, out);
  }
}

/** Reads everything behind `end` again (rule 2). */
function suspect(state: WalState, recovery: Recovery, out: WalOut): void {
  const readings = (recovery.suspicion?.readings ?? 0) + 1;
  if (readings > READINGS_MAX) {
    fail(state, out, 'the disk answers each reading of the log with something else');
    return;
  }
  recovery.suspicion = { crc: crcBehindEnd(recovery), readings };
  const head = recovery.loaded[0]!;
  recovery.nextFile -= recovery.loaded.length - 1;
  recovery.loaded.length = 1;
  readFrom(state, recovery, { target: head, at: recovery.end.offset }, out);
}

/** Of all that is in memory and not replayed. */
function crcBehindEnd({ loaded, end }: Recovery): number {
  let crc = 0;
  for (const [index, { bytes }] of loaded.entries()) {
    crc = crc32c(bytes, index === 0 ? end.offset : 0, bytes.length, crc);
  }
  return crc;
}

function concludeReplay(state: WalState, recovery: Recovery, out: WalOut): void {
  const liveFrom = judge(state, recovery);
  if (liveFrom === 0) {
    planEnd(state, recovery, out);
    return;
  }
  const live = recovery.files.filter((file) => file.sequence >= liveFrom);
  for (const file of recovery.files) {
    if (file.sequence < liveFrom) recovery.deadFiles.push(file.file);
  }
  const fresh = live.map((file) => newSegment(file.sequence, file.file, file.bytes));
  startReplay(state, newRecovery(state, fresh, recovery.deadFiles), out);
}
