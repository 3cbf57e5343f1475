/**
 * Requests that other nodes passed on to us: executed once each, in order, answered until the
 * sender has the answer.
 *
 * 1. A stream is known by its sender's store, boot nonce, group and term; only the leader of that
 *    term executes it, and only the next sequence. Repetitions are answered from memory.
 * 2. An answer is kept until the sender says that it has it; a stream without news for long is
 *    forgotten whole, and its late repetitions are ignored: their sender has given up by then.
 * 3. The answers to a batch are one message, so they fit into a frame: every row has room for a number
 *    or a code. A value for which there is none left is not sent: what changed nothing, a read or a
 *    swap that met another value, is refused, and of what was applied the result is dropped.
 */

import { assert } from '../base/assert.ts';
import type { ErrorCode } from '../base/errors.ts';
import { clearList } from '../base/lists.ts';
import { encodeUtf8 } from '../base/text.ts';
import { type LogIndex, type Millis, ZERO_INDEX } from '../base/units.ts';
import { newCommandView, readCommand } from '../core/command.ts';
import {
  FORWARD_ROWS_MAX,
  FORWARD_TYPE,
  type ForwardRequest,
  REPLY_HEAD_BYTES,
  REQUEST_HEAD_BYTES,
  ROW_KIND,
  readRequestHead,
  replyRowBytes,
  writeReplyHead,
  writeReplyRow,
} from '../core/forward/codec.ts';
import { CHANNEL, type PeerFrameView } from '../core/protocol/peer-frame.ts';
import type { ResultLane } from '../core/results.ts';
import { isRead, type Member, STATUS } from '../core/types.ts';
import { gather } from './gather.ts';
import { type Group, isLeading } from './group.ts';
import type { NodeState } from './state.ts';

const FORGET_MS = 60_000;
/** The longest code of an error fits, and every number. */
export const ROOMY_BYTES = 48;
const NO_BYTES = new Uint8Array(0);

interface ServedRow {
  kind: number;
  status: number;
  revision: number;
  value: Uint8Array;
  isDone: boolean;
}

interface ServedBatch {
  readonly stream: ServedStream;
  readonly sequence: number;
  readonly rows: ServedRow[];
  open: number;
  /** By row, 1: it changes nothing, whatever comes of it. */
  readonly isRead: Uint8Array;
  /** Of a frame, beyond ROOMY_BYTES for each row. */
  spareBytes: number;
  /** The encoded reply, once every row is done. */
  reply: Uint8Array | null;
}

interface ServedStream {
  readonly from: Member;
  readonly group: Group;
  readonly nonce: number;
  readonly term: number;
  lastSequence: number;
  lastEntry: LogIndex;
  lastHeard: Millis;
  readonly batches: Map<number, ServedBatch>;
}

export class Served {
  readonly #streams = new Map<string, ServedStream>();
  readonly #batches = new Map<number, ServedBatch>();
  #nextBatch = 0;
  /** Batches whose last row was done in this turn. */
  readonly #ready: ServedBatch[] = [];
  readonly #replyBytesMax: number;

  constructor(replyBytesMax: number) {
    this.#replyBytesMax = replyBytesMax;
  }

  /** Batches whose answers are remembered, of the stream that has most. */
  get remembered(): number {
    let most = 0;
    for (const { batches } of this.#streams.values()) most = Math.max(most, batches.size);
    return most;
  }

  stream(from: Member, group: Group, { nonce, term }: ForwardRequest): ServedStream {
    const key = `${from.id} ${from.store} ${nonce} ${group.id} ${term}`;
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const stream = {
      from,
      group,
      nonce,
      term,
      lastSequence: 0,
      lastEntry: ZERO_INDEX,
      lastHeard: 0 as Millis,
      batches: new Map(),
    };
    this.#streams.set(key, stream);
    return stream;
  }

  /** Answers the owner number of the batch's rows. */
  open(stream: ServedStream, sequence: number, count: number): number {
    const rows: ServedRow[] = [];
    for (let row = 0; row < count; row++) {
      rows.push({ kind: ROW_KIND.UNKNOWN, status: 0, revision: 0, value: NO_BYTES, isDone: false });
    }
    const rowsBytes = count * replyRowBytes(ROOMY_BYTES);
    const spareBytes = this.#replyBytesMax - REPLY_HEAD_BYTES - rowsBytes;
    const batch = {
      stream,
      sequence,
      rows,
      open: count,
      isRead: new Uint8Array(count),
      spareBytes,
      reply: null,
    };
    stream.batches.set(sequence, batch);
    this.#batches.set(this.#nextBatch, batch);
    return -1 - this.#nextBatch++;
  }

  complete(number: number, slot: number, lane: ResultLane, at: number): void {
    if (!this.#takesRoom(number, lane.valueBytes[at]!)) {
      this.#completeWithout(number, slot, lane, at);
      return;
    }
    this.#done(number, slot, {
      kind: ROW_KIND.RESULT,
      status: lane.status[at]!,
      revision: lane.revision[at]!,
      value: lane.value(at).slice(),
      isDone: true,
    });
  }

  /** Whether a value of so many bytes still fits; if so it has its place. */
  #takesRoom(number: number, bytes: number): boolean {
    const batch = this.#batches.get(number);
    if (batch === undefined || bytes <= ROOMY_BYTES) return true;
    const wanted = replyRowBytes(bytes) - replyRowBytes(ROOMY_BYTES);
    if (wanted > batch.spareBytes) return false;
    batch.spareBytes -= wanted;
    return true;
  }

  /** The same, without the value. */
  #completeWithout(number: number, slot: number, lane: ResultLane, at: number): void {
    const isApplied =
      this.#batches.get(number)!.isRead[slot] === 0 && lane.status[at] !== STATUS.CONDITION_FAILED;
    if (!isApplied) {
      this.refuse(number, slot, 'OVERLOADED');
      return;
    }
    const status = STATUS.APPLIED_RESULT_DROPPED;
    const revision = lane.revision[at]!;
    this.#done(number, slot, {
      kind: ROW_KIND.RESULT,
      status,
      revision,
      value: NO_BYTES,
      isDone: true,
    });
  }

  /** The command in `slot` changes nothing, whatever comes of it. */
  markRead(number: number, slot: number): void {
    this.#batches.get(number)!.isRead[slot] = 1;
  }

  refuse(number: number, slot: number, code: ErrorCode): void {
    const value = encodeUtf8(code);
    this.#done(number, slot, {
      kind: ROW_KIND.REFUSED,
      status: 0,
      revision: 0,
      value,
      isDone: true,
    });
  }

  endUnknown(number: number, slot: number): void {
    const value = NO_BYTES;
    this.#done(number, slot, {
      kind: ROW_KIND.UNKNOWN,
      status: 0,
      revision: 0,
      value,
      isDone: true,
    });
  }

  #done(number: number, slot: number, row: ServedRow): void {
    const batch = this.#batches.get(number);
    if (batch === undefined || batch.rows[slot]!.isDone) return;
    batch.rows[slot] = row;
    batch.open--;
    if (batch.open > 0) return;
    this.#batches.delete(number);
    batch.reply = encodeReply(batch);
    const roomyBytes = REPLY_HEAD_BYTES + batch.rows.length * replyRowBytes(ROOMY_BYTES);
    const isFitting = batch.reply.length <= Math.max(this.#replyBytesMax, roomyBytes);
    assert(isFitting, 'queue-bound', 'the answers to a batch are longer than a message may be');
    this.#ready.push(batch);
  }

  noteEntry(number: number, index: LogIndex): void {
    const stream = this.#batches.get(number)?.stream;
    if (stream !== undefined && index > stream.lastEntry) stream.lastEntry = index;
  }

  lastEntry(number: number): LogIndex {
    return this.#batches.get(number)?.stream.lastEntry ?? ZERO_INDEX;
  }

  /** Sends the answers that were completed in this turn. */
  flush(node: NodeState): void {
    for (const batch of this.#ready) sendReply(node, batch);
    clearList(this.#ready);
  }

  forgetSilent(now: Millis): void {
    for (const [key, stream] of this.#streams) {
      if (now - stream.lastHeard > FORGET_MS) this.#streams.delete(key);
    }
  }
}

function encodeReply({ stream, sequence, rows }: ServedBatch): Uint8Array {
  let size = REPLY_HEAD_BYTES;
  for (const row of rows) size += replyRowBytes(row.value.length);
  const bytes = new Uint8Array(size);
  const { nonce, term } = stream;
  writeReplyHead(bytes, { nonce, term, sequence, count: rows.length });
  let at = REPLY_HEAD_BYTES;
  for (const row of rows) at = writeReplyRow(bytes, at, row, row.value);
  return bytes;
}

function sendReply(node: NodeState, { stream, reply }: ServedBatch): void {
  const head = { channel: CHANNEL.FORWARD, type: FORWARD_TYPE.REPLY, group: stream.group.id };
  node.peers!.send(stream.from, head, [reply!]);
}

export function receiveRequest(
  node: NodeState,
  group: Group,
  view: PeerFrameView,
  from: Member,
): void {
  const end = view.bodyAt + view.bodyBytes;
  const request = readRequestHead(view.bytes, view.bodyAt, end);
  if (request === null || request.count > FORWARD_ROWS_MAX) {
    node.counters.badFrames++;
    return;
  }
  // The leader of an older term says nothing: its sender ends what it sent there as unknown.
  if (!isLeading(group) || group.raft.currentTerm !== request.term) return;
  const stream = node.served.stream(from, group, request);
  stream.lastHeard = node.now;
  for (const sequence of stream.batches.keys()) {
    if (sequence < request.lowestUnanswered) stream.batches.delete(sequence);
  }
  const known = stream.batches.get(request.sequence);
  if (known !== undefined && known.reply !== null) sendReply(node, known);
  if (request.sequence !== stream.lastSequence + 1) return;
  stream.lastSequence = request.sequence;
  execute(node, { stream, request }, view.bytes, { at: view.bodyAt + REQUEST_HEAD_BYTES, end });
}

function execute(
  node: NodeState,
  { stream, request }: { readonly stream: ServedStream; readonly request: ForwardRequest },
  source: Uint8Array,
  range: { readonly at: number; readonly end: number },
): void {
  const owner = node.served.open(stream, request.sequence, request.count);
  const command = newCommandView();
  let at = range.at;
  for (let slot = 0; slot < request.count; slot++) {
    if (!readCommand(source, at, range.end, command)) {
      node.served.refuse(-1 - owner, slot, 'MALFORMED');
      continue;
    }
    const { size, operation } = command;
    if (isRead(operation)) node.served.markRead(-1 - owner, slot);
    gather(node, stream.group, { owner, slot, operation, source, at, bytes: size });
    at += size;
  }
}
