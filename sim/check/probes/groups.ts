/**
 * Probes of one group on one node: its Raft state is held against what was seen after the turn
 * before. A look costs some comparisons; whatever costs more is done on a change only.
 */
import { entryTerm } from '../../../src/core/entry.ts';
import { isVoter } from '../../../src/core/members.ts';
import { lastIndex, lastTerm } from '../../../src/core/raft/log.ts';
import {
  configurationIndex,
  currentConfiguration,
  type RaftState,
  type Role,
} from '../../../src/core/raft/state.ts';
import type { Settings } from '../../../src/core/types.ts';
import type { ForwardStream } from '../../../src/node/forward-stream.ts';
import type { Group } from '../../../src/node/group.ts';
import type { ProbeLedger } from './ledger.ts';

/** What a group was like after its last turn. */
export interface GroupSeen {
  readonly raft: RaftState;
  role: Role;
  term: number;
  /** Reads that waited for confirmation. */
  reads: number;
  isQuarantined: boolean;
  isSkewed: boolean;
  configuration: number;
  isSettled: boolean;
  /** The log's end, and the entry before those of its last term; null: below the base. */
  lastIndex: number;
  last: Uint8Array | null;
  runIndex: number;
  runBefore: Uint8Array | null;
  durable: number;
  durableTicket: number;
  lastTicket: number;
  /** Truncated under writes up to this ticket, whose sync is still to come; 0: none. */
  truncatedTicket: number;
  stream: ForwardStream | null;
  installedIndex: number;
  sliceFactor: number;
  saveAt: number;
  isRebuilding: boolean;
  settings: Settings | null;
  /** Of the office: a deadline that it found, not passed yet. */
  inheritedDeadline: number;
}

/** What the other nodes and the network have to do with it. */
export interface Surroundings {
  readonly probes: ProbeLedger;
  readonly isCut: (left: number, right: number) => boolean;
  readonly tookOffice: (group: Group) => void;
  /** The leader has told `target` to take over. */
  readonly handedOver: (group: Group, target: number) => void;
  /** Its state came out of a leader's snapshot. */
  readonly restored: (group: Group) => void;
  /** Its newest configuration is known to be committed. */
  readonly settled: (group: Group) => void;
}

export function firstSight({ raft, stream, sliceFactor, saveAt, rebuild }: Group): GroupSeen {
  const seen: GroupSeen = {
    raft,
    role: raft.role,
    term: raft.currentTerm,
    reads: 0,
    isQuarantined: raft.isQuarantined,
    isSkewed: raft.isClockSkewed,
    configuration: configurationIndex(raft),
    isSettled: false,
    lastIndex: 0,
    last: null,
    runIndex: 0,
    runBefore: null,
    durable: raft.durableIndex,
    durableTicket: raft.durableTicket,
    lastTicket: raft.lastTicket,
    truncatedTicket: 0,
    stream,
    installedIndex: 0,
    sliceFactor,
    saveAt,
    isRebuilding: rebuild !== null,
    settings: null,
    inheritedDeadline: Number.POSITIVE_INFINITY,
  };
  noteLog(seen, raft);
  return seen;
}

export function lookAtGroup(group: Group, seen: GroupSeen, around: Surroundings): void {
  const { raft } = group;
  if (raft.role !== seen.role || raft.currentTerm !== seen.term) changedRole(group, seen, around);
  if (raft.leading !== null) lookAtLeader(group, seen, around);
  else seen.reads = 0;
  lookAtLog(raft, seen, around);
  lookAtConfiguration(group, seen, around);
  lookAtState(group, seen, around);
}

function changedRole(group: Group, seen: GroupSeen, around: Surroundings): void {
  const { raft } = group;
  const { probes } = around;
  const { role, currentTerm } = raft;
  const wasLeading = seen.role === 'leader';
  if (wasLeading && role !== 'leader' && currentTerm === seen.term) {
    const isOut = !isVoter(currentConfiguration(raft), raft.config.self);
    probes.sometimes('leader-voted-out', isOut);
    probes.sometimes('read-refused-cut-off', !isOut && !raft.isQuarantined && seen.reads > 0);
  }
  probes.sometimes('read-over-leader-change', currentTerm > seen.term && seen.reads > 0);
  const isStanding = seen.role === 'candidate' && role === 'candidate';
  probes.sometimes('candidate-again', isStanding && currentTerm > seen.term);
  const isDenied = seen.role === 'pre-candidate' && role === 'follower';
  probes.sometimes('pre-vote-in-vain', isDenied);
  seen.inheritedDeadline = Number.POSITIVE_INFINITY;
  seen.role = role;
  seen.term = currentTerm;
  if (raft.leading === null) return;
  probes.sometimes('inherited-uncommitted', raft.leading.noopIndex - 1 > raft.commitIndex);
  seen.inheritedDeadline = group.store.table.earliestDeadline();
  around.tookOffice(group);
}

function lookAtLeader(group: Group, seen: GroupSeen, around: Surroundings): void {
  const { probes, isCut } = around;
  const { raft, store } = group;
  const { reads, transfer } = raft.leading!;
  seen.reads = reads.length;
  probes.sometimes('committed-before-own-disk', raft.commitIndex > raft.durableIndex);
  if (store.logTime >= seen.inheritedDeadline) {
    probes.sometimes('expiry-over-failover', true);
    seen.inheritedDeadline = Number.POSITIVE_INFINITY;
  }
  if (transfer === null) return;
  const [self, target] = [raft.config.self.id, transfer.target.id];
  probes.sometimes('transfer-under-partition', isCut(self, target) || isCut(target, self));
  if (transfer.isTimeoutNowSent) around.handedOver(group, target);
}

function lookAtLog(raft: RaftState, seen: GroupSeen, around: Surroundings): void {
  const { log, durableTicket } = raft;
  if (isTruncated(raft, seen)) truncated(raft, seen, around.probes);
  else if (seen.truncatedTicket > 0 && durableTicket > seen.durableTicket) {
    around.probes.sometimes('sync-after-truncation', true);
    seen.truncatedTicket = 0;
  }
  seen.durable = raft.durableIndex;
  seen.durableTicket = durableTicket;
  seen.lastTicket = raft.lastTicket;
  if (lastIndex(log) !== seen.lastIndex || log.entries.at(-1) !== seen.last) noteLog(seen, raft);
}

/** Whether the entry that was the last one has left the log from its end. */
function isTruncated({ log }: RaftState, { last, lastIndex: index }: GroupSeen): boolean {
  if (last === null || index <= log.baseIndex) return false;
  return log.entries[index - log.baseIndex - 1] !== last;
}

function truncated({ log }: RaftState, seen: GroupSeen, probes: ProbeLedger): void {
  probes.sometimes('truncation', true);
  const { runIndex, runBefore } = seen;
  const isHeld = runBefore === null || runIndex - 1 <= log.baseIndex;
  const before = isHeld ? null : log.entries[runIndex - 2 - log.baseIndex];
  probes.sometimes('conflict-over-terms', !isHeld && before !== runBefore);
  if (seen.lastIndex > seen.durable) seen.truncatedTicket = seen.lastTicket;
}

/** Where the log ends now, and where its last term begins. */
function noteLog(seen: GroupSeen, { log }: RaftState): void {
  const { baseIndex, entries } = log;
  const isSameTerm = seen.last !== null && entryTerm(seen.last) === lastTerm(log);
  const isGrown = isSameTerm && entries[seen.lastIndex - baseIndex - 1] === seen.last;
  seen.lastIndex = lastIndex(log);
  seen.last = entries.at(-1) ?? null;
  if (isGrown) return;
  let run = entries.length;
  while (run > 0 && entryTerm(entries[run - 1]!) === lastTerm(log)) run--;
  seen.runIndex = baseIndex + run + 1;
  seen.runBefore = entries[run - 1] ?? null;
}

function lookAtConfiguration(group: Group, seen: GroupSeen, around: Surroundings): void {
  const { raft } = group;
  const index = configurationIndex(raft);
  const isSettled = raft.commitIndex >= index;
  if (index === seen.configuration && isSettled === seen.isSettled) return;
  // What a member believed whose state was lost may have been wrong.
  const isBack = index < seen.configuration && !seen.isQuarantined;
  around.probes.sometimes('configuration-truncated', isBack);
  seen.configuration = index;
  seen.isSettled = isSettled;
  if (isSettled) around.settled(group);
}

function lookAtState(group: Group, seen: GroupSeen, around: Surroundings): void {
  const { probes } = around;
  const { raft, rebuild, stream } = group;
  seen.isQuarantined = raft.isQuarantined;
  if (group.parked.length > 0) probes.sometimes('request-parked', true);
  const { settings } = group.store;
  if (settings !== seen.settings) {
    probes.sometimes('settings-changed', seen.settings !== null && raft.commitIndex > 1);
    seen.settings = settings;
  }
  const isRebuilding = rebuild !== null;
  if (isRebuilding !== seen.isRebuilding) {
    probes.sometimes('state-rebuilt', !isRebuilding);
    seen.isRebuilding = isRebuilding;
  }
  if (group.installedIndex !== seen.installedIndex) {
    probes.sometimes('snapshot-installed', true);
    seen.installedIndex = group.installedIndex;
    around.restored(group);
  }
  if (group.sliceFactor !== seen.sliceFactor) {
    probes.sometimes('snapshot-abandoned', group.sliceFactor > seen.sliceFactor);
    seen.sliceFactor = group.sliceFactor;
  }
  if (group.saveAt !== seen.saveAt) {
    probes.sometimes('snapshot-save-failed', true);
    seen.saveAt = group.saveAt;
  }
  if (raft.isClockSkewed !== seen.isSkewed) {
    seen.isSkewed = raft.isClockSkewed;
    probes.sometimes('clock-skew-seen', seen.isSkewed);
  }
  if (stream !== seen.stream) {
    probes.sometimes('forward-lost', (seen.stream?.outstanding.length ?? 0) > 0);
    seen.stream = stream;
  }
}
