/**
 * Failure detection (the paper's sections 3.1 and 4.3).
 *
 *   period starts            + probe timeout                       period ends
 *   |-- ping target ---------|-- ping-request to k helpers --------|-- no ack: accuse
 *                                helper pings target, relays ack
 *
 * 1. One probe a period. The round names every live member once; then it is shuffled again. So a
 *    member is probed within 2n - 1 periods, and its turn cannot be foretold.
 * 2. Only an ack with the running probe's sequence, about its target, answers it. A late one, of
 *    an earlier period, says nothing about this one.
 * 3. Nobody is accused before the helpers have had the rest of the period.
 * 4. An accusation names the incarnation held when the ping left: what the member said since then
 *    is not contradicted by a silence before it.
 * 5. A suspect is probed like anybody else, but only its own word clears it (rumour.ts).
 */
import { assert } from '../../base/assert.ts';
import { nextBelow, shuffle } from '../../base/prng.ts';
import { NOBODY, type NodeId } from '../../base/units.ts';
import { send } from './gossip.ts';
import { learn } from './members.ts';
import type { Message } from './message.ts';
import { liveCount, type Peer, RELAYS_MAX, type SwimOut, type SwimState } from './state.ts';

export function startProbe(state: SwimState, now: number, out: SwimOut): void {
  assert(state.probe === null, 'swim-completeness', 'the last probe was not judged');
  const id = nextInRound(state);
  if (id === null) return;
  const member = state.members.get(id)!;
  member.probeByPeriod = state.period + 2 * liveCount(state);
  const sequence = nextSequence(state);
  const helpersAtMs = now + state.config.probeTimeoutMs;
  state.probe = { target: id, sequence, incarnation: member.incarnation, helpersAtMs };
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
export function askHelpers(state: SwimState, out: SwimOut): void {
  const { probe } = state;
  assert(probe !== null && probe.helpersAtMs !== null, 'internal', 'helpers asked twice');
  probe.helpersAtMs = null;
  const { sequence, target } = probe;
  // It may have been forgotten meanwhile; then there is nothing to ask for.
  if (!state.members.has(target)) return;
  for (const helper of chooseAlive(state, state.config.helpersMax, target)) {
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
  const target = state.members.get(probe.target);
  if (target === undefined) return;
  const { id, address } = target;
  learn(state, { id, state: 'suspect', incarnation: probe.incarnation, address }, now, out);
}

/** The network refused to carry something to `peer`: a direct ping to it need not be waited for. */
export function sendFailed(state: SwimState, peer: NodeId, out: SwimOut): void {
  state.counters.sendFailures++;
  const { probe } = state;
  if (probe !== null && probe.target === peer && probe.helpersAtMs !== null) askHelpers(state, out);
}

export function answerPing(state: SwimState, ping: Message, out: SwimOut): void {
  const { sequence } = ping;
  send(state, ping.sender, { kind: 'ack', sequence, subject: state.config.id }, out);
}

/** As a helper: ping the subject where the requester holds it, and remember for whom. */
export function relayPing(state: SwimState, request: Message, out: SwimOut): void {
  const subject = request.updates.find((update) => update.id === request.subject);
  if (subject === undefined || subject.id === state.config.id) return;
  if (state.relays.size >= RELAYS_MAX) {
    state.counters.relaysFull++;
    return;
  }
  const sequence = nextSequence(state);
  state.relays.set(sequence, {
    subject: subject.id,
    requester: request.sender.id,
    requesterAddress: request.sender.address,
    requesterSequence: request.sequence,
    bornPeriod: state.period,
  });
  send(state, subject, { kind: 'ping', sequence, subject: NOBODY }, out);
}

/** An ack ends our own probe, or goes on to the one for whom we asked. */
export function takeAck(state: SwimState, ack: Message, out: SwimOut): void {
  const { probe } = state;
  if (probe !== null && ack.sequence === probe.sequence && ack.subject === probe.target) {
    state.probe = null;
    return;
  }
  const relay = state.relays.get(ack.sequence);
  if (relay === undefined || ack.sender.id !== relay.subject) return;
  state.relays.delete(ack.sequence);
  const requester = { id: relay.requester, address: relay.requesterAddress };
  const sequence = relay.requesterSequence;
  send(state, requester, { kind: 'ack', sequence, subject: relay.subject }, out);
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
