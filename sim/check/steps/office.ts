/**
 * What a leader must make of what it hears, and what it must do by itself (thesis §3.5, §3.6, §3.10,
 * §4.3, §6.4, §10.2.1).
 *
 * 1. An answer of this term tells contact, round and match, one of another term nothing.
 * 2. What a quorum is known to hold is committed, if it is of this term; nothing else is.
 * 3. Whoever may be sent more is sent more; who is sent everything as it comes is sent nothing
 *    twice; who refuses is asked again, further down.
 * 4. A read is asked of everybody, and is confirmed, refused or waits on.
 * 5. A joint configuration that is committed is left, and so is an office that has no vote.
 */
import { isJoint, isVoter, sameMember } from '../../../src/core/members.ts';
import { lastIndex } from '../../../src/core/raft/log.ts';
import type { AppendReply } from '../../../src/core/raft/message.ts';
import { isWindowFull } from '../../../src/core/raft/progress.ts';
import type { Progress, RaftState } from '../../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../../src/core/types.ts';
import { isQuorum } from '../online/quorum.ts';
import { violate } from '../online/violate.ts';
import { bytesIn, type Mirror, type Row, termOf } from './mirror.ts';
import { type Step, saidTo } from './said.ts';

const rowOf = ({ rows }: Mirror, who: Member): Row | null =>
  rows.find(({ member }) => sameMember(member, who)) ?? null;

const progressOf = ({ leading }: RaftState, who: Member): Progress | null =>
  leading?.progress.find(({ member }) => sameMember(member, who)) ?? null;

export function checkAnswered(step: Step, reply: AppendReply, before: Mirror): void {
  const { raft, now } = step;
  const row = rowOf(before, reply.from);
  const progress = progressOf(raft, reply.from);
  if (before.role === 'leader') checkCredited(step, reply.from, before);
  if (before.role !== 'leader' || row === null || progress === null) return;
  if (reply.term < before.term) {
    checkUntold(row, progress);
    return;
  }
  if (reply.term > before.term) return;
  if (progress.lastContact !== now) violate('liveness', 'an answer is no contact');
  if (progress.ackedRound !== Math.max(row.round, reply.round)) {
    violate('linearizable', `round ${reply.round} is answered, and ${progress.ackedRound} counts`);
  }
  const counts = reply.accepted && (reply.durability !== 'unsafe' || raft.durability === 'unsafe');
  const matchIndex = counts ? Math.max(row.matchIndex, reply.matchIndex) : row.matchIndex;
  if (progress.matchIndex > matchIndex) {
    violate('durable-quorum', `${matchIndex} is acknowledged, and ${progress.matchIndex} counts`);
  }
  if (progress.matchIndex < matchIndex) violate('liveness', 'an acknowledgement is not counted');
  if (!reply.accepted) checkAskedFurther(step, row, reply);
  checkSupplied(step, progress);
}

/** What a store answers is said of its own disk, and of nobody else's. */
function checkCredited({ raft }: Step, from: Member, before: Mirror): void {
  for (const row of before.rows) {
    const progress = progressOf(raft, row.member);
    if (progress === null || sameMember(row.member, from)) continue;
    if (sameMember(row.member, raft.config.self)) continue;
    const isSame = progress.matchIndex === row.matchIndex && progress.ackedRound === row.round;
    if (isSame && progress.lastContact === row.contact) continue;
    violate('durable-quorum', `an answer of node ${from.id} counts for another store`);
  }
}

function checkUntold(row: Row, progress: Progress): void {
  const isSame = progress.matchIndex === row.matchIndex && progress.ackedRound === row.round;
  if (!isSame) violate('durable-quorum', 'an answer of an older term counts');
  if (progress.lastContact !== row.contact) violate('liveness', 'an answer of another term counts');
}

/** A refusal that is news moves the search down, and on. */
function checkAskedFurther(step: Step, row: Row, reply: AppendReply): void {
  const { raft } = step;
  const isNews =
    row.mode === 'probe'
      ? reply.rejectedIndex === row.nextIndex - 1
      : row.mode === 'replicate' && reply.rejectedIndex > row.matchIndex;
  if (!isNews || reply.rejectedIndex <= row.matchIndex) return;
  const append = saidTo(step, 'append', reply.from);
  const isSnapshotAsked = step.out.snapshotsWanted.some((to) => sameMember(to, reply.from));
  const progress = progressOf(raft, reply.from)!;
  if (append === null && !isSnapshotAsked && progress.nextIndex <= lastIndex(raft.log)) {
    violate('liveness', `node ${reply.from.id} lacks entries, and is not asked which`);
  }
  if (progress.mode === 'snapshot' || progress.nextIndex <= reply.rejectedIndex) return;
  violate('liveness', `node ${reply.from.id} refuses ${reply.rejectedIndex}, and is sent the same`);
}

/** Nothing that may be sent waits for anything. */
function checkSupplied({ raft }: Step, progress: Progress): void {
  if (progress.nextIndex > lastIndex(raft.log) || isWindowFull(progress, raft.config)) return;
  violate('liveness', `node ${progress.member.id} lacks entries, and nothing is on its way`);
}

/** Of a leader, before and after the step. */
export function checkOfficeKept(step: Step, before: Mirror): void {
  const { raft } = step;
  const { self } = raft.config;
  for (const progress of raft.leading!.progress) {
    if (sameMember(progress.member, self)) continue;
    checkFlow(step, progress, rowOf(before, progress.member));
  }
  checkUncommitted(raft, before);
}

function checkFlow(step: Step, progress: Progress, row: Row | null): void {
  const { before, raft } = step;
  const { mode, matchIndex, nextIndex, inflightBytes, member } = progress;
  if (mode !== 'replicate') return;
  const bytes = bytesIn(before.log, matchIndex, nextIndex - 1);
  if (inflightBytes !== bytes && matchIndex >= before.log.baseIndex) {
    violate('queue-bound', `node ${member.id}: ${bytes} bytes are under way, not ${inflightBytes}`);
  }
  checkSupplied(step, progress);
  if (row?.mode !== 'replicate') return;
  let next = row.nextIndex;
  for (const message of step.said) {
    if (message.type !== 'append' || message.entries.length === 0) continue;
    if (!sameMember(message.to, member)) continue;
    if (message.previousIndex + 1 < next) {
      violate('queue-bound', `node ${member.id} is sent ${message.previousIndex + 1} again`);
    }
    next = message.previousIndex + 1 + message.entries.length;
    checkWindow(raft, message.entries, nextIndex - 1 - matchIndex);
  }
}

/** One append, and what may be under way with it (§10.2.1). */
function checkWindow(
  { config }: RaftState,
  entries: readonly Uint8Array[],
  underWay: number,
): void {
  const { appendEntriesMax, appendBytesMax, inflightEntriesMax } = config;
  if (entries.length > appendEntriesMax) violate('queue-bound', 'an append of too many entries');
  let bytes = 0;
  for (const entry of entries) bytes += entry.length;
  if (entries.length > 1 && bytes > appendBytesMax) violate('queue-bound', 'an append too large');
  if (underWay < inflightEntriesMax + appendEntriesMax) return;
  violate('queue-bound', `${underWay} entries are under way to one member`);
}

function checkUncommitted({ leading, commitIndex, log }: RaftState, before: Mirror): void {
  const bytes = bytesIn(before.log, commitIndex, lastIndex(log));
  const counted = leading!.uncommittedBytes;
  if (counted !== bytes) violate('liveness', `${bytes} bytes are not committed, not ${counted}`);
}

export function checkCounting(step: Step, before: Mirror, hasInstalled: boolean): void {
  const { raft } = step;
  if (hasInstalled) return;
  const held = heldByQuorum(raft);
  const wasLeading = before.role === 'leader';
  if (wasLeading && raft.commitIndex > Math.max(before.commitIndex, held)) {
    violate('durable-quorum', `${held} is held by a quorum, ${raft.commitIndex} is committed`);
  }
  if (held <= raft.commitIndex || termOf(before.log, held) !== raft.currentTerm) return;
  violate('liveness', `${held} is held by a quorum, and ${raft.commitIndex} is committed`);
}

/** The highest index that a quorum is known to hold. */
function heldByQuorum(raft: RaftState): number {
  const { voters, outgoing } = raft.configurations.at(-1)!.configuration;
  const incoming = heldByMajority(raft, voters);
  return outgoing.length === 0 ? incoming : Math.min(incoming, heldByMajority(raft, outgoing));
}

function heldByMajority(raft: RaftState, voters: Configuration['voters']): number {
  const held = voters.map((voter) =>
    sameMember(voter, raft.config.self)
      ? raft.durableIndex
      : (progressOf(raft, voter)?.matchIndex ?? 0),
  );
  // Of five, three hold what is third from above; of four, three again.
  held.sort((left, right) => right - left);
  return held[Math.floor(held.length / 2)] ?? 0;
}

/** To be called where a leader has a look at what it may do next. */
export function checkDuties({ raft }: Step): void {
  const { index, configuration } = raft.configurations.at(-1)!;
  if (raft.commitIndex < index) return;
  if (isJoint(configuration)) violate('liveness', 'a joint configuration is not left');
  if (!isVoter(configuration, raft.config.self)) {
    violate('liveness', `node ${raft.config.self.id} leads, and has no vote`);
  }
}

/** A new leader writes an entry of its own, and tells everybody (§3.4). */
export function checkBegun(step: Step, before: Mirror): void {
  const { raft, out } = step;
  const { self } = raft.config;
  const isWritten = out.records.some(
    (record) => record.kind === 'entry' && record.term === raft.currentTerm,
  );
  if (!isWritten) violate('liveness', `node ${self.id} leads, and writes no entry of its term`);
  for (const { member, matchIndex } of raft.leading!.progress) {
    if (matchIndex > 0 && !sameMember(member, self)) {
      violate('durable-quorum', `a new leader takes node ${member.id} to hold ${matchIndex}`);
    }
    if (sameMember(member, self) || saidTo(step, 'append', member) !== null) continue;
    const isSnapshotAsked = out.snapshotsWanted.some((to) => sameMember(to, member));
    if (!isSnapshotAsked) violate('liveness', `node ${member.id} is not told who leads`);
  }
  if (before.role === 'candidate' || raft.currentTerm > before.term) return;
  violate('election-safety', `a ${before.role} leads`);
}

export function checkRead(step: Step, id: number, minIndex: number): void {
  const { raft, out, before } = step;
  const { leading } = raft;
  if (leading === null) {
    if (!out.readsRefused.includes(id)) violate('liveness', 'a read of a follower is not refused');
    return;
  }
  const safe = out.readsSafe.find((read) => read.id === id);
  const waiting = leading.reads.find((read) => read.id === id);
  const read = safe ?? waiting;
  if (read === undefined) return;
  const { self } = raft.config;
  const least = Math.max(before.commitIndex, leading.noopIndex, minIndex);
  if (read.index < least) violate('linearizable', `a read of ${read.index} must see ${least}`);
  for (const { member } of leading.progress) {
    if (sameMember(member, self)) continue;
    const asked = saidTo(step, 'append', member);
    if (asked !== null && asked.round > before.round) continue;
    violate('linearizable', `node ${member.id} is not asked about a read`);
  }
}

/**
 * Every read that was asked is answered, refused, or waits; it is answered when a quorum has answered
 * its round, by the configuration of that very step.
 */
export function checkReads({ raft, out }: Step, before: Mirror, asked: number | null): void {
  const waiting = raft.leading?.reads ?? [];
  const isWaiting = (id: number): boolean => waiting.some((read) => read.id === id);
  const isOver = (id: number): boolean =>
    out.readsRefused.includes(id) || out.readsSafe.some((read) => read.id === id);
  for (const { id } of before.reads) {
    if (isWaiting(id) === isOver(id)) violate('liveness', 'a read is lost, or answered twice');
  }
  if (asked !== null && isWaiting(asked) === isOver(asked)) violate('liveness', 'a read is lost');
  const known = before.reads.length + (asked === null ? 0 : 1);
  const told = out.readsRefused.length + out.readsSafe.length + waiting.length;
  if (told !== known) violate('liveness', 'a read is answered that nobody has asked');
  for (const { id, index } of out.readsSafe) {
    const round = before.reads.find((read) => read.id === id)?.round ?? raft.leading?.round ?? 0;
    checkConfirmed(raft, index, round);
  }
}

function checkConfirmed(raft: RaftState, index: number, round: number): void {
  const { leading, config, configurations, commitIndex } = raft;
  if (leading === null) return;
  const isAnswered = isQuorum(
    configurations.at(-1)!.configuration,
    (voter) =>
      sameMember(voter, config.self) || (progressOf(raft, voter)?.ackedRound ?? 0) >= round,
  );
  if (!isAnswered) violate('linearizable', `a read is confirmed, and no quorum answers ${round}`);
  if (index > commitIndex) violate('linearizable', `a read of ${index} is confirmed too early`);
}
