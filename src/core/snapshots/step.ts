/**
 * The snapshot files and transfers of one group. One door; the work is in the topic files:
 *
 *   file-format.ts message.ts   bytes                  docs/formats/snapshot-transfer.md
 *   files.ts                    which files there are, and when they go
 *   landing.ts                  bytes → a durable file
 *   save.ts receive.ts          where such bytes come from
 *   scan.ts load.ts             a file → proved bytes
 *   send.ts                     a file → another node
 *
 * The mechanics follow Raft's InstallSnapshot (thesis, chapter 5), but the receiver steers. It does
 * not know what a snapshot means, when to take one, or who needs one: the store makes and reads the
 * content, Raft asks, and the node carries between them.
 */
import { assert, unreachable } from '../../base/assert.ts';
import { type Millis, NEVER } from '../../base/units.ts';
import type { Core } from '../core.ts';
import type { DiskCompletion } from '../disk.ts';
import { checkSnapshots } from './check.ts';
import type { SnapshotsEvent } from './event.ts';
import { listed, open, release, removed, removeReleased } from './files.ts';
import { advanceLane, landingDone } from './landing.ts';
import { beginLoad, loadRead } from './load.ts';
import { decodeAnswer, decodeChunk, MESSAGE_TYPE } from './message.ts';
import type { SnapshotsOut } from './out.ts';
import { endReceipt, receiptDeadline, receiptNews, receiveChunk, watchReceipt } from './receive.ts';
import { abortSave, beginSave, endSave, saveBytes, saveNews } from './save.ts';
import {
  advanceTransfers,
  askToSend,
  cancelSends,
  chunkRead,
  receiveAnswer,
  transferDeadline,
  watchTransfers,
} from './send.ts';
import { initSnapshots, type SnapshotsConfig, type SnapshotsState } from './state.ts';
import type { Landing, Lane } from './work.ts';

export const snapshots: Core<SnapshotsConfig, SnapshotsState, SnapshotsEvent, SnapshotsOut> = {
  init: initSnapshots,
  step,
  deadline,
  check: checkSnapshots,
};

function step(state: SnapshotsState, event: SnapshotsEvent, now: Millis, out: SnapshotsOut): void {
  if (event.kind === 'open') open(state, out, event.mark);
  else if (event.kind === 'disk') completed(state, event.completion, now, out);
  else if (state.phase === 'open') dispatch(state, event, now, out);
  else assert(mayPass(state, event), 'internal', 'snapshots used before they are open');
  if (state.phase === 'open') goOn(state, now, out);
  out.failed = state.failure;
}

function deadline(state: SnapshotsState): Millis {
  if (state.phase !== 'open') return NEVER;
  return Math.min(transferDeadline(state), receiptDeadline(state)) as Millis;
}

/** What may be asked too early, or too late: it is asked again, or as good as lost. */
function mayPass({ phase }: SnapshotsState, { kind }: SnapshotsEvent): boolean {
  if (phase === 'failed') return true;
  return kind === 'tick' || kind === 'message' || kind === 'send' || kind === 'cancel-sends';
}

/** What follows from what there is, whatever the event was. */
function goOn(state: SnapshotsState, now: Millis, out: SnapshotsOut): void {
  advanceTransfers(state, out, now);
  removeReleased(state, out);
  advanceLane(state, out, state.own);
  advanceLane(state, out, state.incoming);
}

function dispatch(
  state: SnapshotsState,
  event: Exclude<SnapshotsEvent, { readonly kind: 'open' | 'disk' }>,
  now: Millis,
  out: SnapshotsOut,
): void {
  switch (event.kind) {
    case 'tick':
      watchTransfers(state, out, now);
      watchReceipt(state, now);
      break;
    case 'save-begin':
      beginSave(state, out, event.meta);
      break;
    case 'save':
      saveBytes(state, event.bytes);
      break;
    case 'save-end':
      endSave(state);
      break;
    case 'save-abort':
      abortSave(state);
      break;
    case 'load':
      beginLoad(state, out, event.index);
      break;
    case 'release':
      release(state, event.index);
      break;
    case 'send':
      askToSend(state, out, event);
      break;
    case 'cancel-sends':
      cancelSends(state);
      break;
    case 'message':
      receive(state, event, now, out);
      break;
    case 'installed':
      endReceipt(state, out, event.index, true);
      break;
    case 'rejected':
      endReceipt(state, out, event.index, false);
      break;
    default:
      unreachable(event);
  }
}

/** A body that makes no sense is as good as lost. */
function receive(
  state: SnapshotsState,
  event: Extract<SnapshotsEvent, { readonly kind: 'message' }>,
  now: Millis,
  out: SnapshotsOut,
): void {
  const { from, type, body, commitIndex, term } = event;
  if (type === MESSAGE_TYPE.CHUNK) {
    const chunk = decodeChunk(body);
    if (chunk !== null) receiveChunk(state, out, { from, chunk, commitIndex, term }, now);
  } else if (type === MESSAGE_TYPE.ANSWER) {
    const answer = decodeAnswer(body);
    if (answer !== null) receiveAnswer(state, out, { from, answer }, now);
  }
}

function completed(
  state: SnapshotsState,
  completion: DiskCompletion,
  now: Millis,
  out: SnapshotsOut,
): void {
  const pending = state.pending.get(completion.ticket);
  assert(pending !== undefined, 'internal', 'a completion nobody asked for');
  state.pending.delete(completion.ticket);
  if (state.phase === 'failed') return;
  switch (pending.kind) {
    case 'list':
      listed(state, out, completion, pending.mark);
      break;
    case 'removal':
      removed(state, out, completion, pending.file);
      break;
    case 'lane':
      tellMaker(state, out, pending, completion);
      break;
    case 'load':
      loadRead(state, out, pending.load, completion);
      break;
    case 'send':
      chunkRead(state, out, { ...pending, completion }, now);
      break;
    default:
      unreachable(pending);
  }
}

function tellMaker(
  state: SnapshotsState,
  out: SnapshotsOut,
  { lane, landing }: { readonly lane: Lane; readonly landing: Landing | null },
  completion: DiskCompletion,
): void {
  const news = landingDone(state, lane, landing, completion);
  if (news.kind === 'none') return;
  if (lane.kind === 'own') saveNews(state, out, news);
  else receiptNews(state, out, news);
}
