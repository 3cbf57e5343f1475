/**
 * Log time (docs/architecture.md, "Time").
 *
 * A stamp is max(previous stamp, leader's wall clock + lower median of the voters' clock offsets to
 * it, its own 0 included): one bad clock never decides. Until a quorum's offsets of this term are
 * known, the stamp is the previous one, for the no-op too.
 */
import type { Millis } from '../../base/units.ts';
import { entryStamp } from '../entry.ts';
import { isVoter } from '../members.ts';
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
export function clusterTime(state: RaftState, leading: LeaderState, wall: number): number {
  const configuration = currentConfiguration(state);
  const isKnown = (member: Member) => (findProgress(leading, member)?.clockOffset ?? null) !== null;
  if (!hasQuorum(configuration, isKnown)) return 0;
  const offsets: number[] = [];
  for (const progress of leading.progress) {
    if (progress.clockOffset === null || !isVoter(configuration, progress.member)) continue;
    offsets.push(progress.clockOffset);
  }
  offsets.sort((left, right) => left - right);
  return Math.max(0, wall + offsets[(offsets.length - 1) >> 1]!);
}

export function nextStamp(state: RaftState, leading: LeaderState, wall: number): number {
  return Math.max(previousStamp(state), clusterTime(state, leading, wall));
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
