/**
 * Giving the newest snapshot to members that lag behind it: the sender's side of a transfer.
 *
 *   file:  |  acked  |  on its way  |  not sent  |
 *          0    ackedBytes      sentBytes    fileBytes
 *
 * 1. The receiver alone knows what it holds. `held` moves ackedBytes up; `wanted`, which a receiver
 *    that lost everything says too, puts the transfer wherever it says, back to the start included.
 * 2. Going back begins a new round; answers to an older round only prove that somebody is there.
 * 3. Silence costs a chunk's resending after `resendMs`, and the transfer after `giveUpMs`; answers
 *    without progress cost it after `stallMs`. The dead and the stuck do not hold a place for ever,
 *    and who is given up queues behind the others.
 * 4. The file is proved while it is read. One that reads wrong is not given to anybody again.
 * 5. A transfer keeps its file, whatever is saved meanwhile.
 *
 * Whether a member still needs the snapshot is Raft's to know; it asks at every heartbeat.
 */
import { assert } from '../../base/assert.ts';
import { equalBytes } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { type Millis, NEVER, type Term } from '../../base/units.ts';
import type { DiskCompletion } from '../disk.ts';
import { sameMember } from '../members.ts';
import type { Member } from '../types.ts';
import type { FileHeader } from './file-format.ts';
import { identityOf } from './files.ts';
import { type Answer, encodeChunk, MESSAGE_TYPE } from './message.ts';
import type { SnapshotsOut } from './out.ts';
import { newestInForce, type SnapshotsState, submit } from './state.ts';
import type { SnapshotFile, Transfer } from './work.ts';

/** As `startAt`: nothing to wait for but a place. */
const NOW = 0 as Millis;

export function askToSend(
  state: SnapshotsState,
  out: SnapshotsOut,
  { to, term }: { readonly to: Member; readonly term: Term },
): void {
  const newest = newestInForce(state);
  if (newest?.standing === 'damaged') out.damaged = newest.index;
  const known = state.transfers.find((transfer) => sameMember(transfer.to, to));
  if (known !== undefined) {
    known.term = term;
    known.isWanted = true;
    return;
  }
  if (newest?.standing !== 'whole') return;
  state.transfers.push({
    to,
    term,
    isWanted: true,
    startAt: NOW,
    file: null,
    round: 0,
    ackedBytes: 0,
    sentBytes: 0,
    provedBytes: 0,
    crc: 0,
    isReading: false,
    heardAt: NEVER,
    progressAt: NEVER,
    resendAt: NEVER,
  });
}

export function cancelSends(state: SnapshotsState): void {
  state.transfers.length = 0;
}

/** Starts transfers while there are places, and keeps the windows of those under way full. */
export function advanceTransfers(state: SnapshotsState, out: SnapshotsOut, now: Millis): void {
  for (const transfer of [...state.transfers]) {
    const { file } = transfer;
    // Another file took the name: what was sent of the old one is of no use.
    if (file !== null && !state.files.includes(file)) transfer.file = null;
    if (transfer.file === null) rouse(state, transfer, now);
    if (transfer.file !== null) readAhead(state, out, transfer, transfer.file);
  }
}

/** Lets a transfer that waits begin, if it may. */
function rouse(state: SnapshotsState, transfer: Transfer, now: Millis): void {
  if (now < transfer.startAt) return;
  transfer.startAt = NOW;
  if (!transfer.isWanted) {
    state.transfers.splice(state.transfers.indexOf(transfer), 1);
    return;
  }
  const busy = state.transfers.filter(({ file }) => file !== null).length;
  if (busy < state.config.sendsMax) start(state, transfer, now);
}

function start(state: SnapshotsState, transfer: Transfer, now: Millis): void {
  const file = newestInForce(state);
  // An older one would not do: the log begins behind the newest.
  if (file?.standing !== 'whole') return;
  transfer.file = file;
  transfer.provedBytes = 0;
  transfer.crc = 0;
  transfer.heardAt = now;
  transfer.progressAt = now;
  goBack(state, transfer, 0, now);
}

/** Goes on from `offset`, in a new round. */
function goBack(state: SnapshotsState, transfer: Transfer, offset: number, now: Millis): void {
  transfer.round = state.nextRound++;
  transfer.ackedBytes = offset;
  transfer.sentBytes = offset;
  transfer.resendAt = (now + state.config.resendMs) as Millis;
}

function readAhead(
  state: SnapshotsState,
  out: SnapshotsOut,
  transfer: Transfer,
  file: SnapshotFile,
): void {
  const { chunkBytesMax, windowBytesMax } = state.config;
  const leftBytes = file.header!.fileBytes - transfer.sentBytes;
  const roomBytes = windowBytesMax - (transfer.sentBytes - transfer.ackedBytes);
  const length = Math.min(chunkBytesMax, leftBytes, roomBytes);
  // A window that is not a multiple of the chunk would otherwise end in splinters.
  if (transfer.isReading || length <= 0 || length < Math.min(chunkBytesMax, leftBytes)) return;
  transfer.isReading = true;
  const { name } = file;
  const offset = transfer.sentBytes;
  const pending = { kind: 'send', transfer, round: transfer.round } as const;
  submit(state, out, { kind: 'read', file: name, offset, length, fresh: false }, pending);
}

/** A chunk was read. */
export function chunkRead(
  state: SnapshotsState,
  out: SnapshotsOut,
  read: {
    readonly transfer: Transfer;
    readonly round: number;
    readonly completion: DiskCompletion;
  },
  now: Millis,
): void {
  const { transfer, round, completion } = read;
  const { file } = transfer;
  transfer.isReading = false;
  if (transfer.round !== round || file === null || !state.transfers.includes(transfer)) return;
  if (!isRight(transfer, file.header!, completion)) {
    spoil(state, out, file, now);
    return;
  }
  const offset = transfer.sentBytes;
  transfer.sentBytes += completion.bytes.length;
  sendChunk(out, transfer, offset, completion.bytes);
}

/** Whether the bytes at sentBytes are the file's, as far as can be told by now. */
function isRight(transfer: Transfer, header: FileHeader, completion: DiskCompletion): boolean {
  const { bytes } = completion;
  if (completion.code !== 'OK' || bytes.length === 0) return false;
  if (transfer.provedBytes !== transfer.sentBytes) return true;
  const at = transfer.provedBytes;
  const headEnd = Math.min(bytes.length, Math.max(0, header.bytes.length - at));
  const head = header.bytes.subarray(at, at + headEnd);
  if (!equalBytes(bytes.subarray(0, headEnd), head)) return false;
  transfer.crc = crc32c(bytes, headEnd, bytes.length, transfer.crc);
  transfer.provedBytes += bytes.length;
  return transfer.provedBytes < header.fileBytes || transfer.crc === header.contentCrc;
}

/** The file reads wrong: it goes to nobody any more. */
function spoil(state: SnapshotsState, out: SnapshotsOut, file: SnapshotFile, now: Millis): void {
  file.standing = 'damaged';
  out.damaged = file.index;
  const concerned = state.transfers.filter((transfer) => transfer.file === file);
  for (const transfer of concerned) giveUp(state, out, transfer, now);
}

function sendChunk(out: SnapshotsOut, transfer: Transfer, offset: number, data: Uint8Array): void {
  const identity = identityOf(transfer.file!.header!);
  const { term, round, to } = transfer;
  const parts = encodeChunk({ leaderTerm: term, identity, offset, round, data });
  out.messages.push({ to, type: MESSAGE_TYPE.CHUNK, parts });
}

export function receiveAnswer(
  state: SnapshotsState,
  out: SnapshotsOut,
  { from, answer }: { readonly from: Member; readonly answer: Answer },
  now: Millis,
): void {
  const transfer = state.transfers.find(({ to }) => sameMember(to, from));
  const header = transfer?.file?.header ?? null;
  if (transfer === undefined || header === null) return;
  if (answer.index !== header.meta.index || answer.fileCrc !== header.fileCrc) return;
  if (answer.offset > header.fileBytes) return;
  if (answer.verdict === 'installed') {
    finish(state, out, transfer, true);
    return;
  }
  transfer.heardAt = now;
  if (answer.round === transfer.round) obey(state, out, transfer, answer, now);
}

function obey(
  state: SnapshotsState,
  out: SnapshotsOut,
  transfer: Transfer,
  answer: Answer,
  now: Millis,
): void {
  switch (answer.verdict) {
    case 'held':
      if (answer.offset > transfer.sentBytes) goBack(state, transfer, answer.offset, now);
      else if (answer.offset > transfer.ackedBytes) {
        transfer.ackedBytes = answer.offset;
        transfer.progressAt = now;
        transfer.resendAt = (now + state.config.resendMs) as Millis;
      }
      break;
    case 'wanted':
      goBack(state, transfer, answer.offset, now);
      break;
    default:
      giveUp(state, out, transfer, now);
      break;
  }
}

function finish(
  state: SnapshotsState,
  out: SnapshotsOut,
  transfer: Transfer,
  isInstalled: boolean,
): void {
  const place = state.transfers.indexOf(transfer);
  assert(place >= 0 && transfer.file !== null, 'internal', 'a transfer ended twice');
  state.transfers.splice(place, 1);
  out.sent.push({ to: transfer.to, index: transfer.file.index, isInstalled });
}

/** Raft will ask again at once; the transfer rests first, and then queues behind the others. */
function giveUp(state: SnapshotsState, out: SnapshotsOut, transfer: Transfer, now: Millis): void {
  finish(state, out, transfer, false);
  transfer.file = null;
  transfer.isWanted = false;
  transfer.startAt = (now + state.config.retryMs) as Millis;
  state.transfers.push(transfer);
}

/** Sends again what was not answered, and gives up who does not answer at all. */
export function watchTransfers(state: SnapshotsState, out: SnapshotsOut, now: Millis): void {
  for (const transfer of [...state.transfers]) {
    if (transfer.file === null) continue;
    if (now >= patienceEnds(state, transfer)) giveUp(state, out, transfer, now);
    else if (now >= transfer.resendAt) resend(state, out, transfer, now);
  }
}

function resend(state: SnapshotsState, out: SnapshotsOut, transfer: Transfer, now: Millis): void {
  const { fileBytes } = transfer.file!.header!;
  transfer.resendAt = (now + state.config.resendMs) as Millis;
  // A read on its way is waited for: dropping it would starve a slow disk.
  if (transfer.isReading) return;
  if (transfer.ackedBytes < fileBytes) goBack(state, transfer, transfer.ackedBytes, now);
  else sendChunk(out, transfer, fileBytes, new Uint8Array(0));
}

export function transferDeadline(state: SnapshotsState): Millis {
  let at: Millis = NEVER;
  for (const transfer of state.transfers) {
    at = Math.min(at, nextNeed(state, transfer)) as Millis;
  }
  return at;
}

function nextNeed(state: SnapshotsState, transfer: Transfer): number {
  if (transfer.file !== null) return Math.min(transfer.resendAt, patienceEnds(state, transfer));
  return transfer.startAt === NOW ? NEVER : transfer.startAt;
}

function patienceEnds({ config }: SnapshotsState, { heardAt, progressAt }: Transfer): number {
  return Math.min(heardAt + config.giveUpMs, progressAt + config.stallMs);
}
