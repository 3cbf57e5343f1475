/**
 * SWIM as a machine: the only door. It dispatches; the work lives in the topic files.
 *
 *   message.ts    bytes ⇄ messages            rumour.ts     what is heard, and refutation
 *   members.ts    the table and its merge     suspicion.ts  timers between suspect and dead
 *   gossip.ts     news on every datagram      probe.ts      ping, ping-request, ack, nack
 *   exchange.ts   whole tables, join, leave   health.ts     how far we trust our own ears
 *   check.ts      invariants
 */
import { unreachable } from '../../base/assert.ts';
import { nextBelow } from '../../base/prng.ts';
import { type Millis, millis, NEVER } from '../../base/units.ts';
import type { Core } from '../core.ts';
import { checkSwim } from './check.ts';
import { answerSync, exchangeTables, join, leave, sayFarewell, tellSender } from './exchange.ts';
import { forgetExpired, learn, mayHoldAddress } from './members.ts';
import { decodeMessage, type Message } from './message.ts';
import {
  answerPing,
  askHelpers,
  earliestNackMs,
  forgetRelays,
  judgeProbe,
  relayPing,
  sendFailed,
  sendNacks,
  startProbe,
  takeAck,
  takeNack,
} from './probe.ts';
import { hear } from './rumour.ts';
import {
  initSwim,
  type SwimConfig,
  type SwimEvent,
  type SwimOut,
  type SwimState,
} from './state.ts';
import { earliestSuspicionMs, postponeSuspicions, takeVerdicts } from './suspicion.ts';

export const swim: Core<SwimConfig, SwimState, SwimEvent, SwimOut> = {
  init: initSwim,
  step,
  deadline,
  check: checkSwim,
};

function step(state: SwimState, event: SwimEvent, now: Millis, out: SwimOut): void {
  switch (event.kind) {
    case 'tick':
      tick(state, now, out);
      break;
    case 'datagram':
      receive(state, event.bytes, now, out);
      break;
    case 'send-failed':
      sendFailed(state, event.peer, now, out);
      break;
    case 'leave':
      leave(state, out);
      break;
    case 'join':
      join(state, event.peers, out);
      break;
    default:
      unreachable(event);
  }
}

function deadline(state: SwimState): Millis {
  if (state.tickedAtMs === null) return millis(0);
  if (state.left) return state.farewellsLeft > 0 ? millis(state.periodEndsAtMs) : NEVER;
  const helpersAtMs = state.probe?.helpersAtMs ?? NEVER;
  const othersAtMs = Math.min(earliestSuspicionMs(state), earliestNackMs(state));
  return millis(Math.min(state.periodEndsAtMs, helpersAtMs, othersAtMs));
}

function tick(state: SwimState, now: Millis, out: SwimOut): void {
  if (state.tickedAtMs === null) {
    // Members that start together must not probe in step for ever.
    state.periodEndsAtMs = now + nextBelow(state.prng, state.config.probePeriodMs);
    if (!state.left) exchangeTables(state, out);
  } else {
    forgiveStall(state, now);
  }
  forgetExpired(state, now, out);
  if (state.left) farewellTick(state, now, out);
  else detectionTick(state, now, out);
  state.tickedAtMs = now;
}

/**
 * When we ourselves stood still, nobody's silence meanwhile counts against them: the answers may
 * lie unread in our own queue. All timers move, and leave the time of one answer.
 */
function forgiveStall(state: SwimState, now: Millis): void {
  const lateMs = now - deadline(state);
  const { probePeriodMs, probeTimeoutMs } = state.config;
  if (lateMs <= probePeriodMs) return;
  const stallMs = lateMs + probeTimeoutMs;
  postponeSuspicions(state, stallMs);
  state.periodEndsAtMs += stallMs;
  if (state.probe !== null && state.probe.helpersAtMs !== null) state.probe.helpersAtMs += stallMs;
}

function detectionTick(state: SwimState, now: Millis, out: SwimOut): void {
  const helpersAtMs = state.probe?.helpersAtMs ?? NEVER;
  if (helpersAtMs <= now) askHelpers(state, now, out);
  sendNacks(state, now, out);
  for (const verdict of takeVerdicts(state, now)) learn(state, verdict, now, out);
  if (state.periodEndsAtMs > now) return;
  judgeProbe(state, now, out);
  state.period++;
  state.periodEndsAtMs = now + state.config.probePeriodMs;
  forgetRelays(state);
  startProbe(state, now, out);
  exchangeTables(state, out);
}

function farewellTick(state: SwimState, now: Millis, out: SwimOut): void {
  if (state.periodEndsAtMs > now || state.farewellsLeft === 0) return;
  state.periodEndsAtMs = now + state.config.probePeriodMs;
  sayFarewell(state, out);
}

function receive(state: SwimState, bytes: Uint8Array, now: Millis, out: SwimOut): void {
  const message = decodeMessage(bytes);
  if (message === null) state.counters.malformed++;
  else if (isForUs(state, message, now)) handle(state, message, now, out);
}

/** Whether the datagram is of this cluster, for us, and from who may speak under its id. */
function isForUs(state: SwimState, message: Message, now: Millis): boolean {
  const { config, counters } = state;
  if (message.clusterId !== config.clusterId) {
    counters.foreignCluster++;
    return false;
  }
  if (message.target !== config.id || message.sender.id === config.id) {
    counters.misaddressed++;
    return false;
  }
  const held = state.members.get(message.sender.id);
  if (held === undefined || mayHoldAddress(state, message.sender, held, now)) return true;
  counters.addressConflicts++;
  return false;
}

function handle(state: SwimState, message: Message, now: Millis, out: SwimOut): void {
  hear(state, message, now, out);
  switch (message.kind) {
    case 'ping':
      answerPing(state, message, out);
      break;
    case 'sync':
      answerSync(state, message, out);
      break;
    case 'ack':
      takeAck(state, message, now, out);
      break;
    case 'ping-request':
      relayPing(state, message, now, out);
      break;
    case 'nack':
      takeNack(state, message);
      break;
    case 'table':
      state.joined = true;
      break;
    case 'gossip':
      break;
    default:
      unreachable(message.kind);
  }
  tellSender(state, message, out);
}
