/**
 * What a leader is asked to do, and whether it does it (thesis §3.5, §3.10, §4.1, §4.3).
 *
 * 1. A proposal is taken by whoever leads, unless the office is being handed over or too much is
 *    under way; the entry is the next one.
 * 2. The office is handed to a voter that holds the whole log, as soon as it does.
 * 3. One change of the members at a time; voters change through both configurations.
 */
import { isJoint, isVoter, sameMember } from '../../../src/core/members.ts';
import type { RaftEvent } from '../../../src/core/raft/event.ts';
import { lastIndex } from '../../../src/core/raft/log.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import type { Configuration, Member } from '../../../src/core/types.ts';
import { violate } from '../online/violate.ts';
import { bytesIn, type Mirror, termOf } from './mirror.ts';
import type { Step } from './said.ts';

type Proposed = Extract<RaftEvent, { readonly kind: 'propose' }>;

export function checkProposal({ raft, out }: Step, proposed: Proposed, before: Mirror): void {
  const { proposal } = out;
  const { id } = raft.config.self;
  const bytes = bytesIn(before.log, before.commitIndex, before.lastIndex);
  const isOver = bytes > 0 && bytes + proposed.bytes.length > raft.config.uncommittedBytesMax;
  if (proposal.kind === 'accepted') {
    if (isOver && proposed.count > 0) violate('queue-bound', 'too much is under way for another');
    if (before.role !== 'leader') violate('election-safety', `node ${id} proposes, and leads not`);
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

export function checkChange({ raft, out }: Step, before: Mirror): void {
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
}

function checkJoint(before: Configuration, next: Configuration): void {
  const isSame =
    before.voters.length === next.voters.length &&
    before.voters.every((voter) => next.voters.some((other) => sameMember(voter, other)));
  const outgoing = isSame ? [] : before.voters;
  const isKept =
    outgoing.length === next.outgoing.length &&
    outgoing.every((voter) => next.outgoing.some((other) => sameMember(voter, other)));
  if (!isKept) violate('election-safety', 'the voters change, and those before are not asked');
}
