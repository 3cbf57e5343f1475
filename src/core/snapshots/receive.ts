/**
 * Taking a snapshot from a leader: the receiver's side of a transfer.
 *
 * 1. One receipt at a time. Chunks count only in order, for the same sender and the same file; what
 *    is out of place is answered with where to go on.
 * 2. A receipt begins at offset 0 and does not outlive the process: after a restart the first
 *    chunk that comes is out of place, and the answer sends the sender back to the start.
 * 3. Answers follow the disk: `held` counts what is written, so the sender's window keeps the
 *    network from outrunning the disk. What comes all the same when the buffer is full is dropped,
 *    and asked for again once there is room.
 * 4. A higher term, or a higher index in the same term, replaces the receipt: what an old leader
 *    or an old transfer still has on its way changes nothing.
 * 5. The file is durable and proved before anyone hears of it, and `installed` is said only when the
 *    caller has it in force.
 *
 * A sender that is not answered here is answered by silence: it tries again, or gives up.
 */
import { assert } from '../../base/assert.ts';
import { type LogIndex, type Millis, NEVER, type Term } from '../../base/units.ts';
import { sameMember } from '../members.ts';
import type { Member } from '../types.ts';
import { dropFile } from './files.ts';
import { beginLanding, giveUpLanding, type LandingNews, queueBytes } from './landing.ts';
import {
  type Chunk,
  encodeAnswer,
  type FileIdentity,
  MESSAGE_TYPE,
  sameFile,
  type Verdict,
} from './message.ts';
import type { SnapshotsOut } from './out.ts';
import { findFile, type SnapshotsState } from './state.ts';
import type { Receipt } from './work.ts';

/** A chunk, who it came from, and what is of interest here. */
export interface Arrival {
  readonly from: Member;
  readonly chunk: Chunk;
  readonly commitIndex: LogIndex;
  readonly term: Term;
}

export function receiveChunk(
  state: SnapshotsState,
  out: SnapshotsOut,
  arrival: Arrival,
  now: Millis,
): void {
  const { chunk } = arrival;
  if (chunk.leaderTerm < arrival.term) {
    answer(out, arrival, 'refused', 0);
    return;
  }
  if (chunk.identity.index <= arrival.commitIndex) {
    overtake(state, arrival);
    answer(out, arrival, 'installed', chunk.identity.fileBytes);
    return;
  }
  const receipt = findReceipt(state, arrival) ?? beginReceipt(state, out, arrival, now);
  if (receipt === null) return;
  receipt.heardAt = now;
  receipt.round = chunk.round;
  receipt.leaderTerm = chunk.leaderTerm;
  accept(state, out, receipt, arrival);
}

/** Raft got there by other ways: a receipt that has not landed yet is no use. */
function overtake(state: SnapshotsState, arrival: Arrival): void {
  const receipt = findReceipt(state, arrival);
  if (receipt?.phase === 'arriving' && giveUpLanding(state.incoming)) state.receipt = null;
}

/** The receipt that the chunk belongs to. */
function findReceipt({ receipt }: SnapshotsState, { from, chunk }: Arrival): Receipt | null {
  if (receipt === null || !sameMember(receipt.from, from)) return null;
  return sameFile(receipt.identity, chunk.identity) ? receipt : null;
}

/** Null: the chunk is not for us now. */
function beginReceipt(
  state: SnapshotsState,
  out: SnapshotsOut,
  arrival: Arrival,
  now: Millis,
): Receipt | null {
  const { from, chunk } = arrival;
  const { receipt } = state;
  if (receipt !== null && !isNewer(chunk, receipt)) return null;
  if (receipt?.phase === 'landed') return null;
  if (chunk.offset > 0) {
    answer(out, arrival, 'wanted', 0);
    return null;
  }
  if (!giveUpLanding(state.incoming)) return null;
  const { identity, leaderTerm, round } = chunk;
  beginLanding(state.incoming, { index: identity.index, offset: 0, expected: identity });
  state.receipt = {
    from,
    identity,
    leaderTerm,
    phase: 'arriving',
    acceptedBytes: 0,
    round,
    isShort: false,
    heardAt: now,
  };
  return state.receipt;
}

function isNewer(chunk: Chunk, receipt: Receipt): boolean {
  if (chunk.leaderTerm !== receipt.leaderTerm) return chunk.leaderTerm > receipt.leaderTerm;
  return chunk.identity.index > receipt.identity.index;
}

function accept(
  state: SnapshotsState,
  out: SnapshotsOut,
  receipt: Receipt,
  arrival: Arrival,
): void {
  const { landing } = state.incoming;
  const { offset, data } = arrival.chunk;
  if (receipt.phase === 'landed' || landing === null || landing.isComplete) {
    answer(out, arrival, 'held', receipt.acceptedBytes);
    return;
  }
  if (offset !== receipt.acceptedBytes) {
    const isEarly = offset > receipt.acceptedBytes;
    const verdict = isEarly ? 'wanted' : 'held';
    answer(out, arrival, verdict, isEarly ? receipt.acceptedBytes : landing.writtenBytes);
    return;
  }
  const { bufferBytesMax } = state.config;
  if (landing.queuedBytes > 0 && landing.queuedBytes + data.length > bufferBytesMax) {
    receipt.isShort = true;
    return;
  }
  // A copy: the rest of the frame that the chunk came in is not kept alive, nor trusted to stay.
  queueBytes(landing, data.slice());
  receipt.acceptedBytes += data.length;
  landing.isComplete = receipt.acceptedBytes === receipt.identity.fileBytes;
}

export function receiptNews(state: SnapshotsState, out: SnapshotsOut, news: LandingNews): void {
  const { receipt, incoming } = state;
  assert(receipt !== null, 'internal', 'a file arrives that nobody sent');
  switch (news.kind) {
    case 'written':
      if (receipt.isShort) tell(out, receipt, 'wanted', receipt.acceptedBytes);
      else tell(out, receipt, 'held', incoming.landing!.writtenBytes);
      receipt.isShort = false;
      break;
    case 'landed':
      receipt.phase = 'landed';
      out.received = { meta: news.header.meta, from: receipt.from };
      break;
    case 'given-up': {
      const isDamaged = news.failure.code === 'SNAPSHOT_DAMAGED';
      tell(out, receipt, isDamaged ? 'damaged' : 'refused', 0);
      state.receipt = null;
      break;
    }
    default:
      break;
  }
}

/** The caller's word on what landed. */
export function endReceipt(
  state: SnapshotsState,
  out: SnapshotsOut,
  index: LogIndex,
  isInstalled: boolean,
): void {
  const { receipt } = state;
  const isIts = receipt?.phase === 'landed' && receipt.identity.index === index;
  assert(isIts, 'internal', 'a verdict on a snapshot that did not land');
  const file = findFile(state, index);
  assert(file !== null, 'durable-quorum', 'a received snapshot is gone');
  state.receipt = null;
  if (isInstalled) {
    assert(file.standing === 'received', 'state-machine-safety', 'installed from a bad file');
    file.standing = 'whole';
    tell(out, receipt, 'installed', receipt.identity.fileBytes);
  } else {
    if (file.isReplacement) file.standing = 'found';
    else dropFile(state, out, file);
    tell(out, receipt, 'refused', 0);
  }
}

/** Drops a receipt whose sender has fallen silent, and its temporary file with it. */
export function watchReceipt(state: SnapshotsState, now: Millis): void {
  if (now < receiptDeadline(state)) return;
  if (giveUpLanding(state.incoming)) state.receipt = null;
}

export function receiptDeadline({ receipt, incoming, config }: SnapshotsState): Millis {
  if (receipt === null || receipt.phase === 'landed') return NEVER;
  // All of it is here: nothing more is expected of the sender.
  if (incoming.landing === null || incoming.landing.isComplete) return NEVER;
  return (receipt.heardAt + config.receiptIdleMs) as Millis;
}

function answer(out: SnapshotsOut, arrival: Arrival, verdict: Verdict, offset: number): void {
  const { from, chunk } = arrival;
  say(out, { to: from, identity: chunk.identity, round: chunk.round, verdict, offset });
}

function tell(out: SnapshotsOut, receipt: Receipt, verdict: Verdict, offset: number): void {
  const { from, identity, round } = receipt;
  say(out, { to: from, identity, round, verdict, offset });
}

function say(
  out: SnapshotsOut,
  reply: {
    readonly to: Member;
    readonly identity: FileIdentity;
    readonly round: number;
    readonly verdict: Verdict;
    readonly offset: number;
  },
): void {
  const { to, identity, round, verdict, offset } = reply;
  const { index, fileCrc } = identity;
  const parts = encodeAnswer({ index, fileCrc, offset, round, verdict });
  out.messages.push({ to, type: MESSAGE_TYPE.ANSWER, parts });
}
