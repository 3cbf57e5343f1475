/**
 * Applies one committed entry.
 *
 *   check the entry → advance log time → remove what is due → commands, reads at their ordinals
 *   → chain → applied index
 *
 * 1. Entries come in order, once each, with stamps that never fall. The CRCs are checked again: what
 *    was damaged in memory stops this node instead of diverging.
 * 2. An entry first removes at most N keys whose deadline has passed, in the order (deadline, h,
 *    key), and at most N sessions that are idle or too many, those used longest ago first. What is
 *    due but not yet removed counts as gone.
 * 3. One row per command. Where the bytes of a command make no sense, neither do those after it:
 *    it and all later ones of the entry are MALFORMED.
 * 4. The applied index is set last, when everything of the entry has been done (an index stored
 *    before its effects is how replicas skip an entry after a crash).
 */
import { assert } from '../../base/assert.ts';
import { COMMAND_FLAG, type CommandView, readCommand } from '../command.ts';
import {
  ENTRY_HEADER_BYTES,
  ENTRY_KIND,
  type EntryHeader,
  isEntryBodyIntact,
  readEntryHeader,
} from '../entry.ts';
import { decodeConfiguration } from '../members.ts';
import type { ResultLane } from '../results.ts';
import { decodeFormation } from '../settings.ts';
import { OPERATION, SESSION_RESULT_BYTES_MAX, SESSION_WINDOW, STATUS } from '../types.ts';
import { advanceChain } from './chain.ts';
import { endSession, newTable, removeRecord, useSession } from './changes.ts';
import { closeSession, execute, refuse } from './commands.ts';
import { LOOK_AHEAD_KEYS } from './look-ahead.ts';
import { ReadCursor } from './reads.ts';
import { compactSome, freeSome } from './reclaim.ts';
import { hasPassed } from './record.ts';
import type { Session } from './sessions.ts';
import type { ReadBatch, StoreOut, StoreState } from './state.ts';
import { isWellFormed } from './well-formed.ts';
import { NO_VALUE } from './window.ts';

const COMMAND_BYTES_MIN = 16;
/** Records of swapped-out tables that an entry frees besides two per command. */
const FREED_PER_ENTRY = 64;
const MOVES_PER_COMMAND = 2;

export function applyEntry(
  state: StoreState,
  entry: Uint8Array,
  reads: ReadBatch | null,
  out: StoreOut,
): void {
  const header = openEntry(state, entry);
  const firstRow = out.writes.count;
  state.logTime = header.stamp;
  removeDue(state);
  endDueSessions(state);
  switch (header.kind) {
    case ENTRY_KIND.COMMANDS:
      applyCommands(state, entry, header, { reads, out });
      break;
    case ENTRY_KIND.CONFIGURATION:
      applyConfiguration(state, entry);
      break;
    case ENTRY_KIND.FORMATION:
      applyFormation(state, entry);
      break;
  }
  if (header.kind !== ENTRY_KIND.COMMANDS && reads !== null) {
    new ReadCursor(reads).answerThrough(state, 0, out.reads);
  }
  advanceChain(state, header, out.writes, firstRow);
  state.appliedTerm = header.term;
  state.appliedIndex = header.index;
  freeSome(state, FREED_PER_ENTRY + 2 * header.count);
}

/** The entry's header, once everything about the entry is right. */
function openEntry(state: StoreState, entry: Uint8Array): EntryHeader {
  const header = readEntryHeader(entry, 0, entry.length);
  assert(header !== null, 'internal', 'entry header damaged');
  assert(isEntryBodyIntact(entry, 0, entry.length, header), 'internal', 'entry body damaged');
  assert(header.group === state.config.group, 'state-machine-safety', 'entry of another group');
  assert(
    header.index === state.appliedIndex + 1,
    'index-order',
    'an entry was skipped or applied twice',
  );
  assert(header.term >= state.appliedTerm, 'monotonic', 'applied term fell');
  assert(header.stamp >= state.logTime, 'monotonic', 'log time fell');
  assert(
    header.count * COMMAND_BYTES_MIN <= header.bodyBytes,
    'internal',
    'more commands than bytes',
  );
  return header;
}

function applyFormation(state: StoreState, entry: Uint8Array): void {
  const formation = decodeFormation(entry, ENTRY_HEADER_BYTES, entry.length);
  assert(formation !== null, 'internal', 'formation ill-formed');
  assert(state.settings === null, 'state-machine-safety', 'a cluster formed twice');
  state.settings = formation.settings;
  state.configuration = formation.configuration;
  state.table = newTable(state, formation.settings.tableSeed);
}

function applyConfiguration(state: StoreState, entry: Uint8Array): void {
  const configuration = decodeConfiguration(entry, ENTRY_HEADER_BYTES, entry.length);
  assert(configuration !== null, 'internal', 'configuration ill-formed');
  state.configuration = configuration;
}

function applyCommands(
  state: StoreState,
  entry: Uint8Array,
  header: EntryHeader,
  { reads, out }: { readonly reads: ReadBatch | null; readonly out: StoreOut },
): void {
  assert(
    state.settings !== null || header.count === 0,
    'state-machine-safety',
    'a command before the formation',
  );
  const { command } = state.scratch;
  const end = ENTRY_HEADER_BYTES + header.bodyBytes;
  const cursor = reads === null ? null : new ReadCursor(reads);
  let at = ENTRY_HEADER_BYTES;
  for (let ordinal = 0; ordinal < header.count; ordinal++) {
    if (ordinal % LOOK_AHEAD_KEYS === 0) lookAhead(state, entry, at, end);
    cursor?.answerThrough(state, ordinal, out.reads);
    if (at < end && readCommand(entry, at, end, command)) {
      applyCommand(state, entry, command, out.writes);
      compactSome(state, MOVES_PER_COMMAND);
      at += command.size;
    } else {
      refuse(out.writes, STATUS.MALFORMED);
      at = end;
    }
  }
  state.table.ahead.forget();
  cursor?.answerThrough(state, header.count, out.reads);
}

/** At the keys of the next commands, as far as they make sense. */
function lookAhead({ table, scratch }: StoreState, entry: Uint8Array, from: number, end: number) {
  const { ahead } = table;
  const { command } = scratch;
  ahead.begin(entry);
  for (let at = from; at < end && !ahead.isFull; at += command.size) {
    if (!readCommand(entry, at, end, command)) break;
    const { keyAt, keyBytes, valueAt, valueBytes } = command;
    ahead.add(keyAt, keyAt + keyBytes, valueAt, valueAt + valueBytes);
  }
  table.lookAhead(entry, true);
}

/** Applies a command, once and only once if it names a session. */
function applyCommand(
  state: StoreState,
  bytes: Uint8Array,
  view: CommandView,
  lane: ResultLane,
): void {
  if ((view.flags & COMMAND_FLAG.SESSION) === 0) {
    execute(state, bytes, view, lane);
    return;
  }
  const session = liveSession(state, view.session);
  if (session === null) {
    refuse(lane, STATUS.SESSION_EXPIRED);
  } else if (view.operation === OPERATION.CLOSE_SESSION && isWellFormed(view)) {
    closeSession(state, session, lane);
  } else {
    useSession(state, session, view.lowestUnacknowledged);
    applyInSession(state, bytes, { view, session }, lane);
  }
}

function applyInSession(
  state: StoreState,
  bytes: Uint8Array,
  { view, session }: { readonly view: CommandView; readonly session: Session },
  lane: ResultLane,
): void {
  const { sequence } = view;
  if (sequence < session.floor) {
    refuse(lane, STATUS.SEQUENCE_BELOW_FLOOR);
  } else if (sequence >= session.floor + SESSION_WINDOW) {
    refuse(lane, STATUS.SEQUENCE_BEYOND_WINDOW);
  } else if (session.results.has(sequence)) {
    pushKept(session, sequence, lane);
  } else {
    execute(state, bytes, view, lane);
    keepResult(state, session, sequence, lane);
  }
}

/** Answers a retry as its first try was answered. */
function pushKept(session: Session, sequence: number, lane: ResultLane): void {
  const { results } = session;
  const value = results.valueOf(sequence);
  const revision = results.revisionOf(sequence);
  if (value === null) {
    lane.push(STATUS.APPLIED_RESULT_DROPPED, revision, NO_VALUE, 0, 0);
  } else {
    lane.push(results.statusOf(sequence), revision, value, 0, value.length);
  }
}

/** Keeps the lane's last row for retries. */
function keepResult(state: StoreState, session: Session, sequence: number, lane: ResultLane): void {
  const row = lane.count - 1;
  const size = lane.valueBytes[row]!;
  const isKept =
    size <= SESSION_RESULT_BYTES_MAX &&
    state.sessions.resultBytes + size <= state.settings!.sessionResultBytesMax;
  const value = size === 0 ? NO_VALUE : isKept ? lane.value(row).slice() : null;
  const result = { status: lane.status[row]!, revision: lane.revision[row]!, value };
  state.sessions.keep(session, sequence, result);
}

/** The session, unless it is unknown or its time is over. */
function liveSession(state: StoreState, id: number): Session | null {
  const session = state.sessions.find(id);
  if (session === null || !isIdle(state, session)) return session;
  endSession(state, session);
  return null;
}

function isIdle(state: StoreState, session: Session): boolean {
  return state.logTime - session.lastUsedTime > state.settings!.sessionIdleMs;
}

function removeDue(state: StoreState): void {
  const { table, config } = state;
  for (let removed = 0; removed < config.expiredPerEntryMax; removed++) {
    if (!hasPassed(table.earliestDeadline(), state.logTime)) return;
    table.locateRecord(table.firstToExpire());
    removeRecord(state);
  }
}

function endDueSessions(state: StoreState): void {
  const { sessions, settings, config } = state;
  for (let ended = 0; ended < config.expiredPerEntryMax; ended++) {
    const oldest = sessions.count === 0 ? null : sessions.oldest();
    if (oldest === null) return;
    if (!isIdle(state, oldest) && sessions.count <= settings!.sessionsMax) return;
    endSession(state, oldest);
  }
}
