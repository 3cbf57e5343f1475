/**
 * What a step's judge knows of one Raft machine before the step: a copy, small enough to be made
 * after every step.
 *
 * The log is not copied but made again, from the records that the machine gave its disk and from
 * nothing else: terms, writes and sizes of the entries behind the base.
 */
import type { NodeId } from '../../../src/base/units.ts';
import { entryTerm } from '../../../src/core/entry.ts';
import { isVoter } from '../../../src/core/members.ts';
import type {
  LeaderState,
  PendingRead,
  ProgressMode,
  RaftState,
  Role,
} from '../../../src/core/raft/state.ts';
import type { Configuration, Member, WalRecord } from '../../../src/core/types.ts';
import { violate } from '../online/violate.ts';

export interface LogMirror {
  baseIndex: number;
  baseTerm: number;
  /** Bytes of all entries up to the base, and up to each entry behind it. */
  baseBytes: number;
  readonly terms: number[];
  readonly tickets: number[];
  readonly bytes: number[];
}

/** What a leader knew of a member. */
export interface Row {
  member: Member;
  matchIndex: number;
  nextIndex: number;
  mode: ProgressMode;
  contact: number;
  round: number;
  snapshotIndex: number;
}

export interface Mirror {
  /** What its records have made of its log and its hard state, those of this step included. */
  readonly log: LogMirror;
  writtenTerm: number;
  writtenVote: Member | null;
  hardStateTicket: number;
  // what it was before the step
  term: number;
  votedFor: Member | null;
  lastIndex: number;
  lastTerm: number;
  role: Role;
  leader: NodeId;
  contact: number;
  electionDeadline: number;
  heartbeatDeadline: number;
  commitIndex: number;
  appliedIndex: number;
  durableIndex: number;
  durableTicket: number;
  snapshotIndex: number;
  isQuarantined: boolean;
  isClockSkewed: boolean;
  /** Whether a vote of its own may be needed: see mayCampaign. */
  isNeeded: boolean;
  configuration: Configuration;
  configurationIndex: number;
  granted: readonly Member[];
  denied: readonly Member[];
  nextRetry: number;
  leading: LeaderState | null;
  round: number;
  reads: readonly PendingRead[];
  transferDeadline: number;
  nextQuorumCheck: number;
  rows: Row[];
}

const NOBODY_ANSWERED: readonly Member[] = [];
const NO_READS: readonly PendingRead[] = [];

export const lastOf = (log: LogMirror): number => log.baseIndex + log.terms.length;

/** Null: behind the end, or given up. */
export function termOf(log: LogMirror, index: number): number | null {
  if (index === log.baseIndex) return log.baseTerm;
  return log.terms[index - log.baseIndex - 1] ?? null;
}

export const ticketOf = (log: LogMirror, index: number): number =>
  log.tickets[index - log.baseIndex - 1] ?? 0;

/** Bytes of the entries in (after, through] that the log holds. */
export function bytesIn(log: LogMirror, after: number, through: number): number {
  const upTo = (index: number): number =>
    index <= log.baseIndex ? log.baseBytes : log.bytes[index - log.baseIndex - 1]!;
  return through <= after ? 0 : upTo(through) - upTo(after);
}

/** A machine that has just been made: what its disk gave back. */
export function newMirror(raft: RaftState): Mirror {
  const { log } = raft;
  const mirror: Mirror = {
    log: {
      baseIndex: log.baseIndex,
      baseTerm: log.baseTerm,
      baseBytes: 0,
      terms: [],
      tickets: [],
      bytes: [],
    },
    writtenTerm: raft.currentTerm,
    writtenVote: raft.votedFor,
    hardStateTicket: 0,
    term: 0,
    votedFor: null,
    lastIndex: 0,
    lastTerm: 0,
    role: raft.role,
    leader: raft.leader,
    contact: 0,
    electionDeadline: 0,
    heartbeatDeadline: 0,
    commitIndex: 0,
    appliedIndex: 0,
    durableIndex: log.baseIndex + log.entries.length,
    durableTicket: raft.durableTicket,
    snapshotIndex: 0,
    isQuarantined: false,
    isClockSkewed: false,
    isNeeded: false,
    configuration: raft.configurations.at(-1)!.configuration,
    configurationIndex: 0,
    granted: NOBODY_ANSWERED,
    denied: NOBODY_ANSWERED,
    nextRetry: 0,
    leading: null,
    round: 0,
    reads: NO_READS,
    transferDeadline: Number.POSITIVE_INFINITY,
    nextQuorumCheck: 0,
    rows: [],
  };
  for (const entry of log.entries) push(mirror.log, entryTerm(entry), 0, entry.length);
  copy(mirror, raft);
  return mirror;
}

function push(log: LogMirror, term: number, ticket: number, bytes: number): void {
  log.bytes.push((log.bytes.at(-1) ?? log.baseBytes) + bytes);
  log.terms.push(term);
  log.tickets.push(ticket);
}

/** What went to the disk, in its order; the index that a truncation began at, or 0. */
export function follow(mirror: Mirror, records: readonly WalRecord[], ticket: number): number {
  const { log } = mirror;
  let cutFrom = 0;
  for (const record of records) {
    switch (record.kind) {
      case 'hard-state':
        mirror.writtenTerm = record.hardState.term;
        mirror.writtenVote = record.hardState.votedFor;
        mirror.hardStateTicket = ticket;
        break;
      case 'entry':
        if (record.index !== lastOf(log) + 1) violate('log-matching', 'an entry behind a gap');
        push(log, record.term, ticket, record.bytes.length);
        break;
      case 'truncate':
        cutFrom = record.from;
        cut(log, record.from - log.baseIndex - 1);
        mirror.durableIndex = Math.min(mirror.durableIndex, record.from - 1);
        break;
      default:
        break;
    }
  }
  return cutFrom;
}

function cut(log: LogMirror, count: number): void {
  const keep = Math.max(0, count);
  log.terms.length = Math.min(log.terms.length, keep);
  log.tickets.length = Math.min(log.tickets.length, keep);
  log.bytes.length = Math.min(log.bytes.length, keep);
}

/** The base moves up: what agrees with it stays behind it, everything else goes (§5.1). */
export function rebase(mirror: Mirror, baseIndex: number, baseTerm: number): void {
  const { log } = mirror;
  if (baseIndex === log.baseIndex) return;
  const count = termOf(log, baseIndex) === baseTerm ? baseIndex - log.baseIndex : log.terms.length;
  if (count > 0) log.baseBytes = log.bytes[count - 1]!;
  log.terms.splice(0, count);
  log.tickets.splice(0, count);
  log.bytes.splice(0, count);
  log.baseIndex = baseIndex;
  log.baseTerm = baseTerm;
  mirror.durableIndex = Math.max(mirror.durableIndex, baseIndex);
}

/** After a step: what the next one begins with. */
export function copy(mirror: Mirror, raft: RaftState): void {
  const { candidate, leading } = raft;
  const newest = raft.configurations[raft.configurations.length - 1]!;
  mirror.term = raft.currentTerm;
  mirror.votedFor = raft.votedFor;
  mirror.lastIndex = lastOf(mirror.log);
  mirror.lastTerm = termOf(mirror.log, mirror.lastIndex)!;
  mirror.role = raft.role;
  mirror.leader = raft.leader;
  mirror.contact = raft.lastLeaderContact;
  mirror.electionDeadline = raft.electionDeadline;
  mirror.heartbeatDeadline = raft.heartbeatDeadline;
  mirror.commitIndex = raft.commitIndex;
  mirror.appliedIndex = raft.appliedIndex;
  mirror.durableTicket = raft.durableTicket;
  mirror.snapshotIndex = raft.snapshotIndex;
  mirror.isQuarantined = raft.isQuarantined;
  mirror.isClockSkewed = raft.isClockSkewed;
  mirror.isNeeded = isNeeded(raft);
  mirror.configuration = newest.configuration;
  mirror.configurationIndex = newest.index;
  mirror.granted = candidate === null ? NOBODY_ANSWERED : [...candidate.granted];
  mirror.denied = candidate === null ? NOBODY_ANSWERED : [...candidate.denied];
  mirror.nextRetry = candidate?.nextRetry ?? 0;
  mirror.leading = leading;
  if (leading !== null) copyOffice(mirror, leading);
  else mirror.reads = NO_READS;
}

function copyOffice(mirror: Mirror, leading: LeaderState): void {
  const { rows } = mirror;
  mirror.round = leading.round;
  mirror.reads = leading.reads.length === 0 ? NO_READS : [...leading.reads];
  mirror.transferDeadline = leading.transfer?.deadline ?? Number.POSITIVE_INFINITY;
  mirror.nextQuorumCheck = leading.nextQuorumCheck;
  rows.length = Math.min(rows.length, leading.progress.length);
  for (let at = 0; at < leading.progress.length; at++) {
    const { member, matchIndex, nextIndex, mode, lastContact, ackedRound, snapshotIndex } =
      leading.progress[at]!;
    const row = rows[at];
    if (row === undefined) {
      const known = { member, matchIndex, nextIndex, mode, snapshotIndex };
      rows.push({ ...known, contact: lastContact, round: ackedRound });
      continue;
    }
    row.member = member;
    row.matchIndex = matchIndex;
    row.nextIndex = nextIndex;
    row.mode = mode;
    row.contact = lastContact;
    row.round = ackedRound;
    row.snapshotIndex = snapshotIndex;
  }
}

/**
 * A voter of the configuration in force, or of an earlier one as long as what superseded it is not
 * known to be committed (§4.2.2).
 */
function isNeeded({ configurations, config, commitIndex }: RaftState): boolean {
  for (let at = configurations.length - 1; at >= 0; at--) {
    const { index, configuration } = configurations[at]!;
    if (isVoter(configuration, config.self)) return true;
    if (index <= commitIndex) return false;
  }
  return false;
}
