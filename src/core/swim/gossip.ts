/**
 * Dissemination (the paper's section 4.1): news rides on the datagrams that go out anyway.
 *
 * 1. A record that changed, or was confirmed, is news. It is sent at most multiplier × ceil(log10(n + 1)) times by
 *    each member that learned it, those sent least first, the fresher first among equals.
 * 2. No datagram exceeds the configured size: what does not fit waits for the next.
 * 3. Every datagram leads with the sender's own record; a refutation needs no place in the queue.
 * 4. Whoever is not held alive is told so, in every datagram that goes to it and beside the count:
 *    a suspect refutes in the very ack to a ping (Lifeguard's buddy system), and one that came back
 *    from the dead learns which incarnation to top.
 * 5. A ping-request carries our record of its subject: the helper probes the address that we hold.
 *    Had it probed the one that it holds, and the subject had moved, then our record of the old
 *    address would never be found dead, and would keep the id from its new address for ever.
 */
import { assert } from '../../base/assert.ts';
import type { NodeId } from '../../base/units.ts';
import {
  encodeMessage,
  HEADER_BYTES,
  type MessageKind,
  recordBytes,
  TRAILER_BYTES,
} from './message.ts';
import type { SwimOut, SwimState, Update } from './state.ts';
import { liveCount, type News, ownRecord, type Peer, recordOf } from './state.ts';

/** ceil(log10(count + 1)), at least 1, from a table: engines may differ in a logarithm's last bit. */
export function decimalDigits(count: number): number {
  const powers = [10, 100, 1000, 10_000];
  let digits = 1;
  for (const power of powers) if (count + 1 > power) digits++;
  return digits;
}

/** How often one member sends one piece of news. */
export const transmissionsMax = (state: SwimState): number =>
  state.config.gossipMultiplier * decimalDigits(liveCount(state));

/** Marks the record of `id` as news, in place of older news about it. */
export function spread(state: SwimState, id: NodeId): void {
  state.newsOrder++;
  state.news.set(id, { id, order: state.newsOrder, transmissions: 0 });
}

/** What a datagram is about, apart from the news it carries. */
export interface Purpose {
  readonly kind: MessageKind;
  readonly sequence: number;
  /** 0 (NOBODY) when the kind has no subject. */
  readonly subject: NodeId;
}

/** Sends one datagram with as much news as fits. */
export function send(state: SwimState, target: Peer, purpose: Purpose, out: SwimOut): void {
  const told = mustSay(state, target, purpose);
  sendRecords(state, target, { ...purpose, updates: [...told, ...takeNews(state, told)] }, out);
}

/** Sends one datagram with exactly these records. */
export function sendRecords(
  state: SwimState,
  target: Peer,
  content: Purpose & { readonly updates: readonly Update[] },
  out: SwimOut,
): void {
  assert(target.id !== state.config.id, 'internal', 'a datagram to ourselves');
  const { clusterId, datagramBytesMax } = state.config;
  const { kind, sequence, subject, updates } = content;
  const sender = ownRecord(state);
  const message = { kind, target: target.id, sequence, clusterId, subject, sender, updates };
  const bytes = encodeMessage(message);
  assert(bytes.length <= datagramBytesMax, 'swim-bounds', 'datagram above its bound');
  out.datagrams.push({ target: target.id, address: target.address, bytes });
}

/** Bytes that a datagram of ours has for records other than our own. */
export function roomBytes(state: SwimState): number {
  const { datagramBytesMax } = state.config;
  return datagramBytesMax - HEADER_BYTES - TRAILER_BYTES - recordBytes(ownRecord(state));
}

/** Records that a datagram carries whatever else it does (rules 4 and 5). */
function mustSay(state: SwimState, target: Peer, purpose: Purpose): Update[] {
  const told: Update[] = [];
  const held = state.members.get(target.id);
  if (held !== undefined && held.state !== 'alive') told.push(recordOf(state, held, 0));
  if (purpose.kind === 'ping-request') {
    const subject = state.members.get(purpose.subject);
    assert(subject !== undefined, 'internal', 'a ping-request about nobody');
    told.push(recordOf(state, subject, 0));
  }
  return told;
}

/** Chooses news for one datagram and counts it as sent; `told` is in that datagram already. */
function takeNews(state: SwimState, told: readonly Update[]): Update[] {
  const chosen: Update[] = [];
  if (state.news.size === 0) return chosen;
  let room = roomBytes(state);
  for (const update of told) room -= recordBytes(update);
  for (const news of [...state.news.values()].sort(leastSentThenFreshest)) {
    const member = state.members.get(news.id);
    assert(member !== undefined, 'swim-bounds', 'news about nobody');
    if (told.some((update) => update.id === news.id)) continue;
    const update = recordOf(state, member, news.transmissions);
    if (recordBytes(update) > room) continue;
    room -= recordBytes(update);
    chosen.push(update);
    countTransmission(state, news);
  }
  return chosen;
}

function countTransmission(state: SwimState, news: News): void {
  news.transmissions++;
  if (news.transmissions >= transmissionsMax(state)) state.news.delete(news.id);
}

const leastSentThenFreshest = (left: News, right: News): number =>
  left.transmissions - right.transmissions || right.order - left.order;
