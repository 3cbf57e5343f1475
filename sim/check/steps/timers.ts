/**
 * The clocks of a machine (thesis §3.4, §6.2, §9.6).
 *
 * 1. An election timeout begins anew with a word of the leader, a vote that is given, a campaign or
 *    an office that ends, and with nothing else. It is drawn from [T, 2T), and not always alike.
 * 2. Who hears nobody until then campaigns, if it may; nobody campaigns before.
 * 3. A leader says in every interval, to all members, that it leads; it leaves when it hears no
 *    quorum within T; a transfer that takes longer than its bound is given up.
 */
import { sameMember } from '../../../src/core/members.ts';
import type { RaftEvent } from '../../../src/core/raft/event.ts';
import type { RaftState } from '../../../src/core/raft/state.ts';
import { raft as machine } from '../../../src/core/raft/step.ts';
import { isQuorum } from '../online/quorum.ts';
import { violate } from '../online/violate.ts';
import type { Mirror } from './mirror.ts';
import { otherVoters, type Step, saidTo } from './said.ts';

/** A verdict about one's clock counts for so many timeouts of silence. */
const SKEW_TIMEOUTS = 10;
/** So many draws are hardly ever alike. */
const DRAWS = 8;

/** What a node drew last, and how often in a row. */
interface Drawn {
  span: number;
  times: number;
}

export class TimeoutDraws {
  readonly #drawn = new Map<string, Drawn>();

  checkDeadline(step: Step, event: RaftEvent, before: Mirror): void {
    const { raft, now } = step;
    const { electionDeadline: deadline, config } = raft;
    if (deadline === before.electionDeadline) return;
    if (!isRenewalDue(step, event, before)) {
      violate('liveness', `node ${config.self.id} waits longer, for no reason: ${event.kind}`);
    }
    const span = deadline - now;
    const { electionTimeoutMs } = config;
    if (span < electionTimeoutMs || span >= 2 * electionTimeoutMs) {
      violate('liveness', `node ${config.self.id} waits ${span} ms for its leader`);
    }
    this.#note(raft, span);
  }

  #note({ config }: RaftState, span: number): void {
    const name = `${config.self.id} ${config.group}`;
    const drawn = this.#drawn.get(name);
    if (drawn === undefined || drawn.span !== span) {
      this.#drawn.set(name, { span, times: 1 });
      return;
    }
    if (++drawn.times < DRAWS) return;
    violate('liveness', `node ${config.self.id} always waits ${span} ms for its leader`);
  }
}

function isRenewalDue({ raft, now, said }: Step, event: RaftEvent, before: Mirror): boolean {
  if (before.role !== raft.role || before.role !== 'follower') return true;
  if (event.kind === 'tick') return now >= before.electionDeadline;
  if (event.kind !== 'message') return false;
  const { message } = event;
  if (message.type === 'append') return message.term >= before.term;
  // A campaign may have begun and ended in one step.
  if (message.type === 'timeout-now') return raft.currentTerm > before.term;
  return said.some((reply) => reply.type === 'vote-reply' && reply.granted);
}

/** Whoever has something to do at a certain time must be woken then. */
export function checkWakes({ raft }: Step): void {
  const at = machine.deadline(raft);
  const { role, leading, candidate } = raft;
  const due =
    role === 'leader'
      ? Math.min(
          raft.heartbeatDeadline,
          leading!.nextQuorumCheck,
          leading!.transfer?.deadline ?? at,
        )
      : Math.min(raft.electionDeadline, candidate?.nextRetry ?? at);
  if (at > due) violate('liveness', `node ${raft.config.self.id} sleeps over what it has to do`);
}

export function checkTick(step: Step, before: Mirror): void {
  if (before.role === 'leader') checkOffice(step, before);
  else checkPatience(step, before);
}

function checkPatience(step: Step, before: Mirror): void {
  const { raft, now } = step;
  const { id } = raft.config.self;
  const isSame = raft.role === before.role && raft.currentTerm === before.term;
  if (before.electionDeadline === 0 || now < before.electionDeadline) {
    if (!isSame) violate('liveness', `node ${id} campaigns before its time`);
    checkAskedAgain(step, before);
    return;
  }
  const isCampaigning = raft.role !== 'follower';
  const isDue = before.isNeeded && !before.isQuarantined && isClockTrusted(step, before);
  // A campaign that may not be begun anew goes on as it was.
  if (isDue === isCampaigning || (isSame && !isDue)) return;
  if (isDue) violate('liveness', `node ${id} hears nobody, and does not campaign`);
  violate('election-safety', `node ${id} campaigns, and may not`);
}

function isClockTrusted({ raft, now }: Step, before: Mirror): boolean {
  const silence = now - before.contact;
  return !before.isClockSkewed || silence > SKEW_TIMEOUTS * raft.config.electionTimeoutMs;
}

/** Questions and answers may be lost. */
function checkAskedAgain(step: Step, before: Mirror): void {
  const { raft, now } = step;
  if (before.role === 'follower' || now < before.nextRetry) return;
  const type = raft.role === 'candidate' ? 'vote' : 'pre-vote';
  const hasAnswered = [...before.granted, ...before.denied];
  for (const voter of otherVoters(before.configuration, raft.config.self)) {
    if (hasAnswered.some((member) => sameMember(member, voter))) continue;
    if (saidTo(step, type, voter) === null) {
      violate('liveness', `node ${voter.id} has not answered, and is not asked again`);
    }
  }
}

function checkOffice(step: Step, before: Mirror): void {
  const { raft, now } = step;
  const { self, electionTimeoutMs } = raft.config;
  const isInTouch = isQuorum(before.configuration, (voter) => {
    if (sameMember(voter, self)) return true;
    const row = before.rows.find(({ member }) => sameMember(member, voter));
    return row !== undefined && now - row.contact <= electionTimeoutMs;
  });
  const isLookDue = now >= before.nextQuorumCheck;
  const leads = raft.role === 'leader';
  if (leads === !(isLookDue && !isInTouch)) {
    if (leads) checkHeartbeats(step, before);
    return;
  }
  if (leads) violate('liveness', `node ${self.id} leads, and hears no quorum`);
  violate('liveness', `node ${self.id} leaves office, and hears a quorum`);
}

function checkHeartbeats(step: Step, before: Mirror): void {
  const { raft, now } = step;
  const leading = raft.leading!;
  const { self, heartbeatMs } = raft.config;
  if (now >= before.transferDeadline && leading.transfer !== null) {
    violate('liveness', `node ${self.id} hands over for ever`);
  }
  if (now < before.heartbeatDeadline) return;
  if (raft.heartbeatDeadline > now + heartbeatMs) violate('liveness', 'heartbeats stop');
  for (const { member } of leading.progress) {
    if (sameMember(member, self) || saidTo(step, 'append', member) !== null) continue;
    violate('liveness', `node ${member.id} is not told who leads`);
  }
}
