/**
 * What a leader is asked to do, and whether it does it (thesis §3.5, §3.10, §4.1, §4.3).
 *
 * 1. A proposal is taken by whoever leads, unless the office is being handed over or too much is
 *    under way; the entry is the next one.
 * 2. The office is handed to a voter that holds the whole log, as soon as it does.
 * 3. One change of the members at a time; voters change through both configurations.
 * 4. A store takes the seat of another when that one has long been silent, and a vote when it holds
 *    what is committed (docs/architecture.md, Identity).
 */
import { isJoint, isVoter, sameMember } from '../../../src/core/members.ts';
import type { RaftEvent } from '../../../src/core/raft/event.ts';
import { lastIndex } from '../../../src/core/raft/log.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../../src/core/types.ts';
import { violate } from '../online/violate.ts';
import { bytesIn, type Mirror, type Row, termOf } from './mirror.ts';
import type { Step } from './said.ts';

/** So long nothing was heard from a store that is lost. */
const SILENT_TIMEOUTS = 10;

type Change = Extract<RaftEvent, { readonly kind: 'reconfigure' }>;
type Proposed = Extract<RaftEvent, { readonly kind: 'propose' }>;

export function checkProposal({ raft, out }: Step, proposed: Proposed, before: Mirror): void {
  const { proposal } = out;
  const { id } = raft.config.self;
  const bytes = bytesIn(before.log, before.commitIndex, before.lastIndex);
  const isOver = bytes > 0 && bytes + proposed.bytes.length > raft.config.uncommittedBytesMax;
  if (proposal.kind === 'accepted') {
    if (isOver && proposed.count > 0) violate('queue-bound', 'too much is under way for another');
    if (before.role !== 'leader') violate('election-safety', `node ${id} proposes, and leads not`);
    if (Number.isFinite(before.transferDeadline)) {
      violate('liveness', `node ${id} hands its office over, and takes proposals`);
    }
    const isNext = proposal.index === before.lastIndex + 1 && proposal.term === before.term;
    if (!isNext) violate('log-matching', `entry ${proposal.index} follows ${before.lastIndex}`);
    return;
  }
  if (proposal.kind === 'none') violate('liveness', 'a proposal is forgotten');
  const isTransferring = Number.isFinite(before.transferDeadline);
  const isDue = {
    'not-leader': before.role !== 'leader',
    transferring: isTransferring,
    overloaded: isOver && proposed.count > 0,
    'not-formed': proposed.count > 0 && !isFormed(raft, before),
    'no-such-member': false,
    'change-pending': false,
    'not-empty': false,
  }[proposal.reason];
  if (!isDue) violate('liveness', `a proposal is refused as ${proposal.reason}, and is not`);
}

/** Entry 1 is followed by another configuration when all have it. */
const isFormed = ({ configurations }: RaftState, { log, commitIndex }: Mirror): boolean =>
  log.baseIndex > 1 || configurations.some(({ index }) => index > 1 && index <= commitIndex);

export function checkTransfer({ raft, out }: Step, target: Member, before: Mirror): void {
  if (before.role !== 'leader') return;
  const isOther = !sameMember(target, raft.config.self);
  const isPossible = isOther && isVoter(before.configuration, target);
  const isTaken = out.proposal.kind === 'accepted';
  if (isPossible !== isTaken) violate('liveness', 'handing over is possible, or taken, not both');
  const aim = raft.leading?.transfer?.target ?? null;
  if (!isTaken || (aim !== null && sameMember(aim, target))) return;
  violate('liveness', 'handing over is taken, and forgotten');
}

/** Of a leader after any step: to whom the office goes. */
export function checkHandedOver({ raft, said }: Step): void {
  const leading = raft.leading!;
  const { transfer } = leading;
  const matchOf = (who: Member): number =>
    leading.progress.find(({ member }) => sameMember(member, who))?.matchIndex ?? 0;
  for (const { type, to } of said) {
    if (type !== 'timeout-now') continue;
    const isVoting = isVoter(raft.configurations.at(-1)!.configuration, to);
    const isWhole = matchOf(to) >= lastIndex(raft.log);
    if (!isVoting || !isWhole) violate('liveness', `node ${to.id} cannot take the office over`);
  }
  if (transfer === null || transfer.isTimeoutNowSent) return;
  if (matchOf(transfer.target) < lastIndex(raft.log)) return;
  violate('liveness', `node ${transfer.target.id} could take the office over, and is not told`);
}

export function checkChange(step: Step, change: Change, before: Mirror): void {
  const { raft, out } = step;
  const { proposal } = out;
  if (before.role !== 'leader') return;
  const isPending =
    isJoint(before.configuration) ||
    before.configurationIndex > before.commitIndex ||
    termOf(before.log, before.commitIndex) !== before.term;
  if (proposal.kind === 'refused') {
    if (proposal.reason !== 'change-pending' || isPending) return;
    violate('liveness', 'a change of the members is refused, and none is pending');
  }
  if (isPending) violate('leader-completeness', 'two changes of the members at a time');
  const next = raft.configurations.find(({ index }) => index === before.lastIndex + 1);
  if (next === undefined) violate('liveness', 'a change of the members is forgotten');
  checkJoint(before.configuration, next.configuration);
  for (const member of change.voters) checkSuccessor(step, member, true);
  for (const member of change.learners) checkSuccessor(step, member, false);
}

function checkSuccessor({ raft, before, now }: Step, member: Member, votes: boolean): void {
  const { voters, learners } = before.configuration;
  const lost = voters.find(({ id, store }) => id === member.id && store !== member.store);
  const isKnown = [...voters, ...(votes ? [] : learners)].some((one) => sameMember(one, member));
  if (lost === undefined || isKnown) return;
  const rowOf = (who: Member): Row | undefined =>
    before.rows.find((row) => sameMember(row.member, who));
  const silenceMs = now - (rowOf(lost)?.contact ?? now);
  if (silenceMs < SILENT_TIMEOUTS * raft.config.electionTimeoutMs) {
    violate('durable-quorum', `a store of node ${lost.id} is replaced, and was heard from`);
  }
  if (!votes || (rowOf(member)?.matchIndex ?? 0) >= before.commitIndex) return;
  violate('liveness', `the new store of node ${member.id} votes, and lacks what is committed`);
}

function checkJoint(before: Configuration, next: Configuration): void {
  const outgoing = sameAll(before.voters, next.voters) ? [] : before.voters;
  if (!sameAll(outgoing, next.outgoing))
    violate('election-safety', 'the voters change, and those before are not asked');
}

const sameAll = (left: readonly Member[], right: readonly Member[]): boolean =>
  left.length === right.length &&
  left.every((member) => right.some((other) => sameMember(member, other)));

/** What a leader proposes of itself changes nothing but that the outgoing half is gone. */
export function checkOwnChange({ raft }: Step, before: Mirror): void {
  const { index, configuration } = raft.configurations.at(-1)!;
  if (index <= before.configurationIndex) return;
  const { voters, learners } = before.configuration;
  const isSame = sameAll(voters, configuration.voters) && sameAll(learners, configuration.learners);
  if (isSame && !isJoint(configuration)) return;
  violate('leader-completeness', 'a leader changes the members, and nobody asked');
}
