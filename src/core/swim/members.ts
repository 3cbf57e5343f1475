/**
 * The table of members, and the one rule by which a claim changes it.
 *
 * 1. A claim is accepted exactly when (incarnation, rank) is above what is held, compared in that
 *    order, with alive < suspect < dead < left. So the table is a join semilattice: members that
 *    heard the same claims hold the same records, whatever the order and however often.
 *    - alive needs a higher incarnation to override anything;
 *    - suspect, dead and left override alive at the same incarnation;
 *    - dead applies only if its incarnation is at least the one held. The paper lets "confirm"
 *      override everything; a death notice that outlived its subject's return would then kill it.
 * 2. Only `alive` introduces an unknown member, and only above incarnation 0: a late accusation of
 *    a forgotten one is no member, nor is what somebody else's list of addresses says.
 * 3. An id stays bound to its address while it lives, and for a grace time after it died; one that
 *    left may come back from anywhere at once. What a list of addresses said binds nobody.
 * 4. Dead and left records are kept as tombstones, so that old gossip cannot revive them, and are
 *    forgotten after a time; a full table forgets the oldest tombstone early.
 */
import { assert } from '../../base/assert.ts';
import { nextBelow } from '../../base/prng.ts';
import type { NodeId } from '../../base/units.ts';
import { spread } from './gossip.ts';
import type { SwimOut, SwimState, Update } from './state.ts';
import { changeOf, isLive, liveCount, type Member, type MemberState } from './state.ts';
import { armSuspicion, confirmSuspicion } from './suspicion.ts';

export const RANK: Readonly<Record<MemberState, number>> = {
  alive: 0,
  suspect: 1,
  dead: 2,
  left: 3,
};

/** Rule 1. */
export function supersedes(claim: Update, held: Member): boolean {
  if (claim.incarnation !== held.incarnation) return claim.incarnation > held.incarnation;
  return RANK[claim.state] > RANK[held.state];
}

/** Merges a claim about somebody else; true if it was news, which then spreads. */
export function learn(state: SwimState, claim: Update, now: number, out: SwimOut): boolean {
  assert(claim.id !== state.config.id, 'internal', 'our own record is not learned');
  const held = state.members.get(claim.id);
  if (held === undefined) {
    if (!introduces(claim) || !admit(state, claim, now, out)) return false;
  } else {
    if (!supersedes(claim, held)) {
      if (confirms(state, claim, held, now)) spread(state, claim.id);
      return false;
    }
    if (!mayHoldAddress(state, claim, held, now)) {
      state.counters.addressConflicts++;
      return false;
    }
    overwrite(state, held, claim, now);
  }
  if (claim.state === 'suspect') armSuspicion(state, claim, now);
  spread(state, claim.id);
  out.changes.push(changeOf(claim));
  return true;
}

function confirms(state: SwimState, claim: Update, held: Member, now: number): boolean {
  if (claim.state !== 'suspect' || held.state !== 'suspect') return false;
  return confirmSuspicion(state, claim, now);
}

/** Rule 2. */
const introduces = (claim: Update): boolean => claim.state === 'alive' && claim.incarnation > 0;

/** Rule 3. */
export function mayHoldAddress(
  state: SwimState,
  claim: Update,
  held: Member,
  now: number,
): boolean {
  if (claim.address === held.address || held.incarnation === 0) return true;
  if (held.state === 'left') return true;
  return held.state === 'dead' && now - held.sinceMs >= state.config.reclaimAfterMs;
}

/** Adds an unknown member, unless the table is full of living ones. */
function admit(state: SwimState, claim: Update, now: number, out: SwimOut): boolean {
  if (state.members.size >= state.config.membersMax) {
    const oldest = oldestTombstone(state);
    if (oldest === null) {
      state.counters.tableFull++;
      return false;
    }
    forget(state, oldest, out);
  }
  const member: Member = {
    id: claim.id,
    address: claim.address,
    state: claim.state,
    incarnation: claim.incarnation,
    sinceMs: now,
    probeByPeriod: 0,
  };
  state.members.set(claim.id, member);
  enterRound(state, member);
  return true;
}

function overwrite(state: SwimState, member: Member, claim: Update, now: number): void {
  const rises = claim.incarnation > member.incarnation;
  const worsens = RANK[claim.state] > RANK[member.state];
  assert(rises || worsens, 'swim-incarnation', 'a record went back');
  assert(rises || claim.incarnation === member.incarnation, 'swim-incarnation', 'a stale claim');
  const wasLive = isLive(member.state);
  // A death at a higher incarnation is another death, with a tombstone of its own.
  member.sinceMs = now;
  member.state = claim.state;
  member.incarnation = claim.incarnation;
  member.address = claim.address;
  if (wasLive && !isLive(claim.state)) quitRound(state, member.id);
  if (!wasLive && isLive(claim.state)) enterRound(state, member);
}

/** Gives a member a random place in the round, so that nobody's turn can be foretold. */
function enterRound(state: SwimState, member: Member): void {
  const place = nextBelow(state.prng, state.round.length + 1);
  state.round.splice(place, 0, member.id);
  // Before the cursor: its turn comes in the next round.
  if (place < state.cursor) state.cursor++;
  // A newcomer may go first in this round and in the next, before anybody who waits.
  for (const id of state.round) state.members.get(id)!.probeByPeriod += 2;
  member.probeByPeriod = state.period + 2 * liveCount(state);
}

function quitRound(state: SwimState, id: NodeId): void {
  const place = state.round.indexOf(id);
  assert(place >= 0, 'swim-bounds', 'a live member was not in the round');
  state.round.splice(place, 1);
  if (place < state.cursor) state.cursor--;
}

function oldestTombstone(state: SwimState): Member | null {
  const tombstones = membersWhere(state, (member) => !isLive(member.state));
  let oldest: Member | null = null;
  for (const member of tombstones) {
    if (oldest === null || member.sinceMs < oldest.sinceMs) oldest = member;
  }
  return oldest;
}

/** Forgets the dead and the left whose time is over. */
export function forgetExpired(state: SwimState, now: number, out: SwimOut): void {
  const { forgetAfterMs } = state.config;
  const expired = membersWhere(state, (member) => {
    const isDown = member.state === 'dead' || member.state === 'left';
    return isDown && now - member.sinceMs >= forgetAfterMs;
  });
  for (const member of expired) forget(state, member, out);
}

function forget(state: SwimState, member: Member, out: SwimOut): void {
  assert(!isLive(member.state), 'swim-accuracy', 'a live member is forgotten');
  state.members.delete(member.id);
  state.news.delete(member.id);
  state.suspicions.delete(member.id);
  const { id, incarnation, address } = member;
  out.changes.push({ id, state: 'forgotten', incarnation, address });
}

/** The members that `isWanted`, by id: the order of the table itself depends on who came first. */
export function membersWhere(state: SwimState, isWanted: (member: Member) => boolean): Member[] {
  const wanted: Member[] = [];
  for (const member of state.members.values()) if (isWanted(member)) wanted.push(member);
  return wanted.sort((left, right) => left.id - right.id);
}
