/**
 * What each command does to the state. One function a command; each pushes exactly one row.
 *
 * 1. A command is decided by the entry and the state alone, so every replica answers alike, refusals
 *    included. A flag that an operation does not know is MALFORMED, never ignored.
 * 2. A key whose deadline has passed in log time counts as absent; a write that meets one removes it
 *    first. A write with a deadline that has passed already removes the key.
 * 3. A row's revision is the one the command got if it changed state; for a failed condition the
 *    present record's; otherwise 0.
 * 4. Values of rows: RETURN_OLD the old value (OK without one: there was none); a failed condition
 *    the present value; INCREMENT the new number and APPEND the new length, both in decimal ASCII.
 * 5. The quota refuses only what would raise the logical bytes above it.
 *
 * INCREMENT, APPEND, EXPIRE and PERSIST leave the value's deadline or value alone; PUT and
 * COMPARE_AND_SWAP drop the deadline unless told DEADLINE or KEEP_DEADLINE.
 */
import { assert } from '../../base/assert.ts';
import { getU32 } from '../../base/bytes.ts';
import { asciiBytes, formatI64, I64_MAX, I64_MIN, parseI64 } from '../../base/text.ts';
import { ABSENT, COMMAND_FLAG, type CommandView } from '../command.ts';
import type { ResultLane } from '../results.ts';
import { changeSettings, checkChanges, decodeChanges } from '../settings.ts';
import { KEY_OVERHEAD_BYTES, OPERATION, STATUS, VALUE_BYTES_MAX } from '../types.ts';
import { endSession, newTable, removeRecord, storeRecord, swapTable } from './changes.ts';
import { hasPassed, NO_DEADLINE, readRecord } from './record.ts';
import type { Session } from './sessions.ts';
import type { StoreState } from './state.ts';
import { isWellFormed } from './well-formed.ts';

const { DEADLINE, IF_ABSENT, IF_PRESENT, KEEP_DEADLINE, RETURN_OLD } = COMMAND_FLAG;
const NONE = new Uint8Array(0);

/** Applies the command of `view`, whose bytes are `bytes`; sessions are the caller's business. */
export function execute(
  state: StoreState,
  bytes: Uint8Array,
  view: CommandView,
  lane: ResultLane,
): void {
  if (!isWellFormed(view)) {
    refuse(lane, STATUS.MALFORMED);
    return;
  }
  switch (view.operation) {
    case OPERATION.PUT:
      put(state, bytes, view, lane);
      return;
    case OPERATION.DELETE:
      remove(state, bytes, view, lane);
      return;
    case OPERATION.COMPARE_AND_SWAP:
      compareAndSwap(state, bytes, view, lane);
      return;
    case OPERATION.INCREMENT:
      increment(state, bytes, view, lane);
      return;
    case OPERATION.APPEND:
      append(state, bytes, view, lane);
      return;
    case OPERATION.EXPIRE:
      expire(state, bytes, view, lane);
      return;
    case OPERATION.PERSIST:
      persist(state, bytes, view, lane);
      return;
    case OPERATION.FLUSH_ALL:
      flushAll(state, lane);
      return;
    case OPERATION.OPEN_SESSION:
      openSession(state, lane);
      return;
    case OPERATION.CLOSE_SESSION:
      // Within a session apply.ts has closed it; there is none here.
      refuse(lane, STATUS.MALFORMED);
      return;
    default:
      assert(view.operation === OPERATION.SETTINGS, 'internal', 'operation without a function');
      changeSettingsOf(state, bytes, view, lane);
  }
}

/** CLOSE_SESSION: the one command that ends its own session. */
export function closeSession(state: StoreState, session: Session, lane: ResultLane): void {
  endSession(state, session);
  lane.push(STATUS.OK, nextRevision(state), NONE, 0, 0);
}

export function refuse(lane: ResultLane, status: number): void {
  lane.push(status, 0, NONE, 0, 0);
}

function put(state: StoreState, bytes: Uint8Array, view: CommandView, lane: ResultLane): void {
  const exists = meet(state, bytes, view);
  if ((view.flags & (exists ? IF_ABSENT : IF_PRESENT)) !== 0) {
    pushCurrent(state, lane, STATUS.CONDITION_FAILED);
    return;
  }
  setTail(state, NONE, 0, 0);
  setHead(state, bytes, view.valueAt, view.valueBytes);
  writeValue(state, view, lane);
}

/** The value of `view`: u32 length of the expected value or ABSENT, the expected, the new one. */
function compareAndSwap(
  state: StoreState,
  bytes: Uint8Array,
  view: CommandView,
  lane: ResultLane,
): void {
  const expectedBytes = view.valueBytes < 4 ? 0 : getU32(bytes, view.valueAt);
  const wantsAbsent = expectedBytes === ABSENT;
  const headBytes = wantsAbsent ? 4 : 4 + expectedBytes;
  if (view.valueBytes < headBytes) {
    refuse(lane, STATUS.MALFORMED);
    return;
  }
  const exists = meet(state, bytes, view);
  const holds = wantsAbsent
    ? !exists
    : exists && equalsValue(state, bytes, view.valueAt + 4, expectedBytes);
  if (!holds) {
    pushCurrent(state, lane, STATUS.CONDITION_FAILED);
    return;
  }
  setTail(state, NONE, 0, 0);
  setHead(state, bytes, view.valueAt + headBytes, view.valueBytes - headBytes);
  writeValue(state, view, lane);
}

function remove(state: StoreState, bytes: Uint8Array, view: CommandView, lane: ResultLane): void {
  if (!meet(state, bytes, view)) {
    refuse(lane, STATUS.NOT_FOUND);
    return;
  }
  pushChanged(state, view, lane);
  removeRecord(state);
}

function increment(
  state: StoreState,
  bytes: Uint8Array,
  view: CommandView,
  lane: ResultLane,
): void {
  const exists = meet(state, bytes, view);
  const { record } = state.scratch;
  const delta = parseI64(bytes, view.valueAt, view.valueAt + view.valueBytes);
  const current = exists
    ? parseI64(record.bytes, record.valueAt, record.valueAt + record.valueBytes)
    : 0n;
  if (delta === null || current === null) {
    refuse(lane, STATUS.NOT_AN_INTEGER);
    return;
  }
  const sum = current + delta;
  if (sum < I64_MIN || sum > I64_MAX) {
    refuse(lane, STATUS.OUT_OF_RANGE);
    return;
  }
  const text = formatI64(sum);
  setHead(state, text, 0, text.length);
  setTail(state, NONE, 0, 0);
  rewriteValue(state, exists, lane, text);
}

function append(state: StoreState, bytes: Uint8Array, view: CommandView, lane: ResultLane): void {
  const exists = meet(state, bytes, view);
  const { record } = state.scratch;
  const length = (exists ? record.valueBytes : 0) + view.valueBytes;
  if (exists) setHead(state, record.bytes, record.valueAt, record.valueBytes);
  else setHead(state, NONE, 0, 0);
  setTail(state, bytes, view.valueAt, view.valueBytes);
  rewriteValue(state, exists, lane, asciiBytes(`${length}`));
}

function expire(state: StoreState, bytes: Uint8Array, view: CommandView, lane: ResultLane): void {
  if (!meet(state, bytes, view)) {
    refuse(lane, STATUS.NOT_FOUND);
    return;
  }
  lane.push(STATUS.OK, nextRevision(state), NONE, 0, 0);
  if (hasPassed(view.deadline, state.logTime)) removeRecord(state);
  else rewriteDeadline(state, view.deadline);
}

function persist(state: StoreState, bytes: Uint8Array, view: CommandView, lane: ResultLane): void {
  if (!meet(state, bytes, view)) {
    refuse(lane, STATUS.NOT_FOUND);
    return;
  }
  const { record } = state.scratch;
  if (record.deadline === NO_DEADLINE) {
    lane.push(STATUS.CONDITION_FAILED, record.revision, NONE, 0, 0);
    return;
  }
  lane.push(STATUS.OK, nextRevision(state), NONE, 0, 0);
  rewriteDeadline(state, NO_DEADLINE);
}

function flushAll(state: StoreState, lane: ResultLane): void {
  if (state.table.keys === 0) {
    refuse(lane, STATUS.OK);
    return;
  }
  lane.push(STATUS.OK, nextRevision(state), NONE, 0, 0);
  swapTable(state, newTable(state, state.settings!.tableSeed));
}

/** When all places are taken, the session used longest ago makes room. */
function openSession(state: StoreState, lane: ResultLane): void {
  const { sessions, settings } = state;
  const oldest = sessions.count >= settings!.sessionsMax ? sessions.oldest() : null;
  if (oldest !== null) endSession(state, oldest);
  const id = nextRevision(state);
  sessions.open(id, state.logTime);
  lane.push(STATUS.OK, id, NONE, 0, 0);
}

function changeSettingsOf(
  state: StoreState,
  bytes: Uint8Array,
  view: CommandView,
  lane: ResultLane,
): void {
  const changes = decodeChanges(bytes, view.valueAt, view.valueAt + view.valueBytes);
  if (changes === null || checkChanges(state.settings!, changes) !== null) {
    refuse(lane, STATUS.MALFORMED);
    return;
  }
  state.settings = changeSettings(state.settings!, changes);
  lane.push(STATUS.OK, nextRevision(state), NONE, 0, 0);
}

/** Locates the key and decodes its record, which is removed if its deadline has passed. */
function meet(state: StoreState, bytes: Uint8Array, view: CommandView): boolean {
  const { table } = state;
  const { record, write } = state.scratch;
  const keyEnd = view.keyAt + view.keyBytes;
  write.key = bytes;
  write.keyAt = view.keyAt;
  write.keyBytes = view.keyBytes;
  if (!table.locate(bytes, view.keyAt, keyEnd)) return false;
  readRecord(state.slab.bytesAt(table.address), state.slab.offsetAt(table.address), record);
  if (!hasPassed(record.deadline, state.logTime)) return true;
  removeRecord(state);
  table.locate(bytes, view.keyAt, keyEnd);
  return false;
}

function equalsValue(state: StoreState, bytes: Uint8Array, at: number, count: number): boolean {
  const { record } = state.scratch;
  if (record.valueBytes !== count) return false;
  for (let offset = 0; offset < count; offset++) {
    if (record.bytes[record.valueAt + offset] !== bytes[at + offset]) return false;
  }
  return true;
}

/** Writes head and tail as PUT and COMPARE_AND_SWAP do: with the deadline that the flags say. */
function writeValue(state: StoreState, view: CommandView, lane: ResultLane): void {
  const { record, write } = state.scratch;
  const exists = state.table.address !== 0;
  const keeps = exists && (view.flags & KEEP_DEADLINE) !== 0;
  const deadline = (view.flags & DEADLINE) !== 0 ? view.deadline : NO_DEADLINE;
  write.deadline = keeps ? record.deadline : deadline;
  if (hasPassed(write.deadline, state.logTime)) {
    if (exists) {
      pushChanged(state, view, lane);
      removeRecord(state);
    } else {
      refuse(lane, STATUS.OK);
    }
    return;
  }
  const refusal = refusalOf(state);
  if (refusal !== STATUS.OK) {
    refuse(lane, refusal);
    return;
  }
  pushChanged(state, view, lane);
  write.revision = state.revision;
  storeRecord(state);
}

/** Writes head and tail as INCREMENT and APPEND do: the deadline stays. */
function rewriteValue(
  state: StoreState,
  exists: boolean,
  lane: ResultLane,
  answer: Uint8Array,
): void {
  const { record, write } = state.scratch;
  write.deadline = exists ? record.deadline : NO_DEADLINE;
  const refusal = refusalOf(state);
  if (refusal !== STATUS.OK) {
    refuse(lane, refusal);
    return;
  }
  write.revision = nextRevision(state);
  lane.push(STATUS.VALUE, write.revision, answer, 0, answer.length);
  storeRecord(state);
}

/** The record met last, with another deadline and the present revision. */
function rewriteDeadline(state: StoreState, deadline: number): void {
  const { record, write } = state.scratch;
  setHead(state, record.bytes, record.valueAt, record.valueBytes);
  setTail(state, NONE, 0, 0);
  write.deadline = deadline;
  write.revision = state.revision;
  storeRecord(state);
}

/** Why the value under way may not be written, or OK. */
function refusalOf(state: StoreState): number {
  const { record, write } = state.scratch;
  const { table } = state;
  const valueBytes = write.headBytes + write.tailBytes;
  if (valueBytes > VALUE_BYTES_MAX) return STATUS.VALUE_TOO_LARGE;
  const raised =
    table.address === 0
      ? write.keyBytes + valueBytes + KEY_OVERHEAD_BYTES
      : valueBytes - record.valueBytes;
  const isOver = table.logicalBytes + raised > state.settings!.quotaBytes;
  return raised > 0 && isOver ? STATUS.QUOTA_EXCEEDED : STATUS.OK;
}

/** Takes a revision and answers OK, or VALUE with the old value where that was asked for. */
function pushChanged(state: StoreState, view: CommandView, lane: ResultLane): void {
  const { record } = state.scratch;
  const revision = nextRevision(state);
  if ((view.flags & RETURN_OLD) !== 0 && state.table.address !== 0) {
    lane.push(STATUS.VALUE, revision, record.bytes, record.valueAt, record.valueBytes);
  } else {
    lane.push(STATUS.OK, revision, NONE, 0, 0);
  }
}

/** Answers with the record met last, or with nothing if the key is absent. */
function pushCurrent(state: StoreState, lane: ResultLane, status: number): void {
  const { record } = state.scratch;
  if (state.table.address === 0) refuse(lane, status);
  else lane.push(status, record.revision, record.bytes, record.valueAt, record.valueBytes);
}

function setHead(state: StoreState, bytes: Uint8Array, at: number, count: number): void {
  const { write } = state.scratch;
  write.head = bytes;
  write.headAt = at;
  write.headBytes = count;
}

function setTail(state: StoreState, bytes: Uint8Array, at: number, count: number): void {
  const { write } = state.scratch;
  write.tail = bytes;
  write.tailAt = at;
  write.tailBytes = count;
}

function nextRevision(state: StoreState): number {
  state.revision++;
  assert(Number.isSafeInteger(state.revision), 'internal', 'out of revisions');
  return state.revision;
}
