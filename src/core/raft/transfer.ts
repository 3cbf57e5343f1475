/**
 * Handing leadership over (thesis §3.10).
 *
 * Proposals are refused meanwhile, the target is brought up to date, then told to campaign at once.
 * If it has not taken over within an election timeout, the old leader serves again.
 */
import type { Millis } from '../../base/units.ts';
import { isVoter, sameMember } from '../members.ts';
import type { Member } from '../types.ts';
import { lastIndex } from './log.ts';
import type { RaftOut } from './out.ts';
import { send } from './persist.ts';
import { findProgress, probeFrom } from './progress.ts';
import { replicate } from './replicate.ts';
import { currentConfiguration, type RaftState } from './state.ts';

export function startTransfer(state: RaftState, out: RaftOut, target: Member, now: Millis): void {
  const leading = state.leading;
  if (leading === null) {
    out.proposal = { kind: 'refused', reason: 'not-leader' };
    return;
  }
  const isPossible =
    isVoter(currentConfiguration(state), target) && !sameMember(target, state.config.self);
  const progress = findProgress(leading, target);
  if (!isPossible || progress === null) {
    out.proposal = { kind: 'refused', reason: 'no-such-member' };
    return;
  }
  const deadline = (now + state.config.electionTimeoutMs) as Millis;
  leading.transfer = { target, deadline, isTimeoutNowSent: false };
  out.proposal = { kind: 'accepted', index: lastIndex(state.log), term: state.currentTerm };
  if (progress.mode === 'probe') probeFrom(progress, progress.nextIndex);
  replicate(state, out, progress);
  continueTransfer(state, out);
}

/** Tells the target to campaign once it holds our whole log; drops a transfer to a removed one. */
export function continueTransfer(state: RaftState, out: RaftOut): void {
  const transfer = state.leading?.transfer ?? null;
  if (transfer === null || transfer.isTimeoutNowSent) return;
  const progress = findProgress(state.leading!, transfer.target);
  if (progress === null || !isVoter(currentConfiguration(state), transfer.target)) {
    state.leading!.transfer = null;
    return;
  }
  if (progress.matchIndex < lastIndex(state.log)) return;
  transfer.isTimeoutNowSent = true;
  send(state, out, {
    type: 'timeout-now',
    from: state.config.self,
    to: transfer.target,
    term: state.currentTerm,
  });
}
