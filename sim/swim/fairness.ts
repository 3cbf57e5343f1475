/**
 * News in a SWIM-only world gets its turn and its number of tellings.
 *
 * swim-bounds
 *   1. No news waits while other news that was told more often goes in its place.
 *   2. News leaves the queue when it was told often enough, or is overtaken or forgotten, not before.
 *   3. One that left stays until its word had time to spread.
 *   4. What has changed is news from the beginning, however often the old was told.
 */
import { assert } from '../../src/base/assert.ts';
import { NEVER, type NodeId } from '../../src/base/units.ts';
import { decimalDigits } from '../../src/core/swim/gossip.ts';
import { type Message, recordBytes } from '../../src/core/swim/message.ts';
import { liveCount, type SwimEvent, type SwimOut, type Update } from '../../src/core/swim/state.ts';
import { swim } from '../../src/core/swim/step.ts';
import type { SwimMember } from './member.ts';

/** One process, as it stood after its last step. */
interface Queue {
  readonly epoch: number;
  /** How often each piece of news had been told. */
  readonly waiting: Map<NodeId, number>;
  farewells: number;
  farewellsDue: number;
}

export class Fairness {
  private readonly gossipMultiplier: number;
  private readonly queues = new Map<NodeId, Queue>();

  constructor(gossipMultiplier: number) {
    this.gossipMultiplier = gossipMultiplier;
  }

  judge(member: SwimMember, event: SwimEvent, out: SwimOut, sent: readonly Message[]): void {
    const queue = this.queueOf(member);
    this.checkTurns(member, sent);
    this.checkEnough(member, queue, out, sent);
    this.checkFarewell(member, queue, event);
    checkNew(member, out, sent);
    queue.waiting.clear();
    for (const { id, transmissions } of member.state.news.values()) {
      queue.waiting.set(id, transmissions);
    }
  }

  /** Rule 1. What the queue shows is after the step, so no news had been told more often. */
  private checkTurns(member: SwimMember, sent: readonly Message[]): void {
    const { news } = member.state;
    const ofNews = sent.filter(({ kind }) => kind !== 'sync' && kind !== 'table');
    const said = new Map<NodeId, Update>();
    const times = new Map<NodeId, number>();
    for (const update of ofNews.flatMap(({ updates }) => updates)) {
      said.set(update.id, update);
      times.set(update.id, (times.get(update.id) ?? 0) + 1);
    }
    if (said.size === 0) return;
    for (const waiting of news.values()) {
      if (said.has(waiting.id)) continue;
      const size = recordSize(member, waiting.id);
      for (const [id, update] of said) {
        const toldBefore = (news.get(id)?.transmissions ?? 0) - times.get(id)!;
        const isUnfair = toldBefore > waiting.transmissions && recordBytes(update) >= size;
        const text = `${member.id} tells of ${id} for the ${toldBefore + 1}th time, not of ${waiting.id}`;
        assert(!isUnfair, 'swim-bounds', text);
      }
    }
  }

  /** Rule 2. */
  private checkEnough(
    member: SwimMember,
    { waiting }: Queue,
    out: SwimOut,
    sent: readonly Message[],
  ): void {
    const { news } = member.state;
    const least = Math.max(1, liveCount(member.state) - out.changes.length);
    const wanted = this.gossipMultiplier * decimalDigits(least);
    const changed = new Set(out.changes.map(({ id }) => id));
    for (const [id, transmissions] of waiting) {
      if (news.has(id) || changed.has(id)) continue;
      const now = sent.filter(({ updates }) => updates.some((update) => update.id === id)).length;
      const text = `${member.id} stops telling of ${id} after ${transmissions + now} times`;
      assert(transmissions + now >= wanted, 'swim-bounds', text);
    }
  }

  /** Rule 3. */
  private checkFarewell(member: SwimMember, queue: Queue, event: SwimEvent): void {
    if (!member.hasLeft) {
      queue.farewells = 0;
      return;
    }
    if (event.kind === 'leave' && queue.farewells === 0) {
      queue.farewellsDue = this.gossipMultiplier * decimalDigits(liveCount(member.state));
    }
    if (event.kind === 'leave' || event.kind === 'tick') queue.farewells++;
    const isSilent = swim.deadline(member.state) === NEVER;
    const text = `${member.id} has left after saying so ${queue.farewells} times`;
    assert(!isSilent || queue.farewells >= queue.farewellsDue, 'swim-bounds', text);
  }

  private queueOf(member: SwimMember): Queue {
    const known = this.queues.get(member.id);
    if (known !== undefined && known.epoch === member.epoch) return known;
    const { epoch } = member;
    const queue: Queue = { epoch, waiting: new Map(), farewells: 0, farewellsDue: 0 };
    this.queues.set(member.id, queue);
    return queue;
  }
}

/** Rule 4. */
function checkNew({ id: self, state }: SwimMember, out: SwimOut, sent: readonly Message[]): void {
  for (const { id } of out.changes) {
    const told = state.news.get(id)?.transmissions ?? 0;
    const now = sent.filter(({ updates }) => updates.some((update) => update.id === id)).length;
    const text = `${self} counts ${told} tellings of news about ${id}, and told it ${now} times`;
    assert(told <= now, 'swim-bounds', text);
  }
}

/** An upper bound: the record may have come to be an accusation, whose size is the same. */
function recordSize(member: SwimMember, id: NodeId): number {
  const { state, incarnation, address } = member.state.members.get(id)!;
  return recordBytes({ id, state, incarnation, address, accuser: id });
}
