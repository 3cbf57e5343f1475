/**
 * What must hold of a member's state after every step.
 *
 * What needs the past (a record never goes back) is asserted where it is written; what needs the
 * other members (nobody invents an incarnation, the crashed are found) is the world's to check.
 */
import { assert } from '../../base/assert.ts';
import { INCARNATION_MAX } from './message.ts';
import { FIRST_INCARNATION, isLive, type Member, RELAYS_MAX, type SwimState } from './state.ts';

export function checkSwim(state: SwimState): void {
  checkOurselves(state);
  checkHealth(state);
  checkRelays(state);
  checkBounds(state);
  checkRound(state);
  for (const [id, member] of state.members) {
    assert(member.id === id, 'internal', 'a record under another id');
    checkMember(state, member);
  }
}

function checkOurselves(state: SwimState): void {
  const { incarnation } = state;
  assert(Number.isSafeInteger(incarnation), 'swim-incarnation', 'own incarnation is no integer');
  assert(incarnation >= FIRST_INCARNATION, 'swim-incarnation', 'own incarnation below the first');
  assert(!state.members.has(state.config.id), 'swim-incarnation', 'others wrote our own record');
  assert(!state.left || state.probe === null, 'swim-accuracy', 'one that left accuses others');
}

/** Who asked us for help is told in time that there is no answer. */
function checkRelays(state: SwimState): void {
  const tickedAtMs = state.tickedAtMs ?? 0;
  for (const { nackAtMs } of state.relays.values()) {
    const isTold = nackAtMs === null || nackAtMs > tickedAtMs;
    assert(isTold, 'swim-accuracy', 'a nack is overdue');
  }
}

function checkHealth(state: SwimState): void {
  const { health, probe, config } = state;
  assert(Number.isInteger(health), 'swim-bounds', 'our health is no whole number');
  assert(health >= 0 && health <= config.healthMax, 'swim-bounds', 'our health is off its scale');
  if (probe === null) return;
  assert(probe.helpersAsked <= config.helpersMax, 'swim-bounds', 'too many helpers');
  const isFew = probe.silentHelpers.length <= probe.helpersAsked;
  assert(isFew, 'swim-bounds', 'more silent helpers than were asked');
}

function checkBounds(state: SwimState): void {
  const { membersMax } = state.config;
  assert(state.members.size <= membersMax, 'swim-bounds', 'too many members');
  assert(state.peers.size <= membersMax, 'swim-bounds', 'too many addresses');
  assert(state.relays.size <= RELAYS_MAX, 'swim-bounds', 'too many relays');
  for (const id of state.news.keys()) {
    assert(state.members.has(id), 'swim-bounds', 'news about somebody forgotten');
  }
  for (const [id, suspicion] of state.suspicions) {
    assert(state.members.has(id), 'swim-bounds', 'a timer for somebody forgotten');
    const { accusers, confirmationsWanted } = suspicion;
    const isFew = accusers.length >= 1 && accusers.length <= confirmationsWanted + 1;
    assert(isFew, 'swim-bounds', 'more accusers than are wanted');
    assert(new Set(accusers).size === accusers.length, 'swim-accuracy', 'an accuser counts twice');
  }
}

/** The round holds the live, each once: who is not in it is never probed. */
function checkRound(state: SwimState): void {
  let liveMembers = 0;
  for (const member of state.members.values()) if (isLive(member.state)) liveMembers++;
  const distinct = new Set(state.round);
  assert(distinct.size === state.round.length, 'swim-bounds', 'twice in one round');
  assert(distinct.size === liveMembers, 'swim-completeness', 'the round is not the live members');
  assert(state.cursor <= state.round.length, 'swim-completeness', 'the cursor left the round');
  for (const id of distinct) {
    const member = state.members.get(id);
    assert(member !== undefined, 'swim-completeness', 'a stranger in the round');
    assert(isLive(member.state), 'swim-accuracy', 'the dead are probed');
  }
}

function checkMember(state: SwimState, member: Member): void {
  const { incarnation } = member;
  assert(Number.isSafeInteger(incarnation), 'swim-incarnation', 'an incarnation is no integer');
  assert(incarnation >= 0, 'swim-incarnation', 'a negative incarnation');
  assert(incarnation <= INCARNATION_MAX, 'swim-incarnation', 'an incarnation out of range');
  if (isLive(member.state)) {
    const isDue = state.period <= member.probeByPeriod;
    assert(isDue, 'swim-completeness', 'a member was not probed within two rounds');
  } else {
    const agedMs = (state.tickedAtMs ?? 0) - member.sinceMs;
    assert(agedMs < state.config.forgetAfterMs, 'swim-bounds', 'a tombstone outlived its time');
  }
  if (member.state === 'suspect') {
    const suspicion = state.suspicions.get(member.id);
    assert(suspicion !== undefined, 'swim-completeness', 'a suspect without a timer');
    const isOurs = suspicion.incarnation === incarnation;
    assert(isOurs, 'swim-completeness', 'a suspect with a timer of another accusation');
  }
}
