/**
 * Log time (docs/architecture.md, "Time").
 *
 * A stamp is max(previous stamp, lower median of the voters' wall clocks): one bad clock never decides.
 * Our own is read now; another's is its last reading of this term, carried on by our monotonic clock
 * and not by our wall clock, which may have been set since: then all readings would move with it
 * (ADR 0010). Until a quorum's clocks are known, the stamp is the previous one, for the no-op too.
 */
import type { Millis } from '../../base/units.ts';
import { entryStamp } from '../entry.ts';
import { isVoter, sameMember } from '../members.ts';
import type { Member } from '../types.ts';
import { findProgress } from './progress.ts';
import { hasQuorum } from './quorum.ts';
import { currentConfiguration, type LeaderState, type RaftState } from './state.ts';

/** The stamp of the newest entry; stamps never fall along a log. */
export function previousStamp(state: RaftState): number {
  const entry = state.log.entries[state.log.entries.length - 1];
  return entry === undefined ? state.baseStamp : entryStamp(entry);
}

/** The cluster's time by its voters' clocks; 0 while no quorum of them is known. */
export function clusterTime(
  state: RaftState,
  leading: LeaderState,
  wall: number,
  now: Millis,
): number {
  const configuration = currentConfiguration(state);
  const isKnown = (member: Member) => (findProgress(leading, member)?.clockOffset ?? null) !== null;
  if (!hasQuorum(configuration, isKnown)) return 0;
  const offsets: number[] = [];
  for (const { member, clockOffset } of leading.progress) {
    if (clockOffset === null || !isVoter(configuration, member)) continue;
    offsets.push(sameMember(member, state.config.self) ? wall - now : clockOffset);
  }
  offsets.sort((left, right) => left - right);
  return Math.max(0, now + offsets[(offsets.length - 1) >> 1]!);
}

export function nextStamp(
  state: RaftState,
  leading: LeaderState,
  wall: number,
  now: Millis,
): number {
  return Math.max(previousStamp(state), clusterTime(state, leading, wall, now));
}

/**
 * Compares our clock with the cluster's as the leader's append tells it. A node far off does not
 * campaign: it would be refused as a clock, and its leases and deadlines would be off.
 */
export function noteClusterTime(state: RaftState, clock: number, wall: number): void {
  if (clock === 0) return;
  state.isClockSkewed = Math.abs(wall - clock) > state.config.clockSkewMsMax;
}

/** A verdict about the clock is forgotten when no leader has renewed it for so long. */
const SKEW_VERDICT_TIMEOUTS = 10;

export function mayCampaignByClock(state: RaftState, now: Millis): boolean {
  const silence = now - state.lastLeaderContact;
  return !state.isClockSkewed || silence > SKEW_VERDICT_TIMEOUTS * state.config.electionTimeoutMs;
}
