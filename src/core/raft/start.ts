/** A machine's first state: from a fresh store, from what the disk gave back, or from formation. */
import { assert } from '../../base/assert.ts';
import { newPrng } from '../../base/prng.ts';
import {
  type LogIndex,
  type Millis,
  NEVER,
  NOBODY,
  type Term,
  ZERO_INDEX,
} from '../../base/units.ts';
import { ENTRY_HEADER_BYTES, ENTRY_KIND, entryIndex, sealEntry } from '../entry.ts';
import { isVoter } from '../members.ts';
import type { Configuration } from '../types.ts';
import { adoptConfiguration } from './configurations.ts';
import { startElection } from './election.ts';
import { appendEntry, lastIndex, newLog } from './log.ts';
import type { RaftOut } from './out.ts';
import { persistEntry, persistHardState } from './persist.ts';
import type { RaftConfig, RaftState } from './state.ts';

export function newRaft(config: RaftConfig): RaftState {
  const log = newLog(config.snapshotIndex, config.snapshotTerm);
  const state: RaftState = {
    config,
    currentTerm: config.hardState.term,
    votedFor: config.hardState.votedFor,
    log,
    baseStamp: config.snapshotStamp,
    snapshotIndex: config.snapshotIndex,
    snapshotTerm: config.snapshotTerm,
    configurations: [{ index: config.snapshotIndex, configuration: config.configuration }],
    lastTicket: 0,
    hardStateTicket: 0,
    durableTicket: 0,
    durableIndex: config.snapshotIndex,
    role: 'follower',
    leader: NOBODY,
    leaderMember: null,
    commitIndex: config.snapshotIndex,
    appliedIndex: config.snapshotIndex,
    electionDeadline: 0 as Millis,
    heartbeatDeadline: NEVER,
    lastLeaderContact: 0 as Millis,
    isQuarantined: false,
    isClockSkewed: false,
    durability: config.durability,
    candidate: null,
    leading: null,
    prng: newPrng(config.seed),
    electionsStarted: 0,
    leaderChanges: 0,
  };
  for (const entry of config.entries) restoreEntry(state, entry);
  state.durableIndex = lastIndex(log);
  return state;
}

/** What recovery gave back is durable, whatever write it went out under in a former life. */
function restoreEntry(state: RaftState, entry: Uint8Array): void {
  const index = entryIndex(entry);
  if (index <= state.log.baseIndex) return;
  assert(index === lastIndex(state.log) + 1, 'log-matching', 'a recovered log has no gaps');
  appendEntry(state.log, entry, 0);
  adoptConfiguration(state, entry);
}

/**
 * Writes entry 1 of a new cluster and campaigns. Only formation gives this event, to the member
 * with the lowest id, when every member of the list has said that it is empty.
 */
export function formCluster(
  state: RaftState,
  out: RaftOut,
  form: {
    readonly configuration: Configuration;
    readonly bytes: Uint8Array;
  },
  now: Millis,
): void {
  const isEmpty = lastIndex(state.log) === ZERO_INDEX && state.currentTerm === 0;
  if (!isEmpty) {
    out.proposal = { kind: 'refused', reason: 'not-empty' };
    return;
  }
  assert(isVoter(form.configuration, state.config.self), 'internal', 'forming without oneself');
  persistHardState(state, out, 1 as Term, null);
  sealEntry(form.bytes, {
    kind: ENTRY_KIND.FORMATION,
    group: state.config.group,
    term: state.currentTerm,
    index: 1 as LogIndex,
    // One clock alone does not say what time it is: see time.ts.
    stamp: 0,
    count: 0,
  });
  assert(form.bytes.length > ENTRY_HEADER_BYTES, 'internal', 'an empty formation');
  persistEntry(state, out, form.bytes);
  out.proposal = { kind: 'accepted', index: 1 as LogIndex, term: state.currentTerm };
  startElection(state, out, now, false);
}
