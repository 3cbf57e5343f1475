/**
 * What leaves a member of a SWIM-only world, against what may.
 *
 * swim-bounds
 *   1. No datagram is above its size, and every one can be read.
 *   2. News is sent a stated number of times: multiplier × digits of the cluster's size, again for
 *      each confirmation of a suspicion. What must be said whatever else is does not count: what is
 *      held of the addressee when it is not alive, and of the subject of a ping-request.
 *   3. A member that somebody holds live is pinged by it within 2n of its periods; a newcomer may
 *      go before one that waits, twice.
 * swim-accuracy
 *   4. One that left calls itself so, and nobody else does.
 *   5. Whoever is pinged or answered and is not held alive is told so: a suspect refutes in the ack
 *      (the buddy system), and one that came back learns what to top.
 * swim-incarnation
 *   6. Every datagram names the sender's present incarnation.
 */
import { assert } from '../../src/base/assert.ts';
import type { NodeId } from '../../src/base/units.ts';
import { decimalDigits } from '../../src/core/swim/gossip.ts';
import type { Message } from '../../src/core/swim/message.ts';
import { decodeMessage } from '../../src/core/swim/message.ts';
import { type Change, isLive, liveCount, type Update } from '../../src/core/swim/state.ts';
import type { SwimMember } from './member.ts';
import type { SwimKnobs } from './plan.ts';

/** What leaves when all that the step changes is changed. */
const TELLING: ReadonlySet<Message['kind']> = new Set(['ping', 'ack', 'gossip']);

interface Told {
  readonly record: string;
  times: number;
}

/** One process's sendings. */
interface Sender {
  readonly epoch: number;
  /** How often the present record of each member was sent as news. */
  readonly news: Map<NodeId, Told>;
  /** Periods, as its own pings count them. */
  periods: number;
  /** By when each live member must have been pinged. */
  readonly dueBy: Map<NodeId, number>;
}

export class Traffic {
  private readonly knobs: SwimKnobs;
  private readonly newsMax: number;
  private readonly readings = new WeakMap<Uint8Array, Message | null>();
  private readonly senders = new Map<NodeId, Sender>();

  constructor(knobs: SwimKnobs, members: number) {
    this.knobs = knobs;
    this.newsMax = knobs.gossipMultiplier * decimalDigits(members);
  }

  /** One that came to live is due for a ping. What is forgotten may be news again. */
  noteChange(member: SwimMember, change: Change): void {
    const sender = this.senderOf(member);
    if (change.state === 'forgotten') sender.news.delete(change.id);
    if (change.state === 'forgotten' || !isLive(change.state)) sender.dueBy.delete(change.id);
    else if (!sender.dueBy.has(change.id)) this.enter(member, sender, change.id);
  }

  /** What a datagram says; null: nothing. Bytes that were seen before are not read again. */
  read(bytes: Uint8Array): Message | null {
    const known = this.readings.get(bytes);
    if (known !== undefined) return known;
    const message = decodeMessage(bytes);
    this.readings.set(bytes, message);
    return message;
  }

  /** The message that leaves. */
  judge(member: SwimMember, bytes: Uint8Array, isTick: boolean): Message {
    const fits = bytes.length <= this.knobs.datagramBytesMax;
    assert(fits, 'swim-bounds', `${member.id} sends ${bytes.length} bytes`);
    const message = this.read(bytes);
    assert(message !== null, 'swim-bounds', `${member.id} sends what nobody can read`);
    const { state, incarnation } = message.sender;
    const says = `${member.id} calls itself ${state}@${incarnation}`;
    assert((state === 'left') === member.hasLeft, 'swim-accuracy', says);
    assert(incarnation === member.state.incarnation, 'swim-incarnation', says);
    if (message.kind !== 'sync' && message.kind !== 'table') this.countNews(member, message);
    if (TELLING.has(message.kind)) this.checkTold(member, message);
    if (message.kind === 'ping' && isTick) this.notePing(member, message.target);
    return message;
  }

  private countNews(member: SwimMember, message: Message): void {
    const { news } = this.senderOf(member);
    for (const { id, state, incarnation } of message.updates) {
      if (id === message.target && state !== 'alive') continue;
      if (id === message.subject && message.kind === 'ping-request') continue;
      const record = `${state}@${incarnation}`;
      const known = news.get(id);
      const told = known?.record === record ? known : { record, times: 0 };
      told.times++;
      news.set(id, told);
      const spreads = state === 'suspect' ? 1 + this.knobs.confirmationsMax : 1;
      const isFew = told.times <= this.newsMax * spreads;
      const said = `${member.id} tells ${told.times} times that ${id} is ${record}`;
      assert(isFew, 'swim-bounds', said);
    }
  }

  private checkTold(member: SwimMember, { target, updates }: Message): void {
    const held = member.state.members.get(target);
    if (held === undefined || held.state === 'alive') return;
    const tells = ({ id, state, incarnation }: Update): boolean =>
      id === target && state === held.state && incarnation === held.incarnation;
    const said = `${member.id} speaks to ${target} and does not tell it that it is ${held.state}`;
    assert(updates.some(tells), 'swim-accuracy', said);
  }

  private notePing(member: SwimMember, target: NodeId): void {
    const sender = this.senderOf(member);
    sender.periods++;
    sender.dueBy.set(target, sender.periods + 2 * liveCount(member.state));
    for (const [id, dueBy] of sender.dueBy) {
      const isDue = sender.periods <= dueBy;
      assert(isDue, 'swim-bounds', `${member.id} did not ping ${id} within two rounds`);
    }
  }

  private enter(member: SwimMember, sender: Sender, id: NodeId): void {
    for (const [waiting, dueBy] of sender.dueBy) sender.dueBy.set(waiting, dueBy + 2);
    sender.dueBy.set(id, sender.periods + 2 * liveCount(member.state));
  }

  private senderOf(member: SwimMember): Sender {
    const known = this.senders.get(member.id);
    if (known !== undefined && known.epoch === member.epoch) return known;
    const { epoch } = member;
    const sender: Sender = { epoch, news: new Map(), periods: 0, dueBy: new Map() };
    this.senders.set(member.id, sender);
    // What the process began with.
    const { members } = member.state;
    for (const { id, state } of members.values()) if (isLive(state)) this.enter(member, sender, id);
    return sender;
  }
}
