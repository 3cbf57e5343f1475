/**
 * Failure detection (the paper's sections 3.1 and 4.3).
 *
 *   period starts            + probe timeout                       period ends
 *   |-- ping target ---------|-- ping-request to k helpers --------|-- no ack: accuse
 *                                helper pings target, relays ack,
 *                                or after its own timeout a nack
 *
 * 1. One probe a period. The round names every live member once; then it is shuffled again. So a
 *    member is probed within 2n - 1 periods, and its turn cannot be foretold.
 * 2. Only an ack with the running probe's sequence, about its target, answers it. A late one, of
 *    an earlier period, says nothing about this one.
 * 3. Nobody is accused before the helpers have had two timeouts, however late they were asked. Both
 *    times grow with the score of our own health (health.ts).
 * 4. An accusation names the incarnation held when the ping left: what the member said since then
 *    is not contradicted by a silence before it.
 * 5. A suspect is probed like anybody else, but only its own word clears it (rumour.ts).
 * 6. A helper that has no answer after its own timeout says so: that it heard us at all tells us
 *    whose silence it is. An answer that comes later is still passed on.
 */
import { assert } from '../../base/assert.ts';
import { nextBelow, shuffle } from '../../base/prng.ts';
import { NOBODY, type NodeId } from '../../base/units.ts';
import { send } from './gossip.ts';
import { improveHealth, patient, worsenHealth } from './health.ts';
import { learn } from './members.ts';
import type { Message } from './message.ts';
import {
  liveCount,
  type Peer,
  type Probe,
  RELAYS_MAX,
  type Relay,
  type SwimOut,
  type SwimState,
} from './state.ts';

export function startProbe(state: SwimState, now: number, out: SwimOut): void {
  assert(state.probe === null, 'swim-completeness', 'the last probe was not judged');
  const id = nextInRound(state);
  if (id === null) return;
  const member = state.members.get(id)!;
  member.probeByPeriod = state.period + 2 * liveCount(state);
  const sequence = nextSequence(state);
  state.probe = {
    target: id,
    sequence,
    incarnation: member.incarnation,
    startedAtMs: now,
    helpersAtMs: now + patient(state, state.config.probeTimeoutMs),
    helpersAsked: 0,
    silentHelpers: [],
  };
  state.periodEndsAtMs = now + patient(state, state.config.probePeriodMs);
  send(state, member, { kind: 'ping', sequence, subject: NOBODY }, out);
}

function nextInRound(state: SwimState): NodeId | null {
  if (state.round.length === 0) return null;
  if (state.cursor >= state.round.length) {
    shuffle(state.prng, state.round);
    state.cursor = 0;
  }
  const id = state.round[state.cursor]!;
  state.cursor++;
  return id;
}

/** The direct ping was in vain, or could not even be sent: others try. */
export function askHelpers(state: SwimState, now: number, out: SwimOut): void {
  const { probe } = state;
  assert(probe !== null && probe.helpersAtMs !== null, 'internal', 'helpers asked twice');
  probe.helpersAtMs = null;
  const { sequence, target } = probe;
  // It may have been forgotten meanwhile; then there is nothing to ask for.
  if (!state.members.has(target)) return;
  const enoughMs = now + patient(state, 2 * state.config.probeTimeoutMs);
  state.periodEndsAtMs = Math.max(state.periodEndsAtMs, enoughMs);
  for (const helper of chooseAlive(state, state.config.helpersMax, target)) {
    probe.helpersAsked++;
    probe.silentHelpers.push(helper.id);
    send(state, helper, { kind: 'ping-request', sequence, subject: target }, out);
  }
}

/** Up to `count` members held alive, other than `except`, each set equally likely. */
export function chooseAlive(state: SwimState, count: number, except: NodeId): Peer[] {
  const candidates: Peer[] = [];
  for (const id of state.round) {
    const member = state.members.get(id)!;
    if (id !== except && member.state === 'alive') candidates.push(member);
  }
  const chosen: Peer[] = [];
  while (chosen.length < count && candidates.length > 0) {
    const place = nextBelow(state.prng, candidates.length);
    chosen.push(candidates[place]!);
    candidates.splice(place, 1);
  }
  return chosen;
}

/** At the end of the period: a probe that nobody answered becomes an accusation. */
export function judgeProbe(state: SwimState, now: number, out: SwimOut): void {
  const { probe } = state;
  if (probe === null) return;
  state.probe = null;
  state.counters.failedProbes++;
  worsenHealth(state, probe.helpersAsked === 0 ? 1 : probe.silentHelpers.length);
  const target = state.members.get(probe.target);
  if (target === undefined) return;
  const { id, address } = target;
  const { incarnation } = probe;
  const accuser = state.config.id;
  learn(state, { id, state: 'suspect', incarnation, address, accuser }, now, out);
}

/** The network refused to carry something to `peer`: a direct ping to it need not be waited for. */
export function sendFailed(state: SwimState, peer: NodeId, now: number, out: SwimOut): void {
  state.counters.sendFailures++;
  const { probe } = state;
  if (probe === null || probe.target !== peer || probe.helpersAtMs === null) return;
  askHelpers(state, now, out);
}

export function answerPing(state: SwimState, ping: Message, out: SwimOut): void {
  const { sequence } = ping;
  send(state, ping.sender, { kind: 'ack', sequence, subject: state.config.id }, out);
}

/** As a helper: ping the subject where the requester holds it, and remember for whom. */
export function relayPing(state: SwimState, request: Message, now: number, out: SwimOut): void {
  const subject = request.updates.find((update) => update.id === request.subject);
  if (state.left || subject === undefined || subject.id === state.config.id) return;
  const relay: Relay = {
    subject: subject.id,
    requester: request.sender.id,
    requesterAddress: request.sender.address,
    requesterSequence: request.sequence,
    bornPeriod: state.period,
    nackAtMs: now + state.config.probeTimeoutMs,
  };
  if (state.relays.size >= RELAYS_MAX) {
    state.counters.relaysFull++;
    answerRequest(state, 'nack', relay, out);
    return;
  }
  const sequence = nextSequence(state);
  state.relays.set(sequence, relay);
  send(state, subject, { kind: 'ping', sequence, subject: NOBODY }, out);
}

/** An ack ends our own probe, or goes on to the one for whom we asked. */
export function takeAck(state: SwimState, ack: Message, now: number, out: SwimOut): void {
  const { probe } = state;
  if (probe !== null && answers(ack, probe)) {
    const usualEndMs = probe.startedAtMs + state.config.probePeriodMs;
    state.periodEndsAtMs = Math.min(state.periodEndsAtMs, Math.max(now, usualEndMs));
    state.probe = null;
    improveHealth(state);
    return;
  }
  const relay = state.relays.get(ack.sequence);
  if (relay === undefined || ack.sender.id !== relay.subject) return;
  state.relays.delete(ack.sequence);
  answerRequest(state, 'ack', relay, out);
}

const answers = ({ sequence, subject }: Message, probe: Probe): boolean =>
  sequence === probe.sequence && subject === probe.target;

/** Tells the requester what came of its ping-request. */
function answerRequest(state: SwimState, kind: 'ack' | 'nack', relay: Relay, out: SwimOut): void {
  const requester = { id: relay.requester, address: relay.requesterAddress };
  const sequence = relay.requesterSequence;
  send(state, requester, { kind, sequence, subject: relay.subject }, out);
}

/** A helper heard us, and the target is silent to it as well. */
export function takeNack(state: SwimState, nack: Message): void {
  const { probe } = state;
  if (probe === null || !answers(nack, probe)) return;
  const place = probe.silentHelpers.indexOf(nack.sender.id);
  if (place < 0) return;
  probe.silentHelpers.splice(place, 1);
  state.counters.nacks++;
}

/** Rule 6: the requests that have waited for our own timeout. */
export function sendNacks(state: SwimState, now: number, out: SwimOut): void {
  for (const relay of state.relays.values()) {
    if (relay.nackAtMs === null || relay.nackAtMs > now) continue;
    relay.nackAtMs = null;
    answerRequest(state, 'nack', relay, out);
  }
}

export function earliestNackMs(state: SwimState): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { nackAtMs } of state.relays.values()) {
    if (nackAtMs !== null && nackAtMs < earliest) earliest = nackAtMs;
  }
  return earliest;
}

/** A relayed answer is of no use once the requester's period is over. */
export function forgetRelays(state: SwimState): void {
  for (const [sequence, relay] of state.relays) {
    if (relay.bornPeriod + 1 < state.period) state.relays.delete(sequence);
  }
}

function nextSequence(state: SwimState): number {
  state.sequence = (state.sequence + 1) >>> 0;
  return state.sequence;
}
