/**
 * For tests: one machine among members that the test plays itself.
 */
import { assert } from '../../base/assert.ts';
import { type ClusterId, millis, NOBODY, type NodeId, nodeId } from '../../base/units.ts';
import { decodeMessage, encodeMessage, type Message } from './message.ts';
import {
  type Change,
  changeOf,
  type MemberState,
  newSwimOut,
  ownRecord,
  SWIM_DEFAULTS,
  type SwimConfig,
  type SwimEvent,
  type SwimState,
  type Update,
} from './state.ts';
import { swim } from './step.ts';

export const CLUSTER = '00112233445566778899aabbccddeeff' as ClusterId;
export const OTHER_CLUSTER = 'ffeeddccbbaa99887766554433221100' as ClusterId;

export const addressOf = (id: number): string => `10.0.0.${id}:7946`;

/** Member `id` of a cluster of 1…`size`, each of which knows all. */
export function configOf(id: number, size: number, over: Partial<SwimConfig> = {}): SwimConfig {
  const ids = Array.from({ length: size }, (_, at) => at + 1);
  return {
    ...SWIM_DEFAULTS,
    id: nodeId(id),
    address: addressOf(id),
    clusterId: CLUSTER,
    peers: ids.map((peer) => ({ id: nodeId(peer), address: addressOf(peer) })),
    seed: [id, size],
    ...over,
  };
}

/** Shorthand for a claim: `claim(2, 'suspect', 3)`. A suspect is accused by member 9. */
export const claim = (
  id: number,
  state: MemberState,
  incarnation: number,
  address: string = addressOf(id),
): Update => ({
  id: nodeId(id),
  state,
  incarnation,
  address,
  accuser: state === 'suspect' ? nodeId(9) : NOBODY,
});

/** `accused(2, 1, 4)`: 4 accuses member 2 at incarnation 1. */
export const accused = (id: number, incarnation: number, accuser: number): Update => ({
  ...claim(id, 'suspect', incarnation),
  accuser: nodeId(accuser),
});

/** Shorthand for what is told of a record that changed. */
export const change = (id: number, state: MemberState, incarnation: number): Change =>
  changeOf(claim(id, state, incarnation));

/** A machine and everything that it put out in its last event. */
export interface Lone {
  readonly state: SwimState;
  now: number;
  sent: Message[];
  changes: Change[];
  /** Where `sent` went. */
  addresses: string[];
}

export function newLone(config: SwimConfig): Lone {
  return { state: swim.init(config), now: 0, sent: [], changes: [], addresses: [] };
}

export function feed(lone: Lone, event: SwimEvent): void {
  const out = newSwimOut();
  swim.step(lone.state, event, millis(lone.now), out);
  swim.check(lone.state);
  lone.changes = out.changes;
  lone.addresses = out.datagrams.map((datagram) => datagram.address);
  lone.sent = out.datagrams.map((datagram) => {
    const message = decodeMessage(datagram.bytes);
    assert(message !== null, 'internal', 'sent nonsense');
    return message;
  });
}

export interface Words {
  readonly from: number;
  readonly kind?: Message['kind'];
  readonly sequence?: number;
  readonly subject?: number;
  readonly sender?: Update;
  readonly updates?: readonly Update[];
}

/** Member `words.from` speaks to the machine; alive at incarnation 1 unless it says otherwise. */
export function say(lone: Lone, words: Words): void {
  const message: Message = {
    kind: words.kind ?? 'gossip',
    target: lone.state.config.id,
    sequence: words.sequence ?? 0,
    clusterId: CLUSTER,
    subject: words.subject === undefined ? NOBODY : nodeId(words.subject),
    sender: words.sender ?? claim(words.from, 'alive', 1),
    updates: words.updates ?? [],
  };
  feed(lone, { kind: 'datagram', bytes: encodeMessage(message) });
}

/** Lets the machine tick at its own deadlines until `until`; returns all that it sent. */
export function runAlone(lone: Lone, until: number): Message[] {
  const sent: Message[] = [];
  for (let due = swim.deadline(lone.state); due <= until; due = swim.deadline(lone.state)) {
    lone.now = Math.max(lone.now, due);
    feed(lone, { kind: 'tick' });
    sent.push(...lone.sent);
  }
  lone.now = until;
  return sent;
}

/** Ticks up to the start of a probe of `id` and returns its ping. Nobody answers earlier pings. */
export function untilPing(lone: Lone, id: number): Message {
  for (let ticks = 0; ticks < 1000; ticks++) {
    lone.now = Math.max(lone.now, swim.deadline(lone.state));
    feed(lone, { kind: 'tick' });
    const ping = lone.sent.find((message) => message.kind === 'ping');
    if (ping?.target === id) return ping;
    if (ping !== undefined) answer(lone, ping);
  }
  throw new Error(`member ${id} is never probed`);
}

/** The probed member answers. */
export function answer(lone: Lone, ping: Message): void {
  const { target, sequence } = ping;
  const held = lone.state.members.get(target);
  const sender = claim(target, 'alive', held?.incarnation ?? 1, held?.address);
  say(lone, { from: target, kind: 'ack', sequence, subject: target, sender });
}

export const stateOf = (lone: Lone, id: number): string => {
  const held = lone.state.members.get(nodeId(id));
  return held === undefined ? 'unknown' : `${held.state}@${held.incarnation}`;
};

export const idsSent = (lone: Lone, kind: Message['kind']): NodeId[] =>
  lone.sent.filter((message) => message.kind === kind).map((message) => message.target);

export const own = (lone: Lone): Update => ownRecord(lone.state);
