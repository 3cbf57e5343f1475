/**
 * State hashes as a pure machine (docs/protocol/state-hash.md).
 *
 * 1. Chains are compared at one index only: a replica answers when it has applied exactly that, and
 *    is silent about an index it has passed.
 * 2. The majority of *all* voters decides, not of those who answered; in a joint configuration both
 *    majorities. Whoever differs from it, the leader itself included, is wrong.
 * 3. When all voters have answered and no chain has a majority, nobody can say who is right: a tie.
 *    It lasts until an inquest finds a majority.
 * 4. The leader's word is not enough: it may be the one that is wrong.
 */
import { assert, unreachable } from '../../base/assert.ts';
import type { Millis } from '../../base/units.ts';
import { NEVER, ZERO_INDEX } from '../../base/units.ts';
import type { Core } from '../core.ts';
import { allMembers, isVoter, sameMember } from '../members.ts';
import type { Configuration, Member } from '../types.ts';
import { checkHashes } from './check.ts';
import { HASH_TYPE } from './codec.ts';
import type { ChainAt, HashesConfig, HashesEvent, HashesOut, HashesState } from './state.ts';

export const hashes: Core<HashesConfig, HashesState, HashesEvent, HashesOut> = {
  init: (config) => ({
    config,
    askAt: 0 as Millis,
    inquest: null,
    awaited: null,
    answered: null,
    tiedIndex: ZERO_INDEX,
  }),
  step,
  /** Whoever leads ticks by its own clock. */
  deadline: () => NEVER,
  check: checkHashes,
};

type MessageEvent = Extract<HashesEvent, { readonly kind: 'message' }>;

function step(state: HashesState, event: HashesEvent, now: Millis, out: HashesOut): void {
  switch (event.kind) {
    case 'tick':
      if (now >= state.askAt) ask(state, event, now, out);
      break;
    case 'deposed':
      state.inquest = null;
      state.tiedIndex = ZERO_INDEX;
      break;
    case 'applied':
      answerAwaited(state, event.chain, out);
      break;
    case 'message':
      receive(state, event, out);
      break;
    default:
      unreachable(event);
  }
}

function ask(
  state: HashesState,
  { applied, configuration }: Extract<HashesEvent, { readonly kind: 'tick' }>,
  now: Millis,
  out: HashesOut,
): void {
  state.askAt = (now + state.config.askMs) as Millis;
  const { self } = state.config;
  // Nothing new was applied: the last answers still stand, unless some are missing.
  if (applied === null || applied.index === state.inquest?.chain.index) return;
  const isWitness = isVoter(configuration, self);
  const testimonies = isWitness ? [{ member: self, chain: applied }] : [];
  state.inquest = { chain: applied, testimonies, isJudged: false };
  for (const to of allMembers(configuration)) {
    if (!sameMember(to, self)) out.messages.push({ to, type: HASH_TYPE.CHAIN, chain: applied });
  }
}

function receive(state: HashesState, event: MessageEvent, out: HashesOut): void {
  switch (event.type) {
    case HASH_TYPE.CHAIN:
      state.awaited = { index: event.chain.index, from: event.from };
      if (event.applied !== null) answerAwaited(state, event.applied, out);
      break;
    case HASH_TYPE.ANSWER:
      takeTestimony(state, event, out);
      break;
    case HASH_TYPE.VERDICT:
      if (isContradicted(state.answered, event.chain)) {
        out.minority = event.chain;
        out.mismatches++;
      }
      break;
    default:
      break;
  }
}

/** Our chain where it was asked for; passed by, as by a snapshot, it is not told any more. */
function answerAwaited(state: HashesState, chain: ChainAt, out: HashesOut): void {
  const { awaited } = state;
  if (awaited === null || chain.index < awaited.index) return;
  state.awaited = null;
  if (chain.index > awaited.index) return;
  state.answered = chain;
  out.messages.push({ to: awaited.from, type: HASH_TYPE.ANSWER, chain });
}

function isContradicted(answered: ChainAt | null, verdict: ChainAt): boolean {
  return answered !== null && answered.index === verdict.index && !sameChain(answered, verdict);
}

const sameChain = (left: ChainAt, right: ChainAt): boolean =>
  left.low === right.low && left.high === right.high;

function takeTestimony(
  state: HashesState,
  { from, chain, configuration }: MessageEvent,
  out: HashesOut,
): void {
  const { inquest } = state;
  if (inquest === null || inquest.chain.index !== chain.index) return;
  if (inquest.testimonies.some(({ member }) => sameMember(member, from))) return;
  inquest.testimonies.push({ member: from, chain });
  const majority = majorityOf(state, configuration);
  if (majority !== null) judge(state, majority, out);
  else if (isTied(state, configuration)) {
    state.tiedIndex = chain.index;
    if (!inquest.isJudged) out.mismatches++;
    inquest.isJudged = true;
  }
}

/** The chain that a majority of all voters has. */
function majorityOf(state: HashesState, configuration: Configuration): ChainAt | null {
  for (const { chain } of state.inquest!.testimonies) {
    const agrees = (voter: Member): boolean => {
      const told = chainOf(state, voter);
      return told !== null && sameChain(told, chain);
    };
    const { voters, outgoing } = configuration;
    if (isMajority(voters, agrees) && (outgoing.length === 0 || isMajority(outgoing, agrees))) {
      return chain;
    }
  }
  return null;
}

function chainOf({ inquest }: HashesState, member: Member): ChainAt | null {
  const told = inquest!.testimonies.find((testimony) => sameMember(testimony.member, member));
  return told?.chain ?? null;
}

const isMajority = (voters: readonly Member[], agrees: (voter: Member) => boolean): boolean =>
  voters.filter(agrees).length * 2 > voters.length;

function isTied(state: HashesState, { voters, outgoing }: Configuration): boolean {
  return [...voters, ...outgoing].every((voter) => chainOf(state, voter) !== null);
}

/** Everyone who differs is told; those who answer later are told then. */
function judge(state: HashesState, majority: ChainAt, out: HashesOut): void {
  const { inquest, config } = state;
  assert(inquest !== null, 'internal', 'a verdict without an inquest');
  state.tiedIndex = ZERO_INDEX;
  inquest.isJudged = true;
  for (const { member, chain } of inquest.testimonies) {
    if (sameChain(chain, majority)) continue;
    if (sameMember(member, config.self)) {
      out.minority = majority;
      out.mismatches++;
    } else out.messages.push({ to: member, type: HASH_TYPE.VERDICT, chain: majority });
  }
}
